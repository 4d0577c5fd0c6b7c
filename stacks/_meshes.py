"""The control planes of a spec: one component a kind, and which revision a namespace takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import (
    ControlPlaneRevisionArgs,
    Fleet,
    GkeCluster,
    InClusterMesh,
    InClusterMeshArgs,
    IstioMesh,
    IstioMeshArgs,
    ManagedMesh,
    MeshCertificateAuthority,
    MeshMemberArgs,
)
from stacks.spec import Platform
from stacks.spec_mesh import MeshKind
from stacks.spec_services import Namespace


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


def kind_of(spec: Platform, cluster: str) -> MeshKind:
    """The kind of a cluster's control plane."""
    own: list[MeshKind | None] = [c.mesh for c in spec.clusters if c.name == cluster]
    return own[0] or spec.mesh.kind


def managed(
    spec: Platform,
    fleet: Fleet,
    clusters: Mapping[str, GkeCluster],
    kubeconfigs: Mapping[str, pulumi.Output[str]],
    authorities: Mapping[str, MeshCertificateAuthority],
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
            "multi_cluster": len(members) > 1,
            "members": [
                _member(
                    name, clusters[name], kubeconfigs[name], authority_of(spec, name, authorities)
                )
                for name in members
            ],
        },
        opts=opts,
    )


def authority_of(
    spec: Platform, cluster: str, authorities: Mapping[str, MeshCertificateAuthority]
) -> MeshCertificateAuthority | None:
    """The certificate authority that a cluster names; None where it has its mesh's own."""
    named = next(c.certificate_authority for c in spec.clusters if c.name == cluster)
    return authorities[named] if named is not None else None


def _member(
    name: str,
    cluster: GkeCluster,
    kubeconfig: pulumi.Output[str],
    authority: MeshCertificateAuthority | None,
) -> MeshMemberArgs:
    args: MeshMemberArgs = {
        "name": name,
        "membership": cluster.membership,
        "location": cluster.membership_location,
        "kubeconfig": kubeconfig,
    }
    if authority is not None:
        args["asm_options"] = authority.asm_options
    return args


def plane(
    spec: Platform,
    name: str,
    cluster: GkeCluster,
    fleet: Fleet,
    mesh: ManagedMesh | None,
    authority: MeshCertificateAuthority | None,
    provider: kubernetes.Provider,
) -> ControlPlane:
    """The control plane of a cluster; what runs inside the cluster is installed here."""
    inside = pulumi.ResourceOptions(providers=[provider])
    match kind_of(spec, name):
        case "istio":
            return _istio(spec, name, fleet, inside)
        case "in_cluster":
            return _in_cluster(spec, name, cluster, fleet, authority, inside)
        case "managed":
            assert mesh is not None, "a cluster has the managed mesh, so that it was built"
            return ControlPlane(mesh.revision_of(name), fleet.trust_domain)


def outputs(mesh: ManagedMesh | None) -> dict[str, pulumi.Input[object]]:
    """What the stack tells of its managed mesh."""
    if mesh is None:
        return {}
    return {"revision": mesh.revision, "implementations": mesh.implementations}


def _istio(
    spec: Platform, cluster: str, fleet: Fleet, opts: pulumi.ResourceOptions
) -> ControlPlane:
    istio = spec.mesh.istio
    revisions: list[ControlPlaneRevisionArgs] = [
        {"name": revision.name, "version": revision.version or istio.version}
        for revision in istio.revisions
    ]
    args: IstioMeshArgs = {
        "charts": istio.chart_repository,
        "version": istio.version,
        "revisions": revisions,
        "default_revision": istio.revisions[0].name,
        "replicas": istio.replicas,
        "mesh_id": fleet.mesh_id,
        "trust_domain": fleet.trust_domain,
        "cluster_name": cluster,
    }
    if istio.image_hub is not None:
        args["hub"] = istio.image_hub
    mesh = IstioMesh(f"{cluster}-istio", args, opts=opts)
    names = [revision.name for revision in istio.revisions]
    return ControlPlane(mesh.revision, fleet.trust_domain, _each(mesh.revisions, names))


def _in_cluster(
    spec: Platform,
    name: str,
    cluster: GkeCluster,
    fleet: Fleet,
    authority: MeshCertificateAuthority | None,
    opts: pulumi.ResourceOptions,
) -> ControlPlane:
    google = spec.mesh.in_cluster
    revisions: list[ControlPlaneRevisionArgs] = [
        {"version": revision.version, "charts": revision.charts or google.charts}
        for revision in google.revisions
    ]
    args: InClusterMeshArgs = {
        "project": fleet.project,
        "project_number": fleet.project_number,
        "cluster": cluster.cluster_name,
        "location": cluster.location,
        "charts": google.charts,
        "revisions": revisions,
        "default_revision": google.revisions[0].name,
        "platform": "gke",
        "ca": google.certificate_authority,
        "replicas": google.replicas,
    }
    if authority is not None:
        args["ca"] = "ca_service"
        args["ca_pool"] = authority.pool
    mesh = InClusterMesh(f"{name}-mesh", args, opts=opts)
    names = [revision.name for revision in google.revisions]
    return ControlPlane(mesh.revision, mesh.trust_domain, _each(mesh.revisions, names))


def _each(
    revisions: pulumi.Output[dict[str, str]], names: list[str]
) -> dict[str, pulumi.Input[str]]:
    """Each revision by its name, once all of them answer."""
    return {name: revisions[name] for name in names}
