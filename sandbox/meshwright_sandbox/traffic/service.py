"""Whether the sandbox carries traffic, for all of its clusters: kept by the emulator.

Nothing is started before it is asked for. That it was asked for is remembered in ``HOME/traffic``,
so that a sandbox that is started again takes its pods back.
"""

from __future__ import annotations

import logging
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.runtime.api import ApiError, Object
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.services.logs.ingestion import entry_writer
from meshwright_sandbox.traffic import gateways, images
from meshwright_sandbox.traffic.cluster import ClusterTraffic
from meshwright_sandbox.traffic.istio_machines import find_machines
from meshwright_sandbox.traffic.metrics import Prometheus
from meshwright_sandbox.trafficdirector.director import TrafficDirector

_log = logging.getLogger(__name__)
_BOOTSTRAP = "envoy_bootstrap.json"


class Traffic:
    """Traffic of every cluster that ``runtime`` runs, and of the machines and Cloud Run services
    of ``cloud`` that are in a mesh. Safe to use from several threads.
    """

    def __init__(self, runtime: LocalRuntime, cloud: Cloud) -> None:
        self._runtime, self._cloud = runtime, cloud
        self._director: TrafficDirector | None = None
        self._prometheus = Prometheus(runtime)
        self._folder = runtime.home / "traffic"
        self._clusters: dict[str, ClusterTraffic] = {}
        self._lock = threading.Lock()

    def start(self, bootstrap: Path) -> None:
        """Carry traffic in every cluster there is now.

        ``bootstrap`` is Istio's template for an Envoy's first configuration; it is kept.
        """
        with self._lock:
            self._folder.mkdir(exist_ok=True)
            shutil.copyfile(bootstrap, self._folder / _BOOTSTRAP)
            self._start()

    def resume(self) -> None:
        """Carry traffic again where it was carried when the sandbox ended, and measure it."""
        with self._lock:
            try:
                if (self._folder / _BOOTSTRAP).exists():
                    self._start()
                self._prometheus.resume()
            except RuntimeFailure as error:
                _log.error("%s", error)

    def measure(self) -> str:
        """Have a Prometheus read the proxies from now on; its address."""
        with self._lock:
            self._prometheus.start()
            return self._prometheus.url

    def forget(self) -> None:
        """End that Prometheus, and what it knows."""
        with self._lock:
            self._prometheus.stop()

    def close(self) -> None:
        """The emulator ends; what runs keeps running."""
        with self._lock:
            for cluster in self._clusters.values():
                cluster.close()
            self._clusters.clear()
            if self._director is not None:
                self._director.close()
                self._director = None

    def stop(self) -> None:
        """End the processes of all pods and machines: they are simulated again."""
        with self._lock:
            for cluster in self._clusters.values():
                cluster.stop()
            self._clusters.clear()
            if self._director is not None:
                self._director.stop()
                self._director = None
            shutil.rmtree(self._folder, ignore_errors=True)
            self._prometheus.stop()

    def report(self) -> dict[str, Any]:
        """What runs, what does not and why, and the gateways; JSON types only."""
        with self._lock:
            clusters, director = dict(self._clusters), self._director
        report: dict[str, Any] = {"workloads": [], "gateways": []}
        report["carried"] = bool(clusters or director)
        report["machines"] = director.report() if director else []
        for record in self._runtime.records.all():
            if record.id in clusters:
                report["workloads"] += _workloads(record.request.name, clusters[record.id])
                report["machines"] += clusters[record.id].machines_report()
                api = self._runtime.connect(record)
                report["gateways"] += gateways.doors(record.request.name, api)
        return report

    def _start(self) -> None:
        if self._director is None:
            self._director = TrafficDirector(self._cloud, self._runtime)
            self._director.start()
        records = {record.id: record for record in self._runtime.records.all()}
        for identifier, traffic in list(self._clusters.items()):
            # One that was made anew in the meantime has none of what traffic needs.
            if records.get(identifier) != traffic.record or not traffic.prepared():
                self._clusters.pop(identifier).close()
        for identifier, record in records.items():
            if identifier not in self._clusters:
                traffic = ClusterTraffic(
                    self._runtime,
                    record,
                    self._folder / _BOOTSTRAP,
                    write_entries=entry_writer(self._cloud),
                    machines=partial(find_machines, self._cloud),
                )
                traffic.start()
                self._clusters[identifier] = traffic
        self._prometheus.update()


def _workloads(cluster: str, traffic: ClusterTraffic) -> list[Object]:
    try:
        pods = traffic.workloads()
        problems = traffic.problems(pods)
    except (ApiError, HTTPError) as error:
        raise RuntimeFailure(f"cluster {cluster} does not answer: {error}") from error
    return [
        {
            "cluster": cluster,
            "namespace": pod["metadata"]["namespace"],
            "pod": pod["metadata"]["name"],
            "kind": "service" if images.app_of(pod) else "gateway",
            "version": images.version_of(pod),
            "problem": problem,
        }
        for pod, problem in zip(pods, problems, strict=True)
    ]
