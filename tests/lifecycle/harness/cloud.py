"""The emulated control plane as a process that a test may start, ask, disturb and kill."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests

from meshwright_sandbox.daemon.environment import client_environment

PROJECT = "meshwright-dev"


class Cloud:
    """One emulator without clusters' processes; operations are done at their first poll."""

    def __init__(self, home: Path, *, scale: float = 0, inside: Sequence[str] = ()) -> None:
        """`inside` is put before the emulator's command, to run it somewhere else."""
        self._inside = inside
        self.home = home
        self.scale = scale
        self.port = 0
        self.url = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, on the port of its last start if there was one."""
        self.home.mkdir(parents=True, exist_ok=True)
        log = (self.home / "server.log").open("a")
        self._process = subprocess.Popen(
            [*self._inside, sys.executable, "-m", "meshwright_sandbox.server",
             "--home", str(self.home), "--port", str(self.port), "--scale", str(self.scale),
             "--clusters", "none", "--project", PROJECT],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        log.close()
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        assert first, (self.home / "server.log").read_text()
        self.url = json.loads(first)["url"]
        self.port = int(self.url.rsplit(":", 1)[1].strip("/"))

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power failure would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, how)
            self._process.wait(timeout=30)
        self._process = None

    def environment(self) -> dict[str, str]:
        """Variables that point clients here."""
        return client_environment(self.url, PROJECT)

    def fault(self, pattern: str, action: str, *, count: int = 1, skip: int = 0) -> None:
        """Disturb the next `count` calls that match `METHOD regex`, after `skip` that pass."""
        method, path = pattern.split(" ", 1)
        body = {
            "method": method, "path_pattern": path, "action": action, "count": count, "skip": skip,
        }  # fmt: skip
        self._admin("POST", "faults", json=body)

    def struck(self) -> int:
        """How many calls faults have disturbed so far."""
        return sum(fault["hits"] for fault in self._admin("GET", "faults"))

    def clear_faults(self) -> None:
        """Behave again."""
        self._admin("DELETE", "faults")

    def reset(self) -> None:
        """Forget every resource."""
        self._admin("POST", "reset")

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """What clients asked, after request number `since`."""
        return self._admin("GET", "requests", params={"since": since})

    def mark(self) -> int:
        """Number of the newest request."""
        return max((entry["n"] for entry in self.requests()), default=0)

    def mutating(self, since: int = 0) -> list[str]:
        """`METHOD path` of the requests that change something."""
        return [
            f"{entry['method']} {entry['path']}"
            for entry in self.requests(since)
            if entry["mutating"]
        ]

    def inventory(self) -> list[dict[str, str]]:
        """Every resource that a client made and that still lives."""
        return self._admin("GET", "inventory")

    def _admin(self, method: str, what: str, **options: Any) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{what}", timeout=30, **options)
        answer.raise_for_status()
        return answer.json()
