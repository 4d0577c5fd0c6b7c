"""A fleet that is ready for the managed mesh: APIs, the fleet, its features, and the mesh's IAM.

Follows https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane and, for
clusters outside the fleet's project,
https://cloud.google.com/service-mesh/docs/operate-and-maintain/multi-project.
"""

import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._fleet_agents import grant_agent
from ._names import MEMBERSHIP, name_problem
from ._outputs import after, outputs_of
from ._places import region_of
from ._projects import number_problems, project_number
from ._validation import checked, duplicates, once_known

_CLUSTER_APIS = (
    "binaryauthorization",
    "cloudkms",
    "container",
    "gkehub",
    "mesh",
    "logging",
    "monitoring",
)
# `mesh` and those that it, the Connect gateway and traces stand on.
_FLEET_APIS = (
    *_CLUSTER_APIS,
    "cloudtrace",
    "connectgateway",
    "meshconfig",
    "networksecurity",
    "networkservices",
    "trafficdirector",
)
# Further APIs of the fleet's project, by the argument that asks for them.
_FURTHER_APIS = {
    "multi_cluster_services": ("dns", "multiclusterservicediscovery"),
    "multi_cluster_ingress": ("multiclusteringress", "multiclusterservicediscovery"),
    "attached_clusters": (
        "gkeconnect",
        "gkemulticloud",
        "kubernetesmetadata",
        "opsconfigmonitoring",
    ),
}
_CLUSTER = re.compile(r"projects/[^/]+/locations/[^/]+/clusters/[^/]+")
_FLEET_AGENT_ROLES = {
    "role": "roles/gkehub.serviceAgent",
    "cross-project-role": "roles/gkehub.crossProjectServiceAgent",
}
_MESH_AGENT_ROLES = {"role": "roles/anthosservicemesh.serviceAgent"}


class FleetMemberArgs(TypedDict):
    """An existing GKE cluster to register; clusters made by GkeCluster register themselves."""

    name: str
    """Membership id, unique in the fleet."""
    cluster: pulumi.Input[str]
    """`projects/P/locations/L/clusters/C`."""
    location: NotRequired[pulumi.Input[str]]
    """Location of the membership: the cluster's region, or `global`. Default: the cluster's region,
    as a cluster that is born in a fleet has it."""


class FleetArgs(TypedDict):
    """What a Fleet is made from."""

    project: pulumi.Input[str]
    """Id of the fleet's host project."""
    project_number: NotRequired[pulumi.Input[str]]
    """Number of the fleet's host project. Default: looked up."""
    display_name: NotRequired[pulumi.Input[str]]
    """Name shown in the console, 4 to 30 characters. Default: none."""
    cluster_projects: NotRequired[list[str]]
    """Ids of further projects that own clusters of the fleet. Default: none."""
    members: NotRequired[list[FleetMemberArgs]]
    """Existing clusters to register. Default: none."""
    mesh_by_default: NotRequired[pulumi.Input[bool]]
    """Whether every future member gets the managed mesh by itself. Default: false; ManagedMesh
    turns it on per cluster."""
    multi_cluster_services: NotRequired[bool]
    """Whether to turn multi-cluster Services on. Default: false; FleetFeatures lets their agents
    work once there are clusters."""
    multi_cluster_ingress: NotRequired[bool]
    """Whether to enable the APIs of multi-cluster Gateways and Ingress, which FleetFeatures turns
    on once there is a cluster to configure them in. Default: false."""
    attached_clusters: NotRequired[bool]
    """Whether to enable the APIs of clusters outside Google Cloud. Default: false."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the fleet and its features. Default: none."""


