"""What a fleet can only do once it has members: multi-cluster Services and multi-cluster Gateways.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/multi-cluster-services,
https://cloud.google.com/kubernetes-engine/docs/how-to/msc-setup-with-shared-vpc-networks and
https://cloud.google.com/kubernetes-engine/docs/how-to/enabling-multi-cluster-gateways.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._fleet_agents import grant_agent
from ._outputs import after, outputs_of
from ._projects import number_problems, project_number
from ._validation import checked, duplicates

_NETWORK_VIEWER = "roles/compute.networkViewer"
_TRAFFIC_DIRECTOR_CLIENT = "roles/trafficdirector.client"
_IMPORTER = "gke-mcs/gke-mcs-importer"
_TELEMETRY_AGENT = "gke-system/gke-telemetry-agent"


class FleetClustersArgs(TypedDict):
    """A project that owns clusters of the fleet."""

    project: str
    """Id of the project."""
    workload_pool: pulumi.Input[str]
    """Workload Identity pool of its clusters, GkeCluster.workload_pool: Google knows it from the
    first cluster on."""


class FleetFeaturesArgs(TypedDict):
    """What FleetFeatures are made from."""

    project: str
    """Id of the fleet's host project."""
    project_number: NotRequired[pulumi.Input[str]]
    """Number of the fleet's host project, Fleet.project_number. Default: looked up."""
    clusters: list[FleetClustersArgs]
    """The projects whose clusters are members, each once."""
    multi_cluster_services: NotRequired[bool]
    """Whether the agents of multi-cluster Services get their access; Fleet turns the feature on.
    Default: true."""
    network_project: NotRequired[str]
    """Id of the Shared VPC host project that the clusters' network is in. Default: the clusters'
    own projects."""
    config_membership: NotRequired[pulumi.Input[str]]
    """Short id of the member that multi-cluster Gateways are configured in,
    GkeCluster.membership; turns them on. Default: they stay off."""
    config_membership_location: NotRequired[pulumi.Input[str]]
    """Location of that membership, GkeCluster.membership_location. Default: `global`."""
    attached_clusters: NotRequired[bool]
    """Whether the telemetry agent of attached clusters may write logs and metrics to the fleet's
    project. Default: false."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the features. Default: none."""


