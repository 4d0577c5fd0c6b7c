"""What Prometheus reads of a cluster's proxies, and under which names.

Pods are found and labelled as Istio's own job `envoy-stats` does it:
https://istio.io/latest/docs/ops/integrations/prometheus/. `istio_requests_total` and
`istio_request_duration_milliseconds` are counted by filters that only Istio's build of Envoy has.
Here they are other names for what a stock Envoy counts of the same calls: those to its own pod
(reporter `destination`, with the labels of the pod), and those that it sends on (reporter `source`,
whose destination is what the name of Envoy's cluster says).
https://istio.io/latest/docs/reference/config/metrics/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshwright_sandbox.runtime.pod_status import RUN_ANNOTATION

Rule = dict[str, Any]
_POD = "__meta_kubernetes_pod_"
_COUNTER = "envoy_cluster_upstream_rq"
_LATENCY = f"{_COUNTER}_time_(bucket|sum|count)"
_INBOUND = r"inbound\|.*"
# direction|port|subset|name.namespace.svc...
_OUTBOUND = r"outbound\|\d+\|([^|]*)\|([^.|]+)\.([^.]+)\.svc\..*"
# The labels of a pod that say it; the last one that it has counts, as for Istio:
# https://istio.io/latest/docs/reference/config/labels/
_CANONICAL_SERVICE = ("app", "app_kubernetes_io_name", "service_istio_io_canonical_name")
_CANONICAL_REVISION = (
    "version",
    "app_kubernetes_io_version",
    "service_istio_io_canonical_revision",
)
# Found of a pod, and no labels of its own.
_WORKLOAD, _SERVICE, _REVISION = "workload", "canonical_service", "canonical_revision"


@dataclass(frozen=True)
class Source:
    """A cluster: what its series are labelled with, and a kubeconfig that leads to it."""

    id: str
    labels: Mapping[str, str]
    kubeconfig: Path


def configuration(sources: Iterable[Source], interval_seconds: float) -> str:
    """Prometheus' configuration; JSON, which is YAML too."""
    every = f"{int(1000 * interval_seconds)}ms"
    document = {
        "global": {"scrape_interval": every, "scrape_timeout": every},
        "scrape_configs": [_job(source) for source in sources],
    }
    return json.dumps(document, indent=1)


def _job(source: Source) -> dict[str, Any]:
    discovery = {"role": "pod", "kubeconfig_file": str(source.kubeconfig)}
    return {
        "job_name": f"envoy-stats/{source.id}",
        "metrics_path": "/stats/prometheus",
        "kubernetes_sd_configs": [discovery],
        "relabel_configs": [*_targets(), *(_fixed(*one) for one in source.labels.items())],
        "metric_relabel_configs": [*_inbound(), *_outbound(), *_names()],
    }


def _targets() -> list[Rule]:
    """The proxies of the pods that the sandbox runs, with what Kubernetes knows of them."""
    annotation = RUN_ANNOTATION.translate(str.maketrans("./-", "___"))
    return [
        {"action": "keep", "source_labels": [f"{_POD}container_port_name"],
         "regex": ".*-envoy-prom"},
        {"action": "keep", "source_labels": [f"{_POD}annotation_{annotation}"], "regex": "true"},
        {"action": "labelmap", "regex": f"{_POD}label_(.+)"},
        _copied("__meta_kubernetes_namespace", "namespace"),
        _copied(f"{_POD}name", "pod"),
        _copied(f"{_POD}controller_name", _WORKLOAD),
        # A Deployment's pods are a ReplicaSet's, whose name ends with a hash.
        {"source_labels": [f"{_POD}controller_kind", f"{_POD}controller_name"],
         "regex": "ReplicaSet;(.+)-[^-]+", "target_label": _WORKLOAD},
        _copied(_WORKLOAD, _SERVICE),
        *(_copied(label, _SERVICE) for label in _CANONICAL_SERVICE),
        _fixed(_REVISION, "latest"),
        *(_copied(label, _REVISION) for label in _CANONICAL_REVISION),
    ]  # fmt: skip


def _inbound() -> list[Rule]:
    """Calls of the pod itself."""
    labels = {
        "destination_workload": _WORKLOAD,
        "destination_workload_namespace": "namespace",
        "destination_service_namespace": "namespace",
        "destination_canonical_service": _SERVICE,
        "destination_canonical_revision": _REVISION,
        "destination_app": _SERVICE,
        "destination_version": _REVISION,
    }
    return [_told("destination", _INBOUND), *_if_reported_by("destination", labels)]


def _outbound() -> list[Rule]:
    """Calls that a gateway or sidecar sends to a Service; a route's version is a subset there."""
    labels = {
        "source_workload": _WORKLOAD,
        "source_workload_namespace": "namespace",
        "source_canonical_service": _SERVICE,
        "source_canonical_revision": _REVISION,
    }
    named = {
        "destination_canonical_revision": "$1",
        "destination_version": "$1",
        "destination_canonical_service": "$2",
        "destination_service_name": "$2",
        "destination_workload_namespace": "$3",
        "destination_service_namespace": "$3",
    }
    return [
        _told("source", _OUTBOUND),
        *_if_reported_by("source", labels),
        *(
            {"source_labels": ["reporter", "cluster_name"], "regex": f"source;{_OUTBOUND}",
             "target_label": label, "replacement": group}
            for label, group in named.items()
        ),
    ]  # fmt: skip


def _names() -> list[Rule]:
    """Istio's names for what has a reporter by now."""
    renamed = {
        _COUNTER: "istio_requests_total",
        _LATENCY: "istio_request_duration_milliseconds_$1",
    }
    return [
        {"source_labels": ["__name__", "reporter"], "regex": f"{name};.+",
         "target_label": "__name__", "replacement": other}
        for name, other in renamed.items()
    ] + [{"action": "labeldrop", "regex": f"{_WORKLOAD}|{_SERVICE}|{_REVISION}"}]  # fmt: skip


def _told(reporter: str, cluster_name: str) -> Rule:
    return {
        "source_labels": ["__name__", "cluster_name"],
        "regex": f"(?:{_COUNTER}|{_LATENCY});{cluster_name}",
        "target_label": "reporter",
        "replacement": reporter,
    }


def _if_reported_by(reporter: str, labels: dict[str, str]) -> list[Rule]:
    return [
        {"source_labels": ["reporter", source], "regex": f"{reporter};(.+)", "target_label": label}
        for label, source in labels.items()
    ]


def _copied(source: str, label: str) -> Rule:
    """Overwrites the label where there is something to copy."""
    return {"source_labels": [source], "regex": "(.+)", "target_label": label}


def _fixed(label: str, value: str) -> Rule:
    return {"target_label": label, "replacement": value}
