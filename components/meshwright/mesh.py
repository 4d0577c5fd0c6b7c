"""The managed control plane of Cloud Service Mesh, with gates that open once it is ready.

Follows https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane, for several
clusters https://cloud.google.com/service-mesh/docs/operate-and-maintain/multi-cluster, and for what
an implementation takes https://cloud.google.com/service-mesh/docs/supported-features-managed.
"""

from collections.abc import Iterator, Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes

from ._compatibility import NOT_TAKEN, findings
from ._kube import ROOT_NAMESPACE
from ._outputs import after, outputs_of
from ._validation import checked, duplicates, one_of
from .readiness import MeshMemberState, MeshReadiness

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
    kubeconfig: NotRequired[pulumi.Input[str]]
    """Secret: the way into the cluster, GkeCluster.kubeconfig; `multi_cluster` and `asm_options`
    need it, since what they say stands in the cluster. Default: none."""
    asm_options: NotRequired[pulumi.Input[str]]
    """Options of the cluster's control plane that Google reads when it turns the mesh on there,
    such as MeshCertificateAuthority.asm_options. Default: none."""


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
    multi_cluster: NotRequired[bool]
    """Whether every cluster finds the services of all others. Default: false, and what the cluster
    says already is left alone."""
    uses: NotRequired[list[str]]
    """What the mesh's users count on, of: `cross_namespace_subsets`, `envoy_filter`,
    `kubernetes_ingress`, `locality_load_balancing`, `remote_secrets`,
    `service_entry_mesh_internal`, `service_entry_workload_selector`, `trace_sampling`,
    `wasm_plugin`. What the implementation that Google chose does not take of it is warned of.
    Default: none."""
    timeout_seconds: NotRequired[pulumi.Input[int]]
    """How long to wait for every membership to be ACTIVE, in seconds. Default: 3600."""


class ManagedMesh(pulumi.ComponentResource):
    """The managed control plane on each membership, and a gate each that opens once it is ACTIVE.

    Nothing is installed in the clusters from here: Google provisions the control plane, and this
    component turns it on per membership and waits. Settings that Google reads in the cluster
    (`asm-options`) stand there before it is turned on. Google chooses its implementation per fleet;
    `findings` names what it does not take of `uses`, and the end of support of ISTIOD. A
    namespace's injection label has one owner, MeshNamespace, to which `revision` goes: it is
    `istio.io/rev`, or `istio-injection` without a revision, never both. Raises ArgumentError for
    wrong or duplicate members. A membership that is not ACTIVE in time fails the update with its
    state and the reason that Google gives.
    """

    revision: pulumi.Output[str]
    """The revision that namespaces name, such as `asm-managed`; known once all are ACTIVE. In
    Python, `revision_of(name)` is there once that member is, and is what its cluster needs."""
    implementations: pulumi.Output[dict[str, str]]
    """`TRAFFIC_DIRECTOR` or `ISTIOD`, by membership id."""
    findings: pulumi.Output[list[str]]
    """What does not fit the implementation, a sentence each; also shown as warnings."""

    def __init__(
        self, name: str, args: ManagedMeshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("ManagedMesh", name, args, ManagedMeshArgs, _problems)
        super().__init__("meshwright:index:ManagedMesh", name, {}, opts)
        # A gate each, not one for all: with one, every object of a cluster would stand on every
        # cluster of the mesh, and the slowest of them would hold up all others.
        gates = {member["name"]: self._gate(name, args, member) for member in args["members"]}
        revision = _REVISIONS[args.get("channel", "regular")]
        self._revisions = {member: after(revision, [gate]) for member, gate in gates.items()}
        self.revision = after(revision, gates.values())
        self.implementations = pulumi.Output.all(
            *[gate.states.apply(_implementations) for gate in gates.values()]
        ).apply(lambda members: {key: found[key] for found in members for key in found})
        self.findings = self.implementations.apply(
            lambda found: self._told(findings(found, args.get("uses", [])))
        )
        self.register_outputs(outputs_of(self))

    def revision_of(self, member: str) -> pulumi.Output[str]:
        """`revision`, known once the mesh is ACTIVE on this member, whatever the others are.

        It is what goes into the member's own cluster. KeyError for a name that no member has.
        """
        return self._revisions[member]

    def _gate(self, name: str, args: ManagedMeshArgs, member: MeshMemberArgs) -> MeshReadiness:
        """Turn the mesh on for a member; what it gives is there once it is ACTIVE."""
        turned_on = gcp.gkehub.FeatureMembership(
            f"{name}-{member['name']}",
            project=args["project"],
            location="global",
            feature=args.get("feature", "servicemesh"),
            membership=after(member["membership"], self._cluster_options(name, args, member)),
            membership_location=member["location"],
            mesh={"management": "MANAGEMENT_AUTOMATIC"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return MeshReadiness(
            f"{name}-{member['name']}-readiness",
            project=after(args["project"], [turned_on]),
            memberships=[{"membership": member["membership"], "location": member["location"]}],
            timeout_seconds=args.get("timeout_seconds", 3600),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _cluster_options(
        self, name: str, args: ManagedMeshArgs, member: MeshMemberArgs
    ) -> list[pulumi.Resource]:
        """The ConfigMap that Google's control plane reads in the cluster, where there is cause."""
        data: dict[str, pulumi.Input[str]] = {}
        if "asm_options" in member:
            data["ASM_OPTS"] = member["asm_options"]
        if args.get("multi_cluster"):
            data["multicluster_mode"] = "connected"
        if not data or "kubeconfig" not in member:
            return []
        role = f"{name}-{member['name']}"
        inside = kubernetes.Provider(
            f"{role}-cluster",
            kubeconfig=member["kubeconfig"],
            cluster_identifier=pulumi.Output.concat(member["location"], "/", member["membership"]),
            # Google may have made both already, and writes other keys itself.
            upsert_existing_objects=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        into = pulumi.ResourceOptions(parent=self, provider=inside)
        namespace = kubernetes.core.v1.Namespace(
            f"{role}-root-namespace",
            # No pod of the managed control plane runs there; what a team puts there holds this.
            metadata={
                "name": ROOT_NAMESPACE,
                "labels": {"pod-security.kubernetes.io/enforce": "baseline"},
            },
            # The control plane's own objects stand there too.
            opts=pulumi.ResourceOptions.merge(into, pulumi.ResourceOptions(retain_on_delete=True)),
        )
        options = kubernetes.core.v1.ConfigMap(
            f"{role}-options",
            metadata={"name": "asm-options", "namespace": after(ROOT_NAMESPACE, [namespace])},
            data=data,
            opts=into,
        )
        return [options]

    def _told(self, found: list[str]) -> list[str]:
        for finding in found:
            pulumi.warn(finding, self)
        return found


def _implementations(states: Mapping[str, MeshMemberState]) -> dict[str, str]:
    return {membership: state.implementation for membership, state in states.items()}


def _problems(args: ManagedMeshArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("channel", args.get("channel"), _REVISIONS)
    if not args["members"]:
        yield "members", "is empty; name at least one membership"
    for index, used in enumerate(args.get("uses", [])):
        yield from one_of(f"uses[{index}]", used, NOT_TAKEN)
    for index, member in enumerate(args["members"]):
        needs = "asm_options" if "asm_options" in member else "multi_cluster"
        if "kubeconfig" not in member and ("asm_options" in member or args.get("multi_cluster")):
            yield f"members[{index}].kubeconfig", f"missing; `{needs}` is said in the cluster"
    for name in duplicates(member["name"] for member in args["members"]):
        yield "members", f"two members are named {name!r}; names are unique in a mesh"
