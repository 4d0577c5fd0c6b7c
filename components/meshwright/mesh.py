"""The managed control plane of Cloud Service Mesh, with a gate that opens once it is ready.

Follows https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane.
"""

from typing import NotRequired, TypedDict

import pulumi


class MeshMemberArgs(TypedDict):
    """A fleet membership that gets the managed mesh."""

    name: str
    """Short name for the resources made here, unique in the mesh."""
    membership: pulumi.Input[str]
    """Short id of the membership, GkeCluster.membership."""
    location: pulumi.Input[str]
    """Location of the membership, GkeCluster.membership_location."""


class ManagedMeshArgs(TypedDict):
    """What a ManagedMesh is made from."""

    project: pulumi.Input[str]
    """Id of the fleet's project."""
    members: list[MeshMemberArgs]
    """The memberships, at least one."""
    feature: NotRequired[pulumi.Input[str]]
    """Name of the fleet's mesh feature, Fleet.mesh_feature. Default: `servicemesh`."""
    channel: NotRequired[str]
    """`regular`, `rapid` or `stable`; it cannot be changed later. Default: `regular`."""
    timeout_seconds: NotRequired[pulumi.Input[int]]
    """How long to wait for every membership to be ACTIVE, in seconds. Default: 3600."""


class ManagedMesh(pulumi.ComponentResource):
    """The managed mesh."""

    revision: pulumi.Output[str]
    """The revision that namespaces name, such as `asm-managed`; known once every membership is ACTIVE."""
    implementations: pulumi.Output[dict[str, str]]
    """`TRAFFIC_DIRECTOR` or `ISTIOD`, by membership id."""

    def __init__(
        self, name: str, args: ManagedMeshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:ManagedMesh", name, {}, opts)
