"""The processes of one cluster's pods: a network that is held open, a proxy, and the app."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.probing import answers_well
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.runtime.records import ClusterRecord
from meshwright_sandbox.traffic import containers, echo, images, proxies
from meshwright_sandbox.traffic.pod_network import open_pod_network

_HOLDER, _PROXY, _APP = "network", "proxy", "app"
_PROXY_READY = "15021/healthz/ready"


@dataclass(frozen=True)
class Programs:
    """What proxies are made of; ``bootstrap`` is Istio's template for Envoy's configuration."""

    pilot_agent: Path
    envoy: Path
    bootstrap: Path


class PodProcesses:
    """Starts and ends them by the pod's uid; they outlive who started them."""

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

    def running(self, uid: str) -> bool:
        """Whether the pod has a network, and with it a chance to answer."""
        return self._processes.get(self._name(uid, _HOLDER)) is not None

    def started(self) -> set[str]:
        """The pods that have processes, whoever started them."""
        entries = self._processes.entries(f"{self._group}/")
        return {entry.name.removeprefix(f"{self._group}/").partition("/")[0] for entry in entries}

    def open_network(self, item: Object) -> Network:
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

    def start_app(self, item: Object, network: Network) -> None:
        """Run the pod's own container, where the echo service plays it, unless it runs."""
        name = self._name(item["metadata"]["uid"], _APP)
        app = images.app_of(item)
        if app is None or self._processes.get(name) is not None:
            return
        environment = {"ECHO_VERSION": images.version_of(item), "PATH": "/usr/bin:/bin"}
        environment |= {"PORT": str(images.port_of(app)), **containers.environment(item, app)}
        command = [sys.executable, "-m", "meshwright_sandbox.traffic.echo"]
        self._processes.spawn(name, network.command(command), environment=environment)

    def start_proxy(self, api: Api, item: Object, network: Network) -> None:
        """Run the pod's proxy, where it has one, unless it runs."""
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

    def answers(self, item: Object, network: Network) -> bool:
        """Whether they are ready by their own probes."""
        ports = [_PROXY_READY] if containers.find(item, containers.PROXY) else []
        app = images.app_of(item)
        ports += [f"{images.port_of(app)}{echo.READY_PATH}"] if app else []
        probes = [f"http://127.0.0.1:{port}" for port in ports]
        return answers_well(network, probes)

    def kill_app(self, uid: str) -> None:
        """Kill the pod's own container and leave its proxy."""
        self._processes.stop(*self._processes.entries(self._name(uid, _APP)), grace=0)

    def end(self, uid: str, grace: float) -> None:
        """End a pod; its proxy first: it lets calls that have begun come to their end."""
        for kind in (_PROXY, _APP, _HOLDER):
            self._processes.stop(*self._processes.entries(self._name(uid, kind)), grace=grace)

    def end_all(self, grace: float) -> None:
        """End every pod."""
        for kind in (_PROXY, _APP, _HOLDER):
            entries = self._processes.entries(f"{self._group}/")
            ours = [entry for entry in entries if entry.name.endswith(f"/{kind}")]
            self._processes.stop(*ours, grace=grace)

    def _name(self, uid: str, kind: str) -> str:
        return f"{self._group}/{uid}/{kind}"
