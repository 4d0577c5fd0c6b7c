"""Metrics of proxies: what they count, and how Google's Prometheus reads it."""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._validation import one_of

# https://istio.io/latest/docs/reference/config/telemetry/#MetricSelector-IstioMetric
_METRICS = (
    "ALL_METRICS",
    "REQUEST_COUNT",
    "REQUEST_DURATION",
    "REQUEST_SIZE",
    "RESPONSE_SIZE",
    "TCP_OPENED_CONNECTIONS",
    "TCP_CLOSED_CONNECTIONS",
    "TCP_SENT_BYTES",
    "TCP_RECEIVED_BYTES",
    "GRPC_REQUEST_MESSAGES",
    "GRPC_RESPONSE_MESSAGES",
)
_MODES = ("CLIENT_AND_SERVER", "CLIENT", "SERVER")
_INTERVAL = "30s"


class MetricOverrideArgs(TypedDict):
    """A metric that is left out, or has other labels."""

    metric: str
    """`ALL_METRICS`, `REQUEST_COUNT`, `REQUEST_DURATION`, ..., as Istio's Telemetry names them."""
    mode: NotRequired[str]
    """Whose view: `CLIENT`, `SERVER` or `CLIENT_AND_SERVER`. Default: both."""
    disabled: NotRequired[bool]
    """Whether it is left out. Default: false."""
    tags: NotRequired[dict[str, str]]
    """CEL expression by the label that it sets, such as `request.host`. Default: none."""
    remove_tags: NotRequired[list[str]]
    """Labels that are left out, since each costs. Default: none."""


def metrics_spec(providers: list[str], overrides: list[MetricOverrideArgs]) -> dict[str, object]:
    """The metrics of a Telemetry object."""
    spec: dict[str, object] = {"providers": [{"name": provider} for provider in providers]}
    if overrides:
        spec["overrides"] = [_override(override) for override in overrides]
    return spec


def _override(args: MetricOverrideArgs) -> dict[str, object]:
    mode = args.get("mode", "CLIENT_AND_SERVER")
    made: dict[str, object] = {"match": {"metric": args["metric"], "mode": mode}}
    if "disabled" in args:
        made["disabled"] = args["disabled"]
    tags: dict[str, object] = {
        tag: {"operation": "UPSERT", "value": value} for tag, value in args.get("tags", {}).items()
    }
    tags |= {tag: {"operation": "REMOVE"} for tag in args.get("remove_tags", [])}
    if tags:
        made["tagOverrides"] = tags
    return made


def metric_problems(overrides: list[MetricOverrideArgs]) -> Iterator[tuple[str, str]]:
    """What is wrong with overrides."""
    for index, override in enumerate(overrides):
        path = f"metric_overrides[{index}]"
        yield from one_of(f"{path}.metric", override["metric"], _METRICS)
        yield from one_of(f"{path}.mode", override.get("mode"), _MODES)
        if not override.keys() & {"disabled", "tags", "remove_tags"}:
            yield path, "changes nothing; set disabled, tags or remove_tags"
        for tag in override.get("remove_tags", []):
            if tag in override.get("tags", {}):
                yield f"{path}.remove_tags", f"{tag!r} is set in tags"


def collection(
    parent: pulumi.Resource, name: str, physical: str
) -> "list[kubernetes.apiextensions.CustomResource]":
    """How Managed Service for Prometheus reads every proxy and istiod."""
    proxies: dict[str, object] = {"matchExpressions": [_exists("service.istio.io/canonical-name")]}
    istiod: dict[str, object] = {"matchLabels": {"app": "istiod"}}
    # Proxies have hundreds of Envoy's own metrics too, each of which costs.
    kept = [{"action": "keep", "sourceLabels": ["__name__"], "regex": "istio_.*"}]
    return [
        _cluster_pod_monitoring(
            parent,
            f"{name}-proxy-metrics",
            f"{physical}-proxies",
            proxies,
            {"port": "http-envoy-prom", "path": "/stats/prometheus", "metricRelabeling": kept},
        ),
        _cluster_pod_monitoring(
            parent, f"{name}-istiod-metrics", f"{physical}-istiod", istiod, {"port": 15014}
        ),
    ]


def _exists(label: str) -> dict[str, str]:
    return {"key": label, "operator": "Exists"}


def _cluster_pod_monitoring(
    parent: pulumi.Resource,
    resource_name: str,
    physical: str,
    selector: dict[str, object],
    endpoint: dict[str, object],
) -> "kubernetes.apiextensions.CustomResource":
    return kubernetes.apiextensions.CustomResource(
        resource_name,
        api_version="monitoring.googleapis.com/v1",
        kind="ClusterPodMonitoring",
        metadata={"name": physical},
        spec={"selector": selector, "endpoints": [{**endpoint, "interval": _INTERVAL}]},
        opts=pulumi.ResourceOptions(parent=parent),
    )
