"""What the mesh's proxies report: access logs (who connected, from where) and traces.

Follows https://cloud.google.com/service-mesh/docs/observability/accessing-logs-and-traces and
https://istio.io/latest/docs/reference/config/telemetry/.
"""

from typing import NotRequired, TypedDict

import pulumi


class MeshTelemetryArgs(TypedDict):
    """What a MeshTelemetry is made from."""

    namespace: NotRequired[pulumi.Input[str]]
    """Namespace it counts for. Default: the root namespace `istio-system`, the whole mesh."""
    workload: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Pod labels of the workloads it counts for. Default: all of the namespace."""
    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: the object is made once it is known. Default: at once."""
    access_log_providers: NotRequired[list[str]]
    """Where access logs go: `envoy` (the proxy's standard output), `stackdriver` (traffic logs). Default: `envoy`. Empty: switched off."""
    access_log_filter: NotRequired[pulumi.Input[str]]
    """CEL expression that picks the calls to log, such as `response.code >= 400`. Default: every call."""
    tracing_providers: NotRequired[list[str]]
    """Where traces go, such as `stackdriver` (Cloud Trace). Default: unchanged."""


class MeshTelemetry(pulumi.ComponentResource):
    """Telemetry."""

    telemetry: pulumi.Output[str]
    """`namespace/name` of the Telemetry object."""

    def __init__(
        self, name: str, args: MeshTelemetryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:MeshTelemetry", name, {}, opts)
