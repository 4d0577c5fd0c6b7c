"""The control planes of a spec: one component a kind, and which revision a namespace takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from meshwright import Fleet, GkeCluster, ManagedMesh
from stacks.spec import Platform
from stacks.spec_mesh import MeshKind
from stacks.spec_services import Namespace


def kind_of(spec: Platform, cluster: str) -> MeshKind:
    """The kind of a cluster's control plane."""
    own: list[MeshKind | None] = [c.mesh for c in spec.clusters if c.name == cluster]
    return own[0] or spec.mesh.kind


def managed(
    spec: Platform,
    fleet: Fleet,
    clusters: Mapping[str, GkeCluster],
    opts: pulumi.ResourceOptions,
) -> ManagedMesh | None:
    """The managed mesh of the clusters that have it; None where none has."""
    members = [name for name in clusters if kind_of(spec, name) == "managed"]
    if not members:
        return None
    return ManagedMesh(
        "mesh",
        {
            "project": fleet.project,
            "feature": fleet.mesh_feature,
            "channel": spec.mesh.channel,
            "timeout_seconds": spec.mesh.timeout_seconds,
            "members": [
                {
                    "name": name,
                    "membership": clusters[name].membership,
                    "location": clusters[name].membership_location,
                }
                for name in members
            ],
        },
        opts=opts,
    )


@dataclass(frozen=True)
class ControlPlane:
    """The control plane of one cluster, as what stands inside needs it."""

    default: pulumi.Input[str]
    """Revision of namespaces that name none, once the control plane answers."""
    trust_domain: pulumi.Input[str]
    """Trust domain of its workloads."""
    revisions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Each revision once it answers, by the name that namespaces give."""

    def of(self, namespace: Namespace) -> pulumi.Input[str]:
        """The revision of a namespace's proxies."""
        return self.revisions.get(namespace.revision or "", self.default)


def plane(spec: Platform, cluster: str, fleet: Fleet, mesh: ManagedMesh | None) -> ControlPlane:
    """The control plane of a cluster."""
    assert mesh is not None, f"{kind_of(spec, cluster)} is not built yet"
    return ControlPlane(mesh.revision, fleet.trust_domain)


def outputs(mesh: ManagedMesh | None) -> dict[str, pulumi.Input[object]]:
    """What the stack tells of its managed mesh."""
    if mesh is None:
        return {}
    return {"revision": mesh.revision, "implementations": mesh.implementations}
