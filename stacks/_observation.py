"""What the proxies of one cluster report, mesh-wide and namespace by namespace."""

from collections.abc import Mapping

import pulumi

from meshwright import MeshTelemetry, MeshTelemetryArgs
from stacks._meshes import ControlPlane
from stacks.spec_mesh import AccessLogs, Telemetry


def build(
    cluster: str,
    telemetry: Telemetry,
    plane: ControlPlane,
    namespaces: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> None:
    """Telemetry of the mesh, and of the namespaces that report otherwise."""
    args = _access_logs(telemetry.access_logs, plane)
    if telemetry.tracing:
        args["tracing_providers"] = ["stackdriver"]
    if telemetry.trace_sampling_percent is not None:
        args["tracing_sampling_percent"] = telemetry.trace_sampling_percent
    if telemetry.metrics:
        args["metric_providers"] = ["prometheus"]
        args["managed_prometheus"] = True
    MeshTelemetry(f"{cluster}-telemetry", args, opts=opts)
    for other in telemetry.namespaces:
        if other.namespace in namespaces:
            own = _access_logs(other.access_logs, plane)
            own["namespace"] = namespaces[other.namespace]
            MeshTelemetry(f"{cluster}-{other.namespace}-telemetry", own, opts=opts)


def _access_logs(logs: AccessLogs, plane: ControlPlane) -> MeshTelemetryArgs:
    args: MeshTelemetryArgs = {
        "revision": plane.default,
        "access_log_providers": [*logs.providers],
    }
    if logs.filter is not None:
        args["access_log_filter"] = logs.filter
    return args