class Fleet(pulumi.ComponentResource):
    """A fleet, its features, the APIs of its projects, and what Google's mesh agent needs there.

    Every project of the fleet gets the APIs of clusters and mesh, and grants the fleet's mesh agent
    `roles/anthosservicemesh.serviceAgent`; other projects let the fleet's own agent register their
    clusters, too. APIs stay on when the fleet goes, since others may use
    them. Clusters made by GkeCluster register themselves; `members` is for those that exist.
    Raises ArgumentError for wrong or duplicate arguments.
    """

    project: pulumi.Output[str]
    """Id of the fleet's project, once its APIs and those of `cluster_projects` are on, the fleet
    exists, and may register clusters of each."""
    project_number: pulumi.Output[str]
    """Number of the fleet's project."""
    mesh_id: pulumi.Output[str]
    """`proj-NUMBER`: the value of the label `mesh_id`."""
    mesh_feature: pulumi.Output[str]
    """Name of the mesh feature, once it is on and the mesh agent may act in every project."""
    trust_domain: pulumi.Output[str]
    """`PROJECT.svc.id.goog`: the fleet's workload pool and the mesh's trust domain."""
    memberships: pulumi.Output[dict[str, str]]
    """Full resource name of each membership made from `members`, by its id."""

    def __init__(
        self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("Fleet", name, args, FleetArgs, _problems)
        super().__init__("meshwright:index:Fleet", name, {}, opts)
        labels = args.get("labels")
        self.project_number = self._number(args)
        others = args.get("cluster_projects", [])
        host = after(args["project"], self._enable(name, "", args["project"], _fleet_apis(args)))
        ready = {
            project: after(project, self._enable(name, f"-{project}", project, _CLUSTER_APIS))
            for project in others
        }
        fleet = gcp.gkehub.Fleet(
            f"{name}-fleet",
            project=host,
            display_name=args.get("display_name"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # A cluster of another project is registered at its birth, by the fleet's agent.
        agents = (host, self.project_number)
        registrars = grant_agent(
            self, f"{name}-fleet-agent", "gkehub", agents, ready, _FLEET_AGENT_ROLES
        )
        self.project = after(host, [fleet, *registrars])
        self.mesh_id = pulumi.Output.concat("proj-", self.project_number)
        self.trust_domain = pulumi.Output.concat(args["project"], ".svc.id.goog")
        feature = self._feature(name, "servicemesh", labels, args.get("mesh_by_default", False))
        grants = grant_agent(
            self, f"{name}-mesh-agent", "mesh", agents, {"": host, **ready}, _MESH_AGENT_ROLES
        )
        self.mesh_feature = after(feature.name, grants)
        if args.get("multi_cluster_services", False):
            self._feature(name, "multiclusterservicediscovery", labels, False)
        members = {
            member["name"]: self._member(name, index, member, labels)
            for index, member in enumerate(args.get("members", []))
        }
        names = pulumi.Output.all(*[membership.name for membership in members.values()])
        self.memberships = names.apply(lambda found: dict(zip(members, found, strict=True)))
        self.register_outputs(outputs_of(self))

    def _number(self, args: FleetArgs) -> pulumi.Output[str]:
        if "project_number" in args:
            return pulumi.Output.from_input(args["project_number"])
        return project_number(self, args["project"])

    def _enable(
        self, name: str, suffix: str, project: pulumi.Input[str], apis: tuple[str, ...]
    ) -> "list[gcp.projects.Service]":
        return [
            gcp.projects.Service(
                f"{name}{suffix}-{api}-api",
                project=project,
                service=f"{api}.googleapis.com",
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for api in apis
        ]

    def _feature(
        self,
        name: str,
        feature: str,
        labels: pulumi.Input[dict[str, pulumi.Input[str]]] | None,
        mesh_by_default: pulumi.Input[bool],
    ) -> "gcp.gkehub.Feature":
        default = pulumi.Output.from_input(mesh_by_default).apply(_default_member)
        return gcp.gkehub.Feature(
            f"{name}-{feature}",
            name=feature,
            location="global",
            project=self.project,
            labels=labels,
            fleet_default_member_config=default,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _member(
        self,
        name: str,
        index: int,
        member: FleetMemberArgs,
        labels: pulumi.Input[dict[str, pulumi.Input[str]]] | None,
    ) -> "gcp.gkehub.Membership":
        path = f"members[{index}].cluster"
        cluster = once_known("Fleet", name, path, member["cluster"], _cluster_problem)
        link = pulumi.Output.concat("//container.googleapis.com/", cluster)
        region = cluster.apply(_region)
        return gcp.gkehub.Membership(
            f"{name}-member-{member['name']}",
            membership_id=member["name"],
            project=self.project,
            location=member.get("location", region),
            endpoint={"gke_cluster": {"resource_link": link}},
            labels=labels,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _fleet_apis(args: FleetArgs) -> tuple[str, ...]:
    """The APIs of the fleet's own project, each once."""
    apis = dict.fromkeys(_FLEET_APIS)
    for wish, further in _FURTHER_APIS.items():
        if args.get(wish, False):
            apis |= dict.fromkeys(further)
    return tuple(apis)


def _region(cluster: str) -> str:
    """The region of `projects/P/locations/L/clusters/C`."""
    return region_of(cluster.split("/")[3])


def _cluster_problem(cluster: str) -> str | None:
    if _CLUSTER.fullmatch(cluster):
        return None
    return f"{cluster!r} must have the form `projects/P/locations/L/clusters/C`"


def _default_member(
    mesh_by_default: bool,
) -> "gcp.gkehub.FeatureFleetDefaultMemberConfigArgsDict | None":
    return {"mesh": {"management": "MANAGEMENT_AUTOMATIC"}} if mesh_by_default else None


def _problems(args: FleetArgs) -> Iterator[tuple[str, str]]:
    yield from number_problems("project_number", args.get("project_number"))
    others = args.get("cluster_projects", [])
    if args["project"] in [project for project in others if isinstance(args["project"], str)]:
        yield "cluster_projects", f"{args['project']!r} is the fleet's own project; leave it out"
    for project in duplicates(others):
        yield "cluster_projects", f"{project!r} is named twice"
    for index, member in enumerate(args.get("members", [])):
        if problem := name_problem(MEMBERSHIP, member["name"]):
            yield f"members[{index}].name", problem
        cluster = member["cluster"]
        if isinstance(cluster, str) and (problem := _cluster_problem(cluster)):
            yield f"members[{index}].cluster", problem
    for name in duplicates(member["name"] for member in args.get("members", [])):
        yield "members", f"two members are named {name!r}; ids are unique in a fleet"
