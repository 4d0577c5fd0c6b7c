"""The control plane of every Mesh: follows the emulated cloud, runs its workloads, tells proxies.

Nothing runs before `start`. What a workload's proxy is told is worked out anew at each change of
the cloud's resources, and when a workload comes to answer or ends.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.services.logs.ingestion import entry_writer
from meshwright_sandbox.traffic.logging_agent import LoggingAgent
from meshwright_sandbox.traffic.machines import Machines, Place
from meshwright_sandbox.trafficdirector import machines
from meshwright_sandbox.trafficdirector.meshes import Mesh, find_meshes
from meshwright_sandbox.trafficdirector.proxies import ACCESS_LOG, node_id
from meshwright_sandbox.trafficdirector.workloads import Workload, find_workloads

if TYPE_CHECKING:
    from meshwright_sandbox.trafficdirector.server import DiscoveryServer

_log = logging.getLogger(__name__)
_MESHES = "projects.locations.meshes"
_SOCKET = "trafficdirector.sock"
# How often it looks whether resources were written, and whether all workloads still run.
_LOOK_SECONDS = 0.05
_LOOKS_BETWEEN_CHECKS = 10


class TrafficDirector:
    """Runs from `start` to `close`, in a thread of its own; safe to use from any other."""

    def __init__(self, cloud: Cloud, runtime: LocalRuntime) -> None:
        if runtime.network.kind == "host":
            raise RuntimeFailure(runtime.network.limits)
        self._cloud = cloud
        socket = runtime.home / _SOCKET
        place = Place(
            folder=runtime.home / "machines",
            network=runtime.network,
            processes=runtime.processes,
            group=machines.GROUP,
        )
        run = partial(machines.run, envoy=runtime.tools / "envoy", socket=socket)
        self._logged: set[str] = set()
        self._arrived = threading.Event()
        self._ended = threading.Event()
        self._machines: Machines[Workload] = Machines(place, run, self._arrived.set)
        self._agent = LoggingAgent(
            "machines", runtime.home / "machines" / "agent.json", write=entry_writer(cloud)
        )
        self._socket = socket
        self._server: DiscoveryServer | None = None
        self._thread = threading.Thread(target=self._run, name="trafficdirector", daemon=True)

    def start(self) -> None:
        """Serve, and run what workloads there are; those that still run are taken back."""
        self._thread.start()
        self._agent.start()

    def close(self) -> None:
        """Serve no more; workloads and their proxies keep running as they are."""
        self._ended.set()
        self._thread.join()
        self._machines.close()
        self._agent.stop()

    def stop(self) -> None:
        """Serve no more, and end every workload."""
        self.close()
        self._machines.end_all()

    def report(self) -> list[dict[str, str]]:
        """Each workload: where it is, and what keeps it or its proxy from what was meant."""
        ready, problems = self._machines.ready(), self._machines.problems()
        refused = self._server.problems() if self._server else {}
        return [
            {
                "workload": name,
                "processes": self._machines.place_of(workload).group,
                "mesh": workload.mesh,
                "address": workload.address,
                "version": workload.environment["ECHO_VERSION"],
                "state": "ready" if name in ready else "not ready",
                "problem": problems.get(name, "")
                or "; ".join(refused.get(node_id(workload), {}).values()),
            }
            for name, workload in sorted(find_workloads(self._cloud).items())
        ]

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (OSError, RuntimeError):
            _log.exception("proxies of machines cannot be served")

    async def _serve(self) -> None:
        """What it takes to serve is loaded with the first Mesh: most sandboxes have none."""
        await asyncio.to_thread(self._machines.end_others, find_workloads(self._cloud))
        while not self._cloud.store.of_type("networkservices", _MESHES):
            seen = self._cloud.store.changes
            while self._cloud.store.changes == seen:
                if self._ended.is_set():
                    return
                await asyncio.sleep(_LOOK_SECONDS)
        from meshwright_sandbox.trafficdirector.server import DiscoveryServer

        self._server = DiscoveryServer(self._socket, self._cloud.projects.id)
        await self._server.start()
        try:
            await self._follow(self._server)
        finally:
            await self._server.stop()

    async def _follow(self, server: DiscoveryServer) -> None:
        seen, looks = -1, 0
        ready: dict[str, Workload] = {}
        while not self._ended.is_set():
            looks += 1
            changes, arrived = self._cloud.store.changes, self._arrived.is_set()
            is_changed = changes != seen
            if is_changed or arrived or looks % _LOOKS_BETWEEN_CHECKS == 0:
                self._arrived.clear()
                now = await asyncio.to_thread(self._ready, anew=is_changed)
                if is_changed or now != ready:
                    seen, ready = changes, now
                    server.publish(await asyncio.to_thread(self._meshes, ready))
            await asyncio.sleep(_LOOK_SECONDS)

    def _ready(self, *, anew: bool) -> dict[str, Workload]:
        if anew:
            self._keep(find_workloads(self._cloud))
        self._machines.heal()
        return self._machines.ready()

    def _keep(self, workloads: dict[str, Workload]) -> None:
        """Run these, and send on what their proxies write of calls."""
        self._machines.keep(workloads)
        logs = {w.id: w for w in workloads.values() if w.log is not None}
        self._agent.forget(self._logged - logs.keys())
        self._logged = set(logs)
        for owner, workload in logs.items():
            if workload.log is not None:
                file = self._machines.place_of(workload).folder / ACCESS_LOG
                self._agent.follow(owner, {file: workload.log})

    def _meshes(self, ready: dict[str, Workload]) -> dict[str, Mesh]:
        return find_meshes(self._cloud, ready)
