"""A fleet that is ready for the managed mesh: APIs, the fleet itself, its features, and the mesh's IAM.

Follows https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane and, for clusters
outside the fleet's project, https://cloud.google.com/service-mesh/docs/operate-and-maintain/multi-project.
"""

from typing import NotRequired, TypedDict

import pulumi


class FleetMemberArgs(TypedDict):
    """An existing GKE cluster to register; clusters made by GkeCluster register themselves."""

    name: str
    """Membership id, unique in the fleet."""
    cluster: pulumi.Input[str]
    """`projects/P/locations/L/clusters/C`."""
    location: NotRequired[pulumi.Input[str]]
    """Location of the membership: the cluster's region, or `global`. Default: `global`."""


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
    """Whether every future member gets the managed mesh by itself. Default: false; ManagedMesh turns it on per cluster."""
    multi_cluster_services: NotRequired[bool]
    """Whether to turn multi-cluster Services on. Default: false."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the fleet and its features. Default: none."""


class Fleet(pulumi.ComponentResource):
    """A fleet."""

    project: pulumi.Output[str]
    """Id of the fleet's project, once its APIs are on and the fleet exists: a cluster can be born into it."""
    project_number: pulumi.Output[str]
    """Number of the fleet's project."""
    mesh_id: pulumi.Output[str]
    """`proj-NUMBER`: the value of the label `mesh_id`."""
    mesh_feature: pulumi.Output[str]
    """Name of the mesh feature, once it is on and Google's mesh agent may act in every project."""
    trust_domain: pulumi.Output[str]
    """`PROJECT.svc.id.goog`: the fleet's workload identity pool and the mesh's trust domain."""
    memberships: pulumi.Output[dict[str, str]]
    """Full resource name of each membership made from `members`, by its id."""

    def __init__(
        self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:Fleet", name, {}, opts)
