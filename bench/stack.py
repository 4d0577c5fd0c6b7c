"""A stack of this project's program on a sandbox, for the measurements that need one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.measures import ROOT, run

_PROGRAM = ("Pulumi.yaml", "__main__.py", "stacks", "policies")


class Stack:
    """A copy of the program in a folder of its own, driven by the `pulumi` command.

    Args:
        work: the folder; it must exist.
        environment: what `meshwright sandbox env` prints, with the shell's own.
        name: the stack.
    """

    def __init__(self, work: Path, environment: dict[str, str], name: str) -> None:
        self.name = name
        self.program = work / "program"
        self.program.mkdir(parents=True)
        state = work / "state"
        state.mkdir()
        for part in _PROGRAM:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, self.program / part)
        own = {
            "PULUMI_HOME": str(work / "home"),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_DEBUG_COMMANDS": "true",  # without it there is no --event-log
        }
        self.environment = environment | own | {"PULUMI_CONFIG_PASSPHRASE": "meshwright-sandbox"}
        self.pulumi("stack", "init", name)

    def pulumi(self, *arguments: str) -> str:
        """Run a command in the program's folder and give what it printed."""
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        return run(command, self.environment, cwd=self.program)

    def up(self, *options: str) -> Path:
        """`pulumi up`; the path of its event log."""
        log = self.program.parent / "events.jsonl"
        watched = ["--stack", self.name, "--event-log", str(log)]
        self.pulumi("up", "--yes", "--skip-preview", *watched, *options)
        return log

    def deployment(self) -> dict[str, Any]:
        """The state, secrets laid open."""
        answer = self.pulumi("stack", "export", "--show-secrets", "--stack", self.name)
        return json.loads(answer)

    def measured(self, *arguments: str) -> tuple[str, float, float]:
        """What a command printed, its seconds, and the most memory a process of it had, in MB."""
        timed = [sys.executable, "-m", "bench.timed", "pulumi", *arguments]
        environment = self.environment | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*timed, "--non-interactive", "--color", "never", "--stack", self.name],
            cwd=self.program, env=os.environ | environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"pulumi {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        measured = json.loads(done.stderr.splitlines()[-1])
        return done.stdout, measured["seconds"], measured["peak_mb"]
