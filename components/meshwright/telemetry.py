"""What the mesh's proxies report: access logs (who connected, from where), traces, metrics.

Follows https://cloud.google.com/service-mesh/docs/observability/accessing-logs-and-traces,
https://istio.io/latest/docs/reference/config/telemetry/ and
https://cloud.google.com/stackdriver/docs/managed-prometheus/exporters/istio.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi

from ._kube import ROOT_NAMESPACE, istio_object, metadata
from ._names import KUBERNETES, named, physical_name
from ._outputs import after, outputs_of
from ._proxy_metrics import MetricOverrideArgs, collection, metric_problems, metrics_spec
from ._validation import checked, duplicates


class TracingTagArgs(TypedDict):
    """A tag of every span: exactly one of the three sources."""

    name: str
    """Name of the tag."""
    literal: NotRequired[pulumi.Input[str]]
    """The same text for every span. Default: one of the other two."""
    header: NotRequired[str]
    """Name of the request's header whose value it is. Default: one of the other two."""
    environment: NotRequired[str]
    """Name of the proxy's environment variable whose value it is. Default: one of the other two.
    """


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
    Default: `envoy` for the whole mesh, and the mesh's for a namespace or workload. Empty: switched
    off."""
    access_log_filter: NotRequired[pulumi.Input[str]]
    """CEL expression that picks the calls to log, such as `response.code >= 400`. Default: every
    call."""
    tracing_providers: NotRequired[list[str]]
    """Where traces go, such as `stackdriver` (Cloud Trace). Default: unchanged."""
    tracing_sampling_percent: NotRequired[pulumi.Input[float]]
    """Share of calls that are traced, 0 to 100; only for control planes in the cluster, since the
    managed mesh takes none. Default: unchanged."""
    tracing_tags: NotRequired[list[TracingTagArgs]]
    """Tags of every span. Default: none."""
    metric_providers: NotRequired[list[str]]
    """Where metrics go: `prometheus` (an endpoint of the proxy that is read), `stackdriver`.
    Default: unchanged."""
    metric_overrides: NotRequired[list[MetricOverrideArgs]]
    """Metrics that are left out or have other labels; only with `metric_providers`. Default:
    none."""
    managed_prometheus: NotRequired[bool]
    """Whether Managed Service for Prometheus, which GKE clusters bring, reads the metrics of all
    proxies and of istiod; only for the whole mesh. Default: false."""


class MeshTelemetry(pulumi.ComponentResource):
    """One Telemetry object: access logs, traces and metrics of the mesh, a namespace, workloads.

    Access logs name the caller's address; those of `stackdriver`, and of `envoy` in an IstioMesh,
    its principal too, by which it is known who was refused. On GKE both land in Cloud Logging.
    Istio lets the most specific object win, by each of the three, and wants at most one without
    `workload` per namespace. Raises ArgumentError for a filter without a log, settings without
    their provider, or nothing to do.
    """

    telemetry: pulumi.Output[str]
    """`namespace/name` of the Telemetry object."""

    def __init__(
        self, name: str, args: MeshTelemetryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "MeshTelemetry", name, args, MeshTelemetryArgs, _problems, named(KUBERNETES, name)
        )
        physical = physical_name("MeshTelemetry", KUBERNETES, None, name)
        super().__init__("meshwright:index:MeshTelemetry", name, {}, opts)
        namespace = args.get("namespace", ROOT_NAMESPACE)
        made = [
            istio_object(
                self,
                f"{name}-telemetry",
                "telemetry.istio.io/v1",
                "Telemetry",
                metadata(physical, namespace, args.get("revision")),
                _spec(args),
            )
        ]
        if args.get("managed_prometheus", False):
            made += collection(self, name, physical)
        self.telemetry = after(pulumi.Output.concat(namespace, "/", physical), made)
        self.register_outputs(outputs_of(self))


def _spec(args: MeshTelemetryArgs) -> dict[str, object]:
    spec: dict[str, object] = {}
    providers = args.get("access_log_providers", [] if _is_narrow(args) else ["envoy"])
    if providers:
        log: dict[str, object] = {"providers": [{"name": provider} for provider in providers]}
        if "access_log_filter" in args:
            log["filter"] = {"expression": args["access_log_filter"]}
        spec["accessLogging"] = [log]
    elif "access_log_providers" in args:
        spec["accessLogging"] = [{"disabled": True}]
    tracing: dict[str, object] = {}
    if "tracing_providers" in args:
        tracing["providers"] = [{"name": provider} for provider in args["tracing_providers"]]
    if "tracing_sampling_percent" in args:
        tracing["randomSamplingPercentage"] = args["tracing_sampling_percent"]
    if "tracing_tags" in args:
        tracing["customTags"] = {tag["name"]: _tag(tag) for tag in args["tracing_tags"]}
    if tracing:
        spec["tracing"] = [tracing]
    if "metric_providers" in args:
        spec["metrics"] = [metrics_spec(args["metric_providers"], args.get("metric_overrides", []))]
    if "workload" in args:
        spec["selector"] = {"matchLabels": args["workload"]}
    return spec


def _tag(tag: TracingTagArgs) -> dict[str, object]:
    if "literal" in tag:
        return {"literal": {"value": tag["literal"]}}
    kind = "header" if "header" in tag else "environment"
    return {kind: {"name": tag.get("header", tag.get("environment"))}}


def _is_narrow(args: MeshTelemetryArgs) -> bool:
    """Whether it counts for a part of the mesh, where what is not said is the mesh's."""
    return "workload" in args or args.get("namespace", ROOT_NAMESPACE) != ROOT_NAMESPACE


def _problems(args: MeshTelemetryArgs) -> Iterator[tuple[str, str]]:
    if "access_log_filter" in args and not args.get("access_log_providers", not _is_narrow(args)):
        yield "access_log_filter", "has no log to filter; name a provider or leave the filter out"
    for path in ("tracing_providers", "metric_providers"):
        if args.get(path) == []:
            yield path, "is empty; name a provider or leave it out"
    share = args.get("tracing_sampling_percent", 0)
    if isinstance(share, int | float) and not 0 <= share <= 100:
        yield "tracing_sampling_percent", f"{share:g} is not within 0 to 100"
    for name in duplicates(tag["name"] for tag in args.get("tracing_tags", [])):
        yield "tracing_tags", f"two tags are named {name!r}; names are unique"
    for index, tag in enumerate(args.get("tracing_tags", [])):
        sources = [key for key in ("literal", "header", "environment") if key in tag]
        if len(sources) != 1:
            have = " and ".join(sources) or "none"
            text = f"name exactly one of literal, header and environment; {have} given"
            yield f"tracing_tags[{index}]", text
    yield from metric_problems(args.get("metric_overrides", []))
    if "metric_overrides" in args and "metric_providers" not in args:
        yield "metric_overrides", "belong to a provider; name it in metric_providers"
    if args.get("managed_prometheus") and _is_narrow(args):
        yield "managed_prometheus", "reads the whole mesh; leave it out for a part of it"
    if not _spec(args).keys() - {"selector"}:
        yield "access_log_providers", "nothing is said; name what is reported otherwise"
