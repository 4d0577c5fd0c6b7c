"""A dashboard of every service in a mesh: calls, errors, latency, mutual TLS, versions.

Follows https://cloud.google.com/monitoring/dashboards/api-dashboard and
https://cloud.google.com/service-mesh/docs/observability/explore-dashboard.
"""

import json
import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._dashboard import Queries, dashboard
from ._mesh_metrics import METRICS, name_problem
from ._names import DASHBOARD, named, physical_name
from ._outputs import outputs_of
from ._validation import checked, duplicates, one_of

_LABEL = re.compile(r"[a-z][-_a-z0-9]{0,62}")


class MeshDashboardArgs(TypedDict):
    """What a MeshDashboard is made from."""

    project: pulumi.Input[str]
    """Id of the project that shows it: the fleet's, or one whose metrics scope includes it."""
    mesh_id: NotRequired[pulumi.Input[str]]
    """Fleet.mesh_id, `proj-NUMBER`: only this mesh is shown. Default: every mesh of the project."""
    metrics: NotRequired[str]
    """`google` for what the managed mesh writes by itself, `prometheus` for Istio's own metrics in
    Managed Service for Prometheus. Default: `google`."""
    namespaces: NotRequired[list[str]]
    """Namespaces of the services that are shown. Default: all."""
    display_name: NotRequired[pulumi.Input[str]]
    """Title. Default: `prefix` and name."""
    labels: NotRequired[list[str]]
    """Labels by which dashboards are found. Default: none."""
    prefix: NotRequired[str]
    """Put before the default title, joined by `-`. Default: none."""


class MeshDashboard(pulumi.ComponentResource):
    """One page that shows how the mesh is, and every service in it.

    Totals; a table of services with calls per second, errors, latency and the share of calls by
    mutual TLS; the same over time by service and by version (a canary beside what it replaces);
    open incidents; and the access logs, which name each caller's address. Errors are answers with
    an HTTP status of 500 or above. Raises ArgumentError for an unknown kind of metrics, and for a
    `mesh_id` with `prometheus`, whose metrics do not name the mesh.
    """

    dashboard_id: pulumi.Output[str]
    """Id of the dashboard, `projects/P/dashboards/D`."""
    url: pulumi.Output[str]
    """Where the Cloud console shows it."""

    def __init__(
        self, name: str, args: MeshDashboardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "MeshDashboard", name, args, MeshDashboardArgs, _problems, named(DASHBOARD, name)
        )
        title = physical_name("MeshDashboard", DASHBOARD, args.get("prefix"), name)
        super().__init__("meshwright:index:MeshDashboard", name, {}, opts)

        def render(values: list[str]) -> str:
            queries = Queries(args.get("metrics", "google"), values[1], args.get("namespaces", []))
            return json.dumps(dashboard(values[0], queries, args.get("labels", [])))

        made = gcp.monitoring.Dashboard(
            f"{name}-dashboard",
            project=args["project"],
            dashboard_json=pulumi.Output.all(
                args.get("display_name", title), args.get("mesh_id", "")
            ).apply(render),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dashboard_id = made.id
        self.url = pulumi.Output.all(made.id, args["project"]).apply(
            lambda v: (
                "https://console.cloud.google.com/monitoring/dashboards/builder/"
                f"{v[0].rpartition('/')[2]}?project={v[1]}"
            )
        )
        self.register_outputs(outputs_of(self))


def _problems(args: MeshDashboardArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("metrics", args.get("metrics"), METRICS)
    if args.get("metrics") == "prometheus" and "mesh_id" in args:
        yield "mesh_id", "Istio's own metrics do not name the mesh; leave it out"
    for namespace in duplicates(args.get("namespaces", [])):
        yield "namespaces", f"{namespace!r} stands there twice"
    for index, namespace in enumerate(args.get("namespaces", [])):
        if problem := name_problem(namespace):
            yield f"namespaces[{index}]", problem
    if args.get("namespaces") == []:
        yield "namespaces", "is empty; name a namespace, or leave it out for all"
    for index, label in enumerate(args.get("labels", [])):
        if not _LABEL.fullmatch(label):
            form = "lower-case letters, digits, - and _, starting with a letter"
            yield f"labels[{index}]", f"{label!r} may only have {form}"