class FleetFeatures(pulumi.ComponentResource):
    """The part of a fleet that stands on its members, made after them and destroyed before them.

    The importer of multi-cluster Services may read networks and endpoints in the fleet's project,
    and their service agent may work in each other project of clusters and in the network's. With
    `config_membership` multi-cluster Gateways are on, and their agent may act on the clusters.
    Raises ArgumentError for wrong or duplicate arguments.
    """

    project: pulumi.Output[str]
    """Id of the fleet's project, once all of this stands: exports and Gateways wait for it."""
    ingress_feature: pulumi.Output[str]
    """Name of the feature `multiclusteringress`, once its agent may act; empty where it is off."""

    def __init__(
        self, name: str, args: FleetFeaturesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("FleetFeatures", name, args, FleetFeaturesArgs, _problems)
        super().__init__("meshwright:index:FleetFeatures", name, {}, opts)
        self._name = name
        self._number = self._project_number(args)
        # Clusters come after their fleet and its APIs, so that waiting for them waits for all.
        pools = pulumi.Output.all(*[item["workload_pool"] for item in args["clusters"]])
        self._project = pools.apply(lambda _: args["project"])
        waits: list[pulumi.Resource] = []
        if args.get("multi_cluster_services", True):
            waits += self._services(args)
        if args.get("attached_clusters", False):
            waits.append(self._telemetry())
        self.ingress_feature = pulumi.Output.from_input("")
        if "config_membership" in args:
            feature, grants = self._ingress(args, args["config_membership"])
            self.ingress_feature = after(feature.name, grants)
            waits += [feature, *grants]
        self.project = after(self._project, waits)
        self.register_outputs(outputs_of(self))

    def _project_number(self, args: FleetFeaturesArgs) -> pulumi.Output[str]:
        if "project_number" in args:
            return pulumi.Output.from_input(args["project_number"])
        return project_number(self, args["project"])

    def _grant(
        self, key: str, project: pulumi.Input[str], role: str, member: pulumi.Input[str]
    ) -> "gcp.projects.IAMMember":
        return gcp.projects.IAMMember(
            f"{self._name}-{key}",
            project=project,
            role=role,
            member=member,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _services(self, args: FleetFeaturesArgs) -> list[pulumi.Resource]:
        """Access of multi-cluster Services: the importer in the clusters, and Google's agent."""
        grants: list[pulumi.Resource] = []
        network = args.get("network_project", args["project"])
        homes: dict[str, pulumi.Input[str]] = {"": self._project}
        if network != args["project"]:
            homes[f"-{network}"] = network
        for item in args["clusters"]:
            importer = _workload(item["workload_pool"], _IMPORTER)
            key = f"importer-{item['project']}"
            grants += [
                self._grant(f"{key}{suffix}-networks", home, _NETWORK_VIEWER, importer)
                for suffix, home in homes.items()
            ]
            grants.append(
                self._grant(f"{key}-endpoints", self._project, _TRAFFIC_DIRECTOR_CLIENT, importer)
            )
        others = _other_projects(args)
        if network != args["project"]:
            others.setdefault(network, network)
        role = "roles/multiclusterservicediscovery.serviceAgent"
        grants += self._agent("services-agent", "multiclusterservicediscovery", others, role)
        return grants

    def _agent(
        self, key: str, api: str, projects: dict[str, pulumi.Input[str]], role: str
    ) -> "list[gcp.projects.IAMMember]":
        """Grants to an agent of the fleet's project."""
        fleet = (self._project, self._number)
        return grant_agent(self, f"{self._name}-{key}", api, fleet, projects, {"role": role})

    def _telemetry(self) -> pulumi.Resource:
        """Logs and metrics of attached clusters come in under the fleet's own pool."""
        pool = pulumi.Output.concat(self._project, ".svc.id.goog")
        member = _workload(pool, _TELEMETRY_AGENT)
        role = "roles/gkemulticloud.telemetryWriter"
        return self._grant("attached-telemetry", self._project, role, member)

    def _ingress(
        self, args: FleetFeaturesArgs, membership: pulumi.Input[str]
    ) -> "tuple[gcp.gkehub.Feature, list[gcp.projects.IAMMember]]":
        """Multi-cluster Gateways, and what their agent needs on the clusters."""
        location = args.get("config_membership_location", "global")
        member = pulumi.Output.concat(
            "projects/", self._project, "/locations/", location, "/memberships/", membership
        )
        feature = gcp.gkehub.Feature(
            f"{self._name}-multiclusteringress",
            name="multiclusteringress",
            location="global",
            project=self._project,
            labels=args.get("labels"),
            spec={"multiclusteringress": {"config_membership": member}},
            opts=pulumi.ResourceOptions(parent=self),
        )
        projects = {"": self._project, **_other_projects(args)}
        grants = self._agent(
            "ingress-agent", "multiclusteringress", projects, "roles/container.admin"
        )
        return feature, grants


def _other_projects(args: FleetFeaturesArgs) -> dict[str, pulumi.Input[str]]:
    """Projects of clusters beside the fleet's own, each once its clusters are there."""
    return {
        item["project"]: pulumi.Output.all(item["project"], item["workload_pool"])[0]
        for item in args["clusters"]
        if item["project"] != args["project"]
    }


def _workload(pool: pulumi.Input[str], account: str) -> pulumi.Output[str]:
    """The member that a Kubernetes service account is to IAM."""
    return pulumi.Output.concat("serviceAccount:", pool, f"[{account}]")


def _problems(args: FleetFeaturesArgs) -> Iterator[tuple[str, str]]:
    yield from number_problems("project_number", args.get("project_number"))
    if not args["clusters"]:
        yield "clusters", "is empty; name the projects whose clusters are members"
    for project in duplicates(item["project"] for item in args["clusters"]):
        yield "clusters", f"{project!r} is named twice; one entry stands for all its clusters"
    if "config_membership_location" in args and "config_membership" not in args:
        yield "config_membership", "missing; config_membership_location is that member's"
