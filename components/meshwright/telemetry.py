"""What the mesh's proxies report: access logs (who connected, from where) and traces.

Follows https://cloud.google.com/service-mesh/docs/observability/accessing-logs-and-traces and
https://istio.io/latest/docs/reference/config/telemetry/.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi

from ._kube import ROOT_NAMESPACE, istio_object, metadata
from ._names import KUBERNETES, physical_name
from ._outputs import after, outputs_of
from ._validation import checked


class MeshTelemetryArgs(TypedDict):
    """What a MeshTelemetry is made from."""

    namespace: NotRequired[pulumi.Input[str]]
    """Namespace it counts for. Default: the root namespace `istio-system`, the whole mesh."""
    workload: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Pod labels of the workloads it counts for. Default: all of the namespace."""
    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: the object is made once it is known. Default: at once."""
    access_log_providers: NotRequired[list[str]]
    """Where access logs go: `envoy` (the proxy's standard output), `stackdriver` (traffic logs).
    Default: `envoy`. Empty: switched off."""
    access_log_filter: NotRequired[pulumi.Input[str]]
    """CEL expression that picks the calls to log, such as `response.code >= 400`. Default: every
    call."""
    tracing_providers: NotRequired[list[str]]
    """Where traces go, such as `stackdriver` (Cloud Trace). Default: unchanged."""


class MeshTelemetry(pulumi.ComponentResource):
    """One Telemetry object: access logs and traces of the mesh, a namespace or some workloads.

    An access log line of the provider `envoy` names the caller's address and, inside the mesh, its
    identity; on GKE it lands in Cloud Logging. Istio lets the most specific object win, and wants
    at most one without `workload` per namespace. There is no sampling rate, since the managed mesh
    takes none. Raises ArgumentError for a filter without a log, or nothing to do.
    """

    telemetry: pulumi.Output[str]
    """`namespace/name` of the Telemetry object."""

    def __init__(
        self, name: str, args: MeshTelemetryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("MeshTelemetry", name, args, MeshTelemetryArgs, _problems)
        super().__init__("meshwright:index:MeshTelemetry", name, {}, opts)
        namespace = args.get("namespace", ROOT_NAMESPACE)
        physical = physical_name("MeshTelemetry", KUBERNETES, None, name)
        telemetry = istio_object(
            self,
            f"{name}-telemetry",
            "telemetry.istio.io/v1",
            "Telemetry",
            metadata(physical, namespace, args.get("revision")),
            _spec(args),
        )
        self.telemetry = after(pulumi.Output.concat(namespace, "/", physical), [telemetry])
        self.register_outputs(outputs_of(self))


def _spec(args: MeshTelemetryArgs) -> dict[str, object]:
    providers = args.get("access_log_providers", ["envoy"])
    log: dict[str, object] = {"disabled": True}
    if providers:
        log = {"providers": [{"name": provider} for provider in providers]}
    if "access_log_filter" in args:
        log["filter"] = {"expression": args["access_log_filter"]}
    spec: dict[str, object] = {"accessLogging": [log]}
    if "tracing_providers" in args:
        tracers = [{"name": provider} for provider in args["tracing_providers"]]
        spec["tracing"] = [{"providers": tracers}]
    if "workload" in args:
        spec["selector"] = {"matchLabels": args["workload"]}
    return spec


def _problems(args: MeshTelemetryArgs) -> Iterator[tuple[str, str]]:
    if args.get("access_log_providers") == [] and "access_log_filter" in args:
        yield "access_log_filter", "has no log to filter; name a provider or leave the filter out"
    if args.get("tracing_providers") == []:
        yield "tracing_providers", "is empty; name a provider or leave it out"
