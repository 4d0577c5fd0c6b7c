"""The managed control plane of Cloud Service Mesh, with a gate that opens once it is ready.

Follows https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._outputs import after, outputs_of
from ._validation import checked, duplicates, one_of
from .readiness import MeshReadiness

_REVISIONS = {
    "regular": "asm-managed",
    "rapid": "asm-managed-rapid",
    "stable": "asm-managed-stable",
}


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
    """The managed control plane on each membership, and a gate that opens once all are ACTIVE.

    Nothing is installed in the clusters from here: Google provisions the control plane, and this
    component turns it on per membership and waits. Google chooses its implementation per fleet.
    With TRAFFIC_DIRECTOR these have no effect: remote secrets, a trace sampling rate,
    `localityLbSetting`, WasmPlugin, Kubernetes Ingress, ServiceEntry with a workload selector, and
    most of EnvoyFilter; a DestinationRule with subsets must stand in its Service's namespace and
    cluster. Raises ArgumentError for wrong or duplicate members. A membership that is not ACTIVE in
    time fails the update with its state and the reason that Google gives.
    """

    revision: pulumi.Output[str]
    """The revision that namespaces name, such as `asm-managed`; known once all are ACTIVE."""
    implementations: pulumi.Output[dict[str, str]]
    """`TRAFFIC_DIRECTOR` or `ISTIOD`, by membership id."""

    def __init__(
        self, name: str, args: ManagedMeshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("ManagedMesh", name, args, ManagedMeshArgs, _problems)
        super().__init__("meshwright:index:ManagedMesh", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        turned_on = [
            gcp.gkehub.FeatureMembership(
                f"{name}-{member['name']}",
                project=args["project"],
                location="global",
                feature=args.get("feature", "servicemesh"),
                membership=member["membership"],
                membership_location=member["location"],
                mesh={"management": "MANAGEMENT_AUTOMATIC"},
                opts=child,
            )
            for member in args["members"]
        ]
        readiness = MeshReadiness(
            f"{name}-readiness",
            project=after(args["project"], turned_on),
            memberships=[
                {"membership": member["membership"], "location": member["location"]}
                for member in args["members"]
            ],
            timeout_seconds=args.get("timeout_seconds", 3600),
            opts=child,
        )
        self.revision = after(_REVISIONS[args.get("channel", "regular")], [readiness])
        self.implementations = readiness.states.apply(
            lambda states: {key: state.implementation for key, state in states.items()}
        )
        self.register_outputs(outputs_of(self))


def _problems(args: ManagedMeshArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("channel", args.get("channel"), _REVISIONS)
    if not args["members"]:
        yield "members", "is empty; name at least one membership"
    for name in duplicates(member["name"] for member in args["members"]):
        yield "members", f"two members are named {name!r}; names are unique in a mesh"
