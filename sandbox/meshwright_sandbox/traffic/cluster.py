"""One cluster's workloads, run for real, and calls from inside them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed
from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime.api import ApiError, Object
from meshwright_sandbox.runtime.controllers.watching import Watcher
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.runtime.pod_status import has_ended, is_ready
from meshwright_sandbox.runtime.records import ClusterRecord
from meshwright_sandbox.traffic import containers, endpoints, images, marks
from meshwright_sandbox.traffic.calls import Answer, Call, call
from meshwright_sandbox.traffic.istio_machines import IstioMachine, machines_of_cluster
from meshwright_sandbox.traffic.logging_agent import LoggingAgent, WriteEntries
from meshwright_sandbox.traffic.machines import Place
from meshwright_sandbox.traffic.pod_outputs import PodOutputs
from meshwright_sandbox.traffic.pod_processes import PodProcesses, Programs
from meshwright_sandbox.traffic.pods import Pods

_SETTLE_SECONDS = 5.0
# A pod that failed to start is started again within two minutes.
_READY_SECONDS = 240.0
_LOOK_SECONDS = 0.5
_STOCK_ENVOY = (
    "/apis/networking.istio.io/v1alpha3/namespaces/istio-system/envoyfilters/sandbox-stock-envoy"
)
# Filters of Istio's own build of Envoy; the sandbox's is the project's, which would refuse them.
_ISTIO_FILTERS = ("istio.stats", "istio.metadata_exchange")
# Where they stand, and in which filter of the listener.
_PLACES = {
    "HTTP_FILTER": "envoy.filters.network.http_connection_manager",
    "NETWORK_FILTER": "",
}


class ClusterTraffic:
    """Runs the pods of the cluster ``record`` from `start` to `stop`.

    ``bootstrap`` is Istio's template for an Envoy's first configuration. What the pods write goes
    to ``write_entries`` as log entries, or nowhere. Of ``machines`` those that join the cluster's
    mesh run too.
    """

    def __init__(
        self,
        runtime: LocalRuntime,
        record: ClusterRecord,
        bootstrap: Path,
        *,
        write_entries: WriteEntries = lambda _: None,
        machines: Callable[[], Iterable[IstioMachine]] = tuple,
    ) -> None:
        network = runtime.network
        if network.kind == "host":
            raise RuntimeFailure(network.limits)
        self.record = record
        self._connect = partial(runtime.connect, record)
        self._stopped = threading.Event()
        programs = Programs(runtime.tools / "pilot-agent", runtime.tools / "envoy", bootstrap)
        processes = PodProcesses(
            record,
            runtime.home / "pods" / record.id,
            programs=programs,
            network=network,
            processes=runtime.processes,
        )
        self._pods = Pods(record, processes)
        self._find_machines = machines
        folder, group = runtime.home / "machines" / record.id, f"cluster/{record.id}/machine"
        place = Place(folder, network, runtime.processes, group)
        self.machines = machines_of_cluster(record, place, programs, self._connect)
        self._looking = threading.Thread(
            target=self._keep_machines, name=f"{record.id}:machines", daemon=True
        )
        positions = runtime.home / "pods" / record.id / "logging-agent.json"
        self._agent = LoggingAgent(record.id, positions, write=write_entries)
        outputs = PodOutputs(record, runtime.processes, self._agent)
        self._watchers = [
            Watcher(record.id, controller, self._connect, self._stopped)
            for controller in (self._pods, outputs)
        ]

    def start(self) -> None:
        """Run what there is, and from now on what comes; what runs since before is kept."""
        api = self._connect()
        try:
            with _where_there_is_no_mesh():
                api.apply(_STOCK_ENVOY, _stock_envoy())
            marks.mark_pods(api)
        except (ApiError, HTTPError, OSError) as error:
            raise RuntimeFailure(f"the mesh could not be prepared for traffic: {error}") from error
        for watcher in self._watchers:
            watcher.start()
        self._looking.start()
        self._agent.start()

    def prepared(self) -> bool:
        """Whether the cluster still has what `start` put there."""
        try:
            return marks.are_marked(self._connect())
        except (ApiError, HTTPError, OSError):
            return False

    def close(self) -> None:
        """Look after the pods no more; their processes keep running."""
        self._settle()
        self._agent.stop()

    def stop(self) -> None:
        """End every pod's processes; the cluster is as it was before `start`."""
        self._settle()
        self._pods.stop()
        self.machines.end_all()
        self._agent.stop()
        with contextlib.suppress(ApiError, HTTPError, OSError):
            api = self._connect()
            marks.unmark_pods(api)
            with _where_there_is_no_mesh():
                api.delete(_STOCK_ENVOY)

    def _settle(self) -> None:
        self._stopped.set()
        for watcher in self._watchers:
            watcher.settle(_SETTLE_SECONDS)
        self._pods.close()
        if self._looking.is_alive():
            self._looking.join(_SETTLE_SECONDS)
        self.machines.close()

    def machines_report(self) -> list[dict[str, str]]:
        """Each machine of the cluster's mesh, and what keeps it from answering."""
        ready, problems = self.machines.ready(), self.machines.problems()
        return [
            {
                "workload": name,
                "processes": self.machines.place_of(machine).group,
                "mesh": self.record.request.name,
                "address": machine.address,
                "version": machine.version,
                "state": "ready" if name in ready else "not ready",
                "problem": problems.get(name, ""),
            }
            for name, machine in sorted(self._machines_here().items())
        ]

    def _machines_here(self) -> dict[str, IstioMachine]:
        found = self._find_machines()
        return {m.name: m for m in found if m.endpoint == self.record.private_address}

    def _keep_machines(self) -> None:
        """Run what machines there are of this cluster's mesh."""
        self.machines.end_others(self._machines_here())
        while not self._stopped.wait(_LOOK_SECONDS):
            self.machines.keep(self._machines_here())
            self.machines.heal()

    def workloads(self) -> list[Object]:
        """The cluster's pods that the sandbox runs, or is about to."""
        pods = self._connect().get("/api/v1/pods")["items"]
        return [pod for pod in pods if images.runs(pod) and not has_ended(pod)]

    def problem(self, pod: Object) -> str:
        """Why the pod does not answer, or calls in vain; empty where it does neither."""
        (problem,) = self.problems([pod])
        return problem

    def problems(self, pods: list[Object]) -> list[str]:
        """The same of several pods; where Services lead is asked once."""
        services = endpoints.of_services(self._connect())
        return [self._problem(pod, services) for pod in pods]

    def _problem(self, pod: Object, services: dict[str, set[str]]) -> str:
        name = pod["metadata"]["name"]
        if not marks.is_marked(pod):
            return f"pod {name} has not been taken over yet"
        try:
            network = self._pods.network_of(pod)
        except RuntimeFailure as error:
            return str(error)
        if not (is_ready(pod) and self._pods.has_answered(pod)):
            return f"pod {name} is not ready"
        if not containers.find(pod, containers.PROXY):
            return ""
        missing = endpoints.unknown_to(network, services)
        return f"pod {name} has not been told yet of {', '.join(missing)}" if missing else ""

    @retry(
        retry=retry_if_exception_type((RuntimeFailure, ApiError, HTTPError)),
        wait=wait_fixed(0.25),
        stop=stop_after_delay(_READY_SECONDS),
        reraise=True,
    )
    def wait_until_ready(self, namespace: str, app: str) -> None:
        """Until the pods labelled ``app`` run and answer, their proxies too."""
        for pod in self.pods(namespace, app):
            if problem := self.problem(pod):
                raise RuntimeFailure(problem)

    def call(self, namespace: str, app: str, *calls: Call) -> list[Answer]:
        """Make ``calls`` from inside the first pod labelled ``app``."""
        return call(self.network_of(namespace, app), *calls)

    def network_of(self, namespace: str, app: str) -> Network:
        """The network of the first pod labelled ``app``, which runs."""
        return self._pods.network_of(self.pods(namespace, app)[0])

    def pods(self, namespace: str, app: str) -> list[Object]:
        """The pods labelled ``app``, but those that are leaving; there is one at least, or
        :class:`RuntimeFailure`.
        """
        path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}"
        listed: list[Object] = self._connect().get(path)["items"]
        found = [pod for pod in listed if not has_ended(pod)]
        if not found:
            raise RuntimeFailure(f"no pod of {app} in namespace {namespace}")
        return sorted(found, key=lambda pod: pod["metadata"]["name"])

    def kill_apps(self, namespace: str, app: str) -> None:
        """Kill the pods' own containers; their proxies stay, and nothing else is told."""
        for pod in self.pods(namespace, app):
            self._pods.kill_app(pod)

    def start_apps(self, namespace: str, app: str) -> None:
        """Run those containers again."""
        for pod in self.pods(namespace, app):
            self._pods.start_app(pod)


@contextlib.contextmanager
def _where_there_is_no_mesh() -> Iterator[None]:
    """A cluster without Istio's kinds has no proxies whose configuration would matter."""
    try:
        yield
    except ApiError as error:
        if error.status != 404:
            raise


def _stock_envoy() -> Object:
    """An EnvoyFilter by which no configuration holds what the sandbox's Envoy does not have."""
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": _STOCK_ENVOY.rpartition("/")[2], "namespace": "istio-system"},
        "spec": {"configPatches": [_without(n, at) for n in _ISTIO_FILTERS for at in _PLACES]},
    }


def _without(name: str, place: str) -> Object:
    filter_: Object = {"name": _PLACES[place] or name}
    if _PLACES[place]:
        filter_["subFilter"] = {"name": name}
    return {
        "applyTo": place,
        "match": {"listener": {"filterChain": {"filter": filter_}}},
        "patch": {"operation": "REMOVE"},
    }
