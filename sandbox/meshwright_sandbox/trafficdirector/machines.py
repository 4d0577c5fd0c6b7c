"""Runs the workloads of meshes: each in a network of its own, the echo service beside an Envoy."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from meshwright_sandbox.runtime.certificates import write_private
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.traffic import echo
from meshwright_sandbox.traffic.pod_network import Capture, open_pod_network
from meshwright_sandbox.trafficdirector import proxies
from meshwright_sandbox.trafficdirector.clusters import MARK
from meshwright_sandbox.trafficdirector.listeners import INBOUND_PORT
from meshwright_sandbox.trafficdirector.workloads import Workload

_log = logging.getLogger(__name__)
_AT_ONCE = 4
_GROUP = "cluster/machines"
_HOLDER, _PROXY, _APP = "network", "proxy", "app"
_READY_SECONDS = 60
# How long a workload that ended stays away before it is started again: a group's healing takes
# minutes, https://cloud.google.com/compute/docs/instance-groups/autohealing-instances-in-migs
_HEALING_SECONDS = 10.0
# Others are told to send nothing more before a workload ends.
_NOTICE_SECONDS = 1.0
_END_SECONDS = 2.0
_ECHO = "meshwright_sandbox.traffic.echo"
_GRPC_ECHO = "meshwright_sandbox.traffic.grpc_echo"
_WAITING = "meshwright_sandbox.trafficdirector.waiting"


@dataclass(frozen=True)
class Place:
    """Where workloads run: their files, the sandbox's network, Envoy and the control plane."""

    folder: Path
    network: Network
    processes: ProcessTable
    envoy: Path
    socket: Path


class Machines:
    """The workloads that run; ``changed`` is called when one comes to be ready."""

    def __init__(self, place: Place, changed: Callable[[], None]) -> None:
        self._place, self._changed = place, changed
        self._work = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=_GROUP)
        self._wanted: dict[str, Workload] = {}
        self._running: dict[str, Workload] = {}
        self._problems: dict[str, str] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._ended: dict[str, float] = {}
        self._stopped = threading.Event()

    def keep(self, workloads: Mapping[str, Workload]) -> None:
        """Run these, and no others; what changed is started anew."""
        before, self._wanted = self._wanted, dict(workloads)
        for name in before.keys() | workloads.keys():
            if before.get(name) != workloads.get(name):
                self._work.submit(self._guarded, name)

    def heal(self) -> None:
        """Start those anew that ended a while ago."""
        now = time.monotonic()
        dead = {n for n, workload in dict(self._running).items() if not self._alive(workload)}
        self._ended = {name: self._ended.get(name, now) for name in dead}
        for name, since in dict(self._ended).items():
            if now - since > _HEALING_SECONDS:
                self._ended.pop(name)
                self._running.pop(name, None)
                self._work.submit(self._guarded, name)

    def ready(self) -> dict[str, Workload]:
        """Those that answer, by name: neither of their processes has ended since."""
        return {
            name: workload
            for name, workload in dict(self._running).items()
            if self._wanted.get(name) == workload and self._alive(workload)
        }

    def problems(self) -> dict[str, str]:
        return dict(self._problems)

    def close(self) -> None:
        """Start and end nothing more."""
        self._stopped.set()
        self._work.shutdown(cancel_futures=True)

    def end_all(self) -> None:
        """End every workload at once."""
        for kind in (_PROXY, _APP, _HOLDER):
            entries = self._place.processes.entries(f"{_GROUP}/")
            ours = [entry for entry in entries if entry.name.endswith(f"/{kind}")]
            self._place.processes.stop(*ours, grace=_END_SECONDS)
        self._running.clear()
        shutil.rmtree(self._place.folder, ignore_errors=True)

    def _alive(self, workload: Workload) -> bool:
        return all(self._place.processes.get(self._name(workload, k)) for k in (_APP, _PROXY))

    def _guarded(self, name: str) -> None:
        with self._locks.setdefault(name, threading.Lock()):
            try:
                self._settle(name)
                self._problems.pop(name, None)
            except (OSError, RuntimeFailure, subprocess.SubprocessError) as error:
                self._problems[name] = str(error)
                _log.warning("%s: %s", name, error)
            self._changed()

    def _settle(self, name: str) -> None:
        """Bring one workload to what is wanted of it now."""
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

    def _start(self, workload: Workload) -> None:
        taken = [w.name for w in self._running.values() if w.address == workload.address]
        if taken:
            raise RuntimeFailure(
                f"its address {workload.address} is also that of {taken[0]}: the sandbox has one "
                "network for all VPCs, so only one of them can run"
            )
        if not self._adopted(workload):
            self._end(workload)
            try:
                self._run(workload)
            except BaseException:
                self._end(workload)
                raise
        self._running[workload.name] = workload

    def _adopted(self, workload: Workload) -> bool:
        """Whether it runs since before the emulator was started, as it is wanted now."""
        note = self._folder(workload) / "workload.json"
        return self._alive(workload) and note.exists() and note.read_text() == _note(workload)

    def _run(self, workload: Workload) -> None:
        place, folder = self._place, self._folder(workload)
        holder = self._name(workload, _HOLDER)
        network = open_pod_network(
            place.network,
            place.processes,
            holder,
            device=f"vm-{workload.id[:8]}",
            address=workload.address,
            captured=["0.0.0.0/0"],
            capture=Capture(workload.proxy_port, INBOUND_PORT, workload.serving_ports, MARK),
        )
        app = [sys.executable, "-m", _GRPC_ECHO if workload.grpc else _ECHO]
        place.processes.spawn(
            self._name(workload, _APP), network.command(app), environment=workload.environment
        )
        first = folder / "envoy.json"
        write_private(first, json.dumps(proxies.bootstrap(workload, folder, place.socket)))
        envoy = [str(place.envoy), "--config-path", str(first), "--concurrency", "1"]
        envoy += ["--disable-hot-restart", "--log-level", "warning"]
        place.processes.spawn(
            self._name(workload, _PROXY), network.command(envoy), directory=folder
        )
        self._wait_until_it_answers(workload, network)
        write_private(folder / "workload.json", _note(workload))

    def _wait_until_it_answers(self, workload: Workload, network: Network) -> None:
        http = f"http://127.0.0.1:{workload.port}{echo.READY_PATH}"
        own = str(workload.port) if workload.grpc else http
        proxy = f"http://127.0.0.1:{proxies.ADMIN_PORT}/ready"
        command = [sys.executable, "-I", "-m", _WAITING, proxy, own]
        try:
            done = subprocess.run(
                network.command(command), capture_output=True, timeout=_READY_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            text = f"it did not answer within {_READY_SECONDS} seconds"
            raise RuntimeFailure(text) from error
        if done.returncode:
            raise RuntimeFailure(f"it could not be asked: {done.stderr.decode().strip()}")

    def _end(self, workload: Workload) -> None:
        """Its proxy first: it lets calls that have begun come to their end."""
        for kind in (_PROXY, _APP, _HOLDER):
            entries = self._place.processes.entries(self._name(workload, kind))
            self._place.processes.stop(*entries, grace=_END_SECONDS)

    def _folder(self, workload: Workload) -> Path:
        return self._place.folder / workload.id

    def _name(self, workload: Workload, kind: str) -> str:
        return f"{processes_of(workload)}/{kind}"


def processes_of(workload: Workload) -> str:
    """What the names of a workload's processes begin with."""
    return f"{_GROUP}/{workload.id}"


def _note(workload: Workload) -> str:
    return repr(workload)
