"""Runs the Pulumi CLI on the sandbox's state, and explains a state that is locked or half done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psutil

PROJECT = "meshwright"


@dataclass(frozen=True)
class Engine:
    """The Pulumi CLI for one stack: where it runs, with which environment, on whose state."""

    root: Path
    stack: str
    environment: Mapping[str, str]
    state: Path

    def select(self) -> None:
        """Select the stack, creating it on first use."""
        self._output("stack", "select", "--create", self.stack)

    def up(self, output: int | None) -> int:
        """Run `pulumi up` with the policy pack, showing its own progress; its exit code.

        `output` is the file descriptor for its text; None leaves it the terminal, if there is one.
        """
        command = [self._program, "up", "--yes", "--stack", self.stack, "--policy-pack", "policies"]
        with subprocess.Popen(
            command, cwd=self.root, env=dict(self.environment), stdout=output
        ) as process:
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:
                    # The engine got the same signal; it ends cleanly and releases its lock.
                    continue

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets masked."""
        return json.loads(self._output("stack", "output", "--json", "--stack", self.stack))

    def resources(self) -> Counter[str]:
        """How many resources of each type the stack holds."""
        deployment = json.loads(self._output("stack", "export", "--stack", self.stack))
        resources = deployment["deployment"].get("resources") or []
        return Counter(resource["type"] for resource in resources)

    def refuse_lock(self) -> None:
        """Raise a ClickException when another update holds the stack, saying how to go on."""
        # `.json.…tmp` is what a run that found the disk full could write of its lock.
        locks = self.state.glob(f".pulumi/locks/organization/{PROJECT}/{self.stack}/*.json*")
        for lock in sorted(lock for lock in locks if lock.suffix != ".attrs"):
            try:
                holder = json.loads(lock.read_text(encoding="utf-8"))
            except OSError:
                continue  # it was released meanwhile
            except ValueError:
                raise click.ClickException(_half_locked(self.stack)) from None
            raise click.ClickException(_locked(self.stack, holder))

    @property
    def _program(self) -> str:
        program = shutil.which("pulumi", path=self.environment["PATH"])
        if program is None:
            raise click.ClickException("there is no `pulumi` on the PATH; `make tools` brings it")
        return program

    def _output(self, *arguments: str) -> str:
        result = subprocess.run(
            [self._program, *arguments, "--non-interactive"],
            cwd=self.root,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            text = result.stderr.strip() or result.stdout.strip()
            raise click.ClickException(f"`pulumi {' '.join(arguments)}` failed: {text}")
        return result.stdout


def _half_locked(stack: str) -> str:
    return (
        f"stack {stack} has a lock that says nothing: an update takes it right now, or one found "
        "the disk full. If nothing runs, release it with\n"
        f'  eval "$(.venv/bin/meshwright sandbox env)" && pulumi cancel --yes --stack {stack}'
    )


def _locked(stack: str, holder: Mapping[str, Any]) -> str:
    pid, since = holder.get("pid"), str(holder.get("timestamp", ""))[:19].replace("T", " ")
    here = holder.get("hostname") == os.uname().nodename
    who = f"process {pid} of {holder.get('username')} on {holder.get('hostname')}, {since} UTC"
    if here and isinstance(pid, int) and not psutil.pid_exists(pid):
        return (
            f"stack {stack} is still locked by an update that was killed ({who}). Release it with\n"
            f'  eval "$(.venv/bin/meshwright sandbox env)" && pulumi cancel --yes --stack {stack}\n'
            "and start again. If the update then speaks of pending operations, run\n"
            "`pulumi refresh` first: it asks the cloud what became of them."
        )
    return (
        f"another update works on stack {stack} ({who}). Wait until it is done. "
        f"If you know that it is dead: pulumi cancel --yes --stack {stack}"
    )
