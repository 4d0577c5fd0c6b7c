"""Runs the pods of one cluster for real, as far as the sandbox knows how.

It runs pods with a container that the echo service plays, and gateways (pods of nothing but a
proxy). It is their whole kubelet: a pod is Ready once its processes answer, and gone once they
ended. A pod that kwok had before is marked as the sandbox's, and keeps its address.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed
from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.pod_status import has_ended, is_ready, is_running, path_of, report
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.runtime.records import ClusterRecord
from meshwright_sandbox.traffic import containers, echo, images, marks, proxies
from meshwright_sandbox.traffic.addresses import Addresses
from meshwright_sandbox.traffic.pod_network import open_pod_network

_log = logging.getLogger(__name__)
_AT_ONCE = 8
_HOLDER, _PROXY, _APP = "network", "proxy", "app"
# How long a proxy may take to let its connections go before it is killed.
_DRAIN_SECONDS = 10.0
_END_SECONDS = 0.5
_READY_SECONDS = 90
_PROXY_READY = "15021/healthz/ready"
# Run in the pod's network: succeeds once each address answers well.
_PROBE = "import sys, urllib.request as u; [u.urlopen(a, timeout=2) for a in sys.argv[1:]]"


@dataclass(frozen=True)
class Programs:
    """What proxies are made of; ``bootstrap`` is Istio's template for Envoy's configuration."""

    pilot_agent: Path
    envoy: Path
    bootstrap: Path


class Pods:
    """A controller of one cluster's pods (see `Controller`)."""

    path = "/api/v1/pods"

    def __init__(
        self,
        record: ClusterRecord,
        folder: Path,
        *,
        programs: Programs,
        network: Network,
        processes: ProcessTable,
    ) -> None:
        """``folder`` holds the pods' files; their processes are entered as the cluster's."""
        self._group, self._folder = f"cluster/{record.id}/pod", folder
        self._service_range = record.request.service_range
        self._programs, self._network, self._processes = programs, network, processes
        self._work = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=self._group)
        self._addresses = Addresses(record.request.pod_range)
        self._locks: dict[str, threading.Lock] = {}
        self._running: dict[str, Network] = {}
        self._problems: dict[str, str] = {}

    def present(self, items: list[Object]) -> None:
        there = {item["metadata"]["uid"]: item for item in items}
        self._addresses.keep(set(there))
        for uid in (set(self._running) | self._started_before()) - set(there):
            self._do(uid, partial(self._end, uid, _DRAIN_SECONDS))

    def reconcile(self, api: Api, item: Object) -> None:
        uid = item["metadata"]["uid"]
        if not images.runs(item) or uid in self._running or not item["spec"].get("nodeName"):
            return
        if not marks.is_marked(item):
            # Its change brings it here again.
            marks.mark(api, item)
        elif not has_ended(item):
            self._do(uid, partial(self._start, api, self._place(api, item)))

    def leave(self, api: Api, item: Object) -> None:
        """Its processes end in their own time, as long as a kubelet would give them."""
        uid = item["metadata"]["uid"]
        if images.runs(item) and marks.is_marked(item):
            self._do(uid, partial(self._leave, api, item))

    def _place(self, api: Api, item: Object) -> Object:
        """The pod with its address, and not Ready unless it runs since before."""
        uid = item["metadata"]["uid"]
        address = self._addresses.of(uid, item.get("status", {}).get("podIP"))
        before = self._processes.get(self._name(uid, _HOLDER)) is not None
        if is_running(item) and is_ready(item) == before:
            return item
        return report(api, item, address, ready=before)

    def network_of(self, item: Object) -> Network:
        """The network of a pod that runs; raises :class:`RuntimeFailure` for any other."""
        metadata = item["metadata"]
        if problem := self._problems.get(metadata["uid"]):
            raise RuntimeFailure(f"pod {metadata['name']} could not be started: {problem}")
        if metadata["uid"] not in self._running:
            raise RuntimeFailure(f"pod {metadata['name']} does not run yet")
        return self._running[metadata["uid"]]

    def answers(self, item: Object) -> bool:
        """Whether the pod's processes are ready by their own probes."""
        ports = [_PROXY_READY] if containers.find(item, containers.PROXY) else []
        app = images.app_of(item)
        ports += [f"{images.port_of(app)}{echo.READY_PATH}"] if app else []
        command = [sys.executable, "-I", "-c", _PROBE]
        probes = [f"http://127.0.0.1:{port}" for port in ports]
        inside = self.network_of(item).command([*command, *probes])
        return subprocess.run(inside, capture_output=True, check=False).returncode == 0

    def start_app(self, item: Object) -> None:
        """Run the pod's own container, beside its proxy, unless it runs."""
        self._start_app(item, self.network_of(item))

    def kill_app(self, item: Object) -> None:
        """Kill the pod's own container and leave its proxy; the pod stays Ready."""
        self._processes.stop(
            *self._processes.entries(self._name(item["metadata"]["uid"], _APP)), grace=0
        )

    def close(self) -> None:
        """Start nothing more; what runs keeps running."""
        self._work.shutdown(cancel_futures=True)

    def stop(self) -> None:
        """End every pod at once."""
        self.close()
        for kind in (_PROXY, _APP, _HOLDER):
            entries = self._processes.entries(f"{self._group}/")
            ours = [entry for entry in entries if entry.name.endswith(f"/{kind}")]
            self._processes.stop(*ours, grace=_END_SECONDS)
        self._running.clear()

    def _start(self, api: Api, item: Object) -> None:
        uid = item["metadata"]["uid"]
        if uid in self._running or has_ended(api.get(path_of(item["metadata"]))):
            return
        try:
            network = self._open_network(item)
            self._start_app(item, network)
            self._start_proxy(api, item, network)
            self._running[uid] = network
            self._wait_until_it_answers(item)
            report(api, item, item["status"]["podIP"], ready=True)
        except BaseException:
            self._end(uid, grace=0)
            raise

    def _open_network(self, item: Object) -> Network:
        """The pod's network: the one that it had when the sandbox ended, or a new one."""
        uid = item["metadata"]["uid"]
        holder = self._processes.get(self._name(uid, _HOLDER))
        if holder is not None:
            return replace(self._network, holder=holder.pid)
        behind_a_sidecar = containers.find(item, containers.PROXY) and images.app_of(item)
        return open_pod_network(
            self._network,
            self._processes,
            self._name(uid, _HOLDER),
            device=f"pod-{uid[:8]}",
            address=item["status"]["podIP"],
            captured=[self._service_range] if behind_a_sidecar else [],
        )

    @retry(
        retry=retry_if_exception_type(RuntimeFailure),
        wait=wait_fixed(0.25),
        stop=stop_after_delay(_READY_SECONDS),
        reraise=True,
    )
    def _wait_until_it_answers(self, item: Object) -> None:
        if not self.answers(item):
            raise RuntimeFailure(f"it did not answer within {_READY_SECONDS} seconds")

    def _start_app(self, item: Object, network: Network) -> None:
        name = self._name(item["metadata"]["uid"], _APP)
        app = images.app_of(item)
        if app is None or self._processes.get(name) is not None:
            return
        environment = {"ECHO_VERSION": images.version_of(item), "PATH": "/usr/bin:/bin"}
        environment |= {"PORT": str(images.port_of(app)), **containers.environment(item, app)}
        command = [sys.executable, "-m", "meshwright_sandbox.traffic.echo"]
        self._processes.spawn(name, network.command(command), environment=environment)

    def _start_proxy(self, api: Api, item: Object, network: Network) -> None:
        uid = item["metadata"]["uid"]
        proxy = containers.find(item, containers.PROXY)
        if proxy is None or self._processes.get(self._name(uid, _PROXY)) is not None:
            return
        folder = self._folder / uid
        proxies.write_files(api, item, folder)
        environment = proxies.environment(
            item,
            proxy,
            folder,
            istiod=proxies.istiod_of(api, item),
            envoy=proxies.write_launcher(folder, self._programs.envoy),
            bootstrap=self._programs.bootstrap,
        )
        arguments = proxies.arguments(proxy, environment)
        self._processes.spawn(
            self._name(uid, _PROXY),
            network.command([str(self._programs.pilot_agent), *arguments]),
            environment=environment,
            directory=folder,
        )

    def _leave(self, api: Api, item: Object) -> None:
        self._end(item["metadata"]["uid"], _DRAIN_SECONDS)
        api.delete(f"{path_of(item['metadata'])}?gracePeriodSeconds=0")

    def _end(self, uid: str, grace: float) -> None:
        """Its proxy first: it lets calls that have begun come to their end."""
        for kind in (_PROXY, _APP, _HOLDER):
            self._processes.stop(*self._processes.entries(self._name(uid, kind)), grace=grace)
        self._running.pop(uid, None)

    def _do(self, uid: str, work: Callable[[], None]) -> None:
        self._work.submit(self._guarded, uid, work)

    def _guarded(self, uid: str, work: Callable[[], None]) -> None:
        with self._locks.setdefault(uid, threading.Lock()):
            try:
                work()
                self._problems.pop(uid, None)
            except (ApiError, HTTPError, OSError, RuntimeFailure) as error:
                self._problems[uid] = str(error)
                _log.warning("pod %s: %s", uid, error)

    def _started_before(self) -> set[str]:
        """The pods that have processes, whoever started them."""
        entries = self._processes.entries(f"{self._group}/")
        return {entry.name.removeprefix(f"{self._group}/").partition("/")[0] for entry in entries}

    def _name(self, uid: str, kind: str) -> str:
        return f"{self._group}/{uid}/{kind}"
