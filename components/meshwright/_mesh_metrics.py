"""What a mesh's proxies count, as each kind of metrics names it: for queries and for objectives.

`google`: what the managed mesh writes to Cloud Monitoring by itself,
https://cloud.google.com/monitoring/api/metrics_istio. `prometheus`: Istio's own names, collected by
Managed Service for Prometheus, https://istio.io/latest/docs/reference/config/metrics/.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class MeshMetrics:
    """Names of metrics and labels; every call counts where it arrives."""

    count: str
    """PromQL name of the counter of calls."""
    latency: str
    """PromQL name of the histogram of latencies, in milliseconds."""
    server: str
    """PromQL selector of the server's side."""
    mesh: str
    """Label of the mesh; empty where the metrics have none."""
    namespace: str
    """Label of the called service's namespace."""
    service: str
    """Label of the called service."""
    version: str
    """Label of the version that answered."""
    mutual_tls: str
    """PromQL selector of calls that came by mutual TLS."""
    count_filter: str
    """Monitoring filter of the counter."""
    latency_filter: str
    """Monitoring filter of the histogram."""
    error_filter: str
    """What is added to `count_filter` for answers that are a server's error."""
    place: str
    """Where the filters find namespace and service: `resource` or `metric`."""


METRICS: dict[str, MeshMetrics] = {
    "google": MeshMetrics(
        count="istio_io:service_server_request_count",
        latency="istio_io:service_server_response_latencies",
        server='monitored_resource="istio_canonical_service"',
        mesh="mesh_uid",
        namespace="namespace_name",
        service="canonical_service_name",
        version="destination_canonical_revision",
        mutual_tls='service_authentication_policy="MUTUAL_TLS"',
        count_filter='metric.type="istio.io/service/server/request_count"'
        ' AND resource.type="istio_canonical_service"',
        latency_filter='metric.type="istio.io/service/server/response_latencies"'
        ' AND resource.type="istio_canonical_service"',
        error_filter="metric.labels.response_code>=500",
        place="resource",
    ),
    "prometheus": MeshMetrics(
        count="istio_requests_total",
        latency="istio_request_duration_milliseconds",
        server='reporter="destination"',
        mesh="",
        namespace="destination_workload_namespace",
        service="destination_canonical_service",
        version="destination_canonical_revision",
        mutual_tls='connection_security_policy="mutual_tls"',
        count_filter='metric.type="prometheus.googleapis.com/istio_requests_total/counter"'
        ' AND resource.type="prometheus_target" AND metric.labels.reporter="destination"',
        latency_filter="metric.type="
        '"prometheus.googleapis.com/istio_request_duration_milliseconds/histogram"'
        ' AND resource.type="prometheus_target" AND metric.labels.reporter="destination"',
        error_filter='metric.labels.response_code=monitoring.regex.full_match("5..")',
        place="metric",
    ),
}
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
ERRORS = 'response_code=~"5.."'


def name_problem(value: object) -> str:
    """What is wrong with a Kubernetes name that stands inside queries; "" for nothing."""
    if not isinstance(value, str) or _NAME.fullmatch(value):
        return ""
    return f"{value!r} may only have lower-case letters, digits and inner hyphens, at most 63"


def selector(metrics: MeshMetrics, mesh_id: str, namespaces: Iterable[str], *more: str) -> str:
    """The inside of a PromQL selector for the calls into a mesh's services.

    Names of namespaces are DNS labels, which need no quoting in a regular expression.
    """
    parts = [metrics.server]
    if metrics.mesh and mesh_id:
        parts.append(f'{metrics.mesh}="{mesh_id}"')
    names = "|".join(namespaces)
    if names:
        parts.append(f'{metrics.namespace}=~"{names}"')
    return ",".join([*parts, *more])


def service_filter(
    metrics: MeshMetrics, base: str, mesh_id: str, namespace: str, service: str
) -> str:
    """A Monitoring filter for the calls to one service."""
    labels = {metrics.namespace: namespace, metrics.service: service}
    if metrics.mesh and mesh_id:
        labels = {metrics.mesh: mesh_id, **labels}
    where = [f'{metrics.place}.labels.{label}="{value}"' for label, value in labels.items()]
    return " AND ".join([base, *where])
