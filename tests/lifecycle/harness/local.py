"""The whole local cloud, real clusters included, and this project's own program on it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from tests.lifecycle.harness.preloaded import preloaded_python

ROOT = Path(__file__).parents[3]
MESHWRIGHT = Path(sys.executable).parent / "meshwright"
WITHOUT_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
PART_OF_THE_PROGRAM = ("Pulumi.yaml", "__main__.py", "stacks", "policies")


class LocalCloud:
    """The sandbox as `meshwright sandbox` runs it, in a home of its own."""

    def __init__(
        self,
        home: Path,
        project: str = "meshwright-dev",
        *,
        hastened: bool = True,
        powerless: bool = False,
    ) -> None:
        """What is not `hastened` is run by the installed command, as in a user's shell.

        A `powerless` one may do what the kernel grants everybody, even if root runs the tests.
        """
        self._project = project
        self._command = [preloaded_python(), str(MESHWRIGHT)] if hastened else [str(MESHWRIGHT)]
        if powerless:
            self._command = [*WITHOUT_CAPABILITIES, str(MESHWRIGHT)]
        self.own = os.environ | {"MESHWRIGHT_SANDBOX_HOME": str(home)}
        self.meshwright("up", "--scale", "0", "--project", project)
        self.environment: dict[str, str] = json.loads(self.meshwright("env", "--json"))
        self.url = self.environment["MESHWRIGHT_SANDBOX_URL"]

    def meshwright(self, *arguments: str) -> str:
        """Run `meshwright sandbox ...`."""
        done = subprocess.run(
            [*self._command, "sandbox", *arguments], env=self.own, cwd=ROOT, text=True,
            capture_output=True, check=False, timeout=400,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kubectl(self, cluster: str, *arguments: str, given: str | None = None) -> str:
        """Run the real kubectl against a cluster, called by `location_name`."""
        context = f"gke_{self._project}_{cluster}"
        done = subprocess.run(
            ["kubectl", "--context", context, *arguments], env=os.environ | self.environment,
            text=True, input=given, capture_output=True, check=False, timeout=180,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def asked(self, what: str) -> Any:
        """What the sandbox's own surface answers."""
        answer = requests.get(f"{self.url}/_sandbox/{what}", timeout=30)
        answer.raise_for_status()
        return answer.json()


def copy_of_the_program(folder: Path) -> Path:
    """The program of the stacks in a folder below, since tests edit its files."""
    program = folder / "copy"
    program.mkdir()
    for part in PART_OF_THE_PROGRAM:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, program / part)
    return program
