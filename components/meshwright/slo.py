"""Service level objectives of a mesh's services.

Follows https://cloud.google.com/stackdriver/docs/solutions/slo-monitoring/api/create-slo and
https://sre.google/workbook/implementing-slos.
"""

import re
from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._mesh_metrics import METRICS, name_problem, service_filter
from ._names import MONITORED, named, physical_name
from ._outputs import outputs_of
from ._validation import checked, one_of

_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_HIGHEST_GOAL = 0.9999
_LONGEST_DAYS = 30


class MeshSloArgs(TypedDict):
    """What a MeshSlo is made from."""

    project: pulumi.Input[str]
    """Id of the project that watches: the fleet's, or one whose metrics scope includes it."""
    namespace: pulumi.Input[str]
    """Namespace of the service."""
    service: pulumi.Input[str]
    """Canonical name of the service, which is its label `service.istio.io/canonical-name`, or else
    `app`."""
    goal: pulumi.Input[float]
    """Share of good calls, above 0 and at most 0.9999."""
    latency_ms: NotRequired[pulumi.Input[int]]
    """A call is good when it is answered within this, milliseconds. Default: when it is answered
    with an HTTP status below 500."""
    rolling_days: NotRequired[pulumi.Input[int]]
    """Days over which the share is counted, 1 to 30. Default: 28."""
    mesh_id: NotRequired[pulumi.Input[str]]
    """Fleet.mesh_id, `proj-NUMBER`: only calls in this mesh count. Default: any mesh's."""
    metrics: NotRequired[str]
    """`google` for what the managed mesh writes by itself, `prometheus` for Istio's own metrics in
    Managed Service for Prometheus. Default: `google`."""
    monitored_service: NotRequired[pulumi.Input[str]]
    """Id of a service of Cloud Monitoring that exists: another MeshSlo's `monitored_service`, or
    the one that the mesh makes once the service has been called. Default: one is made."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of service and objective. Default: none."""


class MeshSlo(pulumi.ComponentResource):
    """A promise about one service: which share of its calls is good.

    The calls are counted by the proxy of the called service, so that a promise can be made before
    the first call, and a service that nobody calls keeps it. gRPC errors count only where the HTTP
    status shows them. Alerts are MeshAlerts' work. Raises ArgumentError for a goal or a number of
    days out of range.
    """

    slo_id: pulumi.Output[str]
    """Name of the objective, `projects/P/services/S/serviceLevelObjectives/O`."""
    monitored_service: pulumi.Output[str]
    """Id of the service in Cloud Monitoring, for further objectives."""

    def __init__(
        self, name: str, args: MeshSloArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("MeshSlo", name, args, MeshSloArgs, _problems, named(MONITORED, name))
        physical = physical_name("MeshSlo", MONITORED, args.get("prefix"), name)
        super().__init__("meshwright:index:MeshSlo", name, {}, opts)
        watched = pulumi.Output.format("{0}/{1}", args["namespace"], args["service"])
        if "monitored_service" in args:
            service = pulumi.Output.from_input(args["monitored_service"])
        else:
            service = gcp.monitoring.CustomService(
                f"{name}-service",
                project=args["project"],
                service_id=physical,
                display_name=watched,
                user_labels=args.get("labels"),
                opts=pulumi.ResourceOptions(parent=self),
            ).service_id
        slo = gcp.monitoring.Slo(
            f"{name}-slo",
            project=args["project"],
            service=service,
            slo_id=physical,
            display_name=_title(args, watched),
            goal=args["goal"],
            rolling_period_days=args.get("rolling_days", 28),
            request_based_sli=_indicator(args),
            user_labels=args.get("labels"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.slo_id = slo.name
        self.monitored_service = service
        self.register_outputs(outputs_of(self))


def _title(args: MeshSloArgs, watched: pulumi.Output[str]) -> pulumi.Output[str]:
    """What is promised, in words."""

    def words(values: list[Any]) -> str:
        name, goal, limit = values
        share = f"{round(float(goal) * 100, 4):g}% of calls to {name}"
        if limit is None:
            return f"{share} are answered without an error"
        return f"{share} are answered within {int(limit)} ms"

    return pulumi.Output.all(watched, args["goal"], args.get("latency_ms")).apply(words)


def _indicator(args: MeshSloArgs) -> "gcp.monitoring.SloRequestBasedSliArgsDict":
    """Which calls are counted, and which of them are good."""
    metrics = METRICS[args.get("metrics", "google")]
    where = pulumi.Output.all(args.get("mesh_id", ""), args["namespace"], args["service"])

    def of(base: str, *more: str) -> pulumi.Output[str]:
        return where.apply(lambda v: " AND ".join([service_filter(metrics, base, *v), *more]))

    if "latency_ms" in args:
        return {
            "distribution_cut": {
                "distribution_filter": of(metrics.latency_filter),
                "range": {"min": 0, "max": args["latency_ms"]},
            }
        }
    return {
        "good_total_ratio": {
            "bad_service_filter": of(metrics.count_filter, metrics.error_filter),
            "total_service_filter": of(metrics.count_filter),
        }
    }


def _problems(args: MeshSloArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("metrics", args.get("metrics"), METRICS)
    if args.get("metrics") == "prometheus" and "mesh_id" in args:
        yield "mesh_id", "Istio's own metrics do not name the mesh; leave it out"
    if problem := name_problem(args["namespace"]):
        yield "namespace", problem
    service = args["service"]
    if isinstance(service, str) and not _LABEL_VALUE.fullmatch(service):
        yield "service", f"{service!r} is no label's value: letters, digits and inner - _ ."
    goal, days, limit = args["goal"], args.get("rolling_days", 28), args.get("latency_ms", 1)
    if isinstance(goal, int | float) and not 0 < goal <= _HIGHEST_GOAL:
        hint = f"; write {goal / 100:g} for {goal:g}%" if 1 < goal < 100 else ""
        yield "goal", f"{goal} is not above 0 and at most {_HIGHEST_GOAL}{hint}"
    if isinstance(days, int | float) and not 1 <= days <= _LONGEST_DAYS:
        yield "rolling_days", f"{days} is not within 1 to {_LONGEST_DAYS}"
    if isinstance(limit, int | float) and limit < 1:
        yield "latency_ms", f"{limit} is less than 1"
