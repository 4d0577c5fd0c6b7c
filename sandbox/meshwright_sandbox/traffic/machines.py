"""Keeps machines running: each in a network of its own, what it serves beside an Envoy.

What a machine's processes are, those who run it say: `trafficdirector.machines` for machines of a
Mesh, `traffic.istio_machines` for those of an Istio mesh.
"""

from __future__ import annotations

import logging
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime.api import ApiError
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.traffic import echo

_log = logging.getLogger(__name__)
_AT_ONCE = 4
NETWORK, PROXY, APP = "network", "proxy", "app"
# How long a machine that ended stays away before it is started again: a group's healing takes
# minutes, https://cloud.google.com/compute/docs/instance-groups/autohealing-instances-in-migs
_HEALING_SECONDS = 10.0
# Others are told to send nothing more before a machine ends.
_NOTICE_SECONDS = 3.0
_END_SECONDS = 2.0
_ECHO = "meshwright_sandbox.traffic.echo"
_GRPC_ECHO = "meshwright_sandbox.traffic.grpc_echo"


class Machine(Protocol):
    """What is run; two that are equal are run the same way."""

    @property
    def name(self) -> str:
        """The resource's."""
        ...

    @property
    def id(self) -> str:
        """Short, and the same each time; no two have the same."""
        ...

    @property
    def address(self) -> str: ...


M = TypeVar("M", bound=Machine)


@dataclass(frozen=True)
class Place:
    """Where one machine runs: its files, the sandbox's network, and what its processes' names
    begin with.
    """

    folder: Path
    network: Network
    processes: ProcessTable
    group: str

    def name(self, kind: str) -> str:
        return f"{self.group}/{kind}"


class Machines(Generic[M]):
    """The machines that run; ``changed`` is called when one comes to be ready, or ends.

    ``place`` is where all of them run, ``run`` starts one's processes and returns once it answers.
    """

    def __init__(
        self,
        place: Place,
        run: Callable[[M, Place], None],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._place, self._run, self._changed = place, run, changed
        self._work = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=place.group)
        self._wanted: dict[str, M] = {}
        self._running: dict[str, M] = {}
        self._problems: dict[str, str] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._ended: dict[str, float] = {}
        self._stopped = threading.Event()

    def keep(self, machines: Mapping[str, M]) -> None:
        """Run these, and no others; what changed is started anew."""
        before, self._wanted = self._wanted, dict(machines)
        for name in before.keys() | machines.keys():
            if before.get(name) != machines.get(name):
                self._work.submit(self._guarded, name)

    def end_others(self, machines: Mapping[str, M]) -> None:
        """End what still runs of any but these, before the first are kept: they were removed while
        no emulator was there.
        """
        group = f"{self._place.group}/"
        entries = self._place.processes.entries(group)
        ids = {entry.name.removeprefix(group).partition("/")[0] for entry in entries}
        for identifier in ids - {machine.id for machine in machines.values()}:
            place = self._place_of(identifier)
            self._end_at(place)
            shutil.rmtree(place.folder, ignore_errors=True)

    def heal(self) -> None:
        """Start those anew that ended a while ago, or did not come to answer."""
        now = time.monotonic()
        dead = {n for n, machine in dict(self._running).items() if not self._alive(machine)}
        dead |= self._problems.keys() & self._wanted.keys()
        self._ended = {name: self._ended.get(name, now) for name in dead}
        for name, since in dict(self._ended).items():
            if now - since > _HEALING_SECONDS:
                self._ended.pop(name)
                self._problems.pop(name, None)
                self._running.pop(name, None)
                self._work.submit(self._guarded, name)

    def ready(self) -> dict[str, M]:
        """Those that answer, by name: neither of their processes has ended since."""
        return {
            name: machine
            for name, machine in dict(self._running).items()
            if self._wanted.get(name) == machine and self._alive(machine)
        }

    def problems(self) -> dict[str, str]:
        return dict(self._problems)

    def place_of(self, machine: M) -> Place:
        """Where a machine runs."""
        return self._place_of(machine.id)

    def _place_of(self, identifier: str) -> Place:
        place = self._place
        return Place(
            place.folder / identifier, place.network, place.processes, place.name(identifier)
        )

    def close(self) -> None:
        """Start and end nothing more."""
        self._stopped.set()
        self._work.shutdown(cancel_futures=True)

    def end_all(self) -> None:
        """End every machine at once."""
        for kind in (PROXY, APP, NETWORK):
            entries = self._place.processes.entries(f"{self._place.group}/")
            ours = [entry for entry in entries if entry.name.endswith(f"/{kind}")]
            self._place.processes.stop(*ours, grace=_END_SECONDS)
        self._running.clear()
        shutil.rmtree(self._place.folder, ignore_errors=True)

    def _alive(self, machine: M) -> bool:
        place = self.place_of(machine)
        return all(place.processes.get(place.name(kind)) for kind in (APP, PROXY))

    def _guarded(self, name: str) -> None:
        with self._locks.setdefault(name, threading.Lock()):
            try:
                self._settle(name)
                self._problems.pop(name, None)
            except (ApiError, HTTPError, OSError, RuntimeFailure) as error:
                self._problems[name] = str(error)
                _log.warning("%s: %s", name, error)
            self._changed()

    def _settle(self, name: str) -> None:
        """Bring one machine to what is wanted of it now."""
        wanted, running = self._wanted.get(name), self._running.get(name)
        if wanted == running or self._stopped.is_set():
            return
        if running is not None:
            self._running.pop(name)
            self._changed()
            self._stopped.wait(_NOTICE_SECONDS)
            self._end(running)
        if wanted is not None:
            self._start(wanted)

    def _start(self, machine: M) -> None:
        taken = [m.name for m in self._running.values() if m.address == machine.address]
        if taken:
            raise RuntimeFailure(
                f"its address {machine.address} is also that of {taken[0]}: the sandbox has one "
                "network for all VPCs, so only one of them can run"
            )
        if not self._adopted(machine):
            self._end(machine)
            try:
                self._run(machine, self.place_of(machine))
            except BaseException:
                self._end(machine)
                raise
            write_private(self._note(machine), repr(machine))
        self._running[machine.name] = machine

    def _adopted(self, machine: M) -> bool:
        """Whether it runs since before the emulator was started, as it is wanted now."""
        note = self._note(machine)
        return self._alive(machine) and note.exists() and note.read_text() == repr(machine)

    def _end(self, machine: M) -> None:
        self._end_at(self.place_of(machine))

    def _end_at(self, place: Place) -> None:
        """Its proxy first: it lets calls that have begun come to their end."""
        for kind in (PROXY, APP, NETWORK):
            entries = place.processes.entries(place.name(kind))
            place.processes.stop(*entries, grace=_END_SECONDS)

    def _note(self, machine: M) -> Path:
        return self.place_of(machine).folder / "workload.json"


def app_command(*, grpc: bool) -> list[str]:
    """The echo service that plays what a machine serves."""
    return [sys.executable, "-m", _GRPC_ECHO if grpc else _ECHO]


def app_probe(port: int, *, grpc: bool) -> str:
    """What `wait_until_it_answers` asks of that service."""
    return str(port) if grpc else f"http://127.0.0.1:{port}{echo.READY_PATH}"
