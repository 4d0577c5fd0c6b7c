"""`meshwright sandbox` as a user runs it, on a sandbox of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).parent / "meshwright"


class Shell:
    """Runs the command on a sandbox of its own."""

    def __init__(self, home: Path, tools: Path) -> None:
        self.home = home
        self.command = [str(COMMAND)]
        self.environment = os.environ | {
            "MESHWRIGHT_SANDBOX_HOME": str(home),
            "MESHWRIGHT_TOOLS": str(tools),
        }

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, "sandbox", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
            env=self.environment | more,
        )

    def move(self, home: Path) -> None:
        self.home = self.home.rename(home)
        self.environment["MESHWRIGHT_SANDBOX_HOME"] = str(home)

    def up(self, *arguments: str) -> dict[str, Any]:
        ended = self.run("up", "--json", "--clusters", "none", *arguments)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def status(self) -> dict[str, Any]:
        return json.loads(self.run("status", "--json").stdout)


def refused(ended: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a failed command ends with."""
    assert ended.returncode == 1, ended.stdout
    assert "Traceback" not in ended.stderr
    return " ".join(ended.stderr.split())
