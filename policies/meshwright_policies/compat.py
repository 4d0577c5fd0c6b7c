"""Rules for what Google's implementations of the control plane take, and until when they last."""

import re
from collections.abc import Iterator

from meshwright_policies.compat_objects import not_taken, service_places
from meshwright_policies.mesh_control_planes import (
    CHART,
    FEATURE_MEMBERSHIP,
    asks_for_managed,
    control_planes,
    has_own,
    is_googles,
    mesh_features,
    mesh_memberships,
    possible_control_planes,
    turned_on,
)
from meshwright_policies.mesh_objects import SERVICE, by_cluster, kind, meshes, not_known, of_kind
from meshwright_policies.rule import (
    CLUSTER,
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
    stack_rule,
)
from meshwright_policies.values import UNKNOWN, at

CONTROL_PLANE_REVISION = kind("mesh.cloud.google.com", "ControlPlaneRevision")
API_SUPPORT = "https://docs.cloud.google.com/service-mesh/docs/onboarding/api-support"
RELEASE_NOTES = "https://docs.cloud.google.com/service-mesh/docs/release-notes"
ATTACHED_CLUSTERS = "https://docs.cloud.google.com/kubernetes-engine/multi-cloud/docs/attached"
ISTIOD_END_OF_SUPPORT = "2028-03-01"
ISTIOD_MEND = (
    "Move to the managed control plane (mesh.management MANAGEMENT_AUTOMATIC), whose "
    "implementation is TRAFFIC_DIRECTOR; on GDC software-only (bare metal, VMware) it stays "
    "supported"
)


@stack_rule(
    "COMPAT-01",
    severity=Severity.HIGH,
    source=f"Google: {API_SUPPORT}",
    title="A cluster with the managed mesh holds nothing that its TRAFFIC_DIRECTOR implementation "
    "ignores, so that what the file says is what proxies do.",
)
def taken_by_traffic_director(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """A cluster is managed if its namespaces say so, or if the stack turns the managed mesh on
    and shows no other control plane in the cluster.
    """
    on = turned_on(resources)
    services = service_places(of_kind(resources, SERVICE))
    for objects in by_cluster(resources).values():
        asked = asks_for_managed(objects)
        if not asked and (not on or has_own(objects)):
            continue
        found = [f for item in objects for f in not_taken(item, services, settings)]
        if not asked and of_kind(possible_control_planes(objects), CHART):
            # A chart of which nothing is known yet may be the cluster's own control plane.
            found = [Unjudged(finding.where, finding.urn) for finding in found]
        yield from found
    for member in mesh_memberships(resources):
        yield from not_known(member, "mesh", "management")


@stack_rule(
    "COMPAT-02",
    severity=Severity.MEDIUM,
    source=f"Google: {RELEASE_NOTES}",
    title=f"No GKE cluster's mesh is run by ISTIOD, whose support there ends on "
    f"{ISTIOD_END_OF_SUPPORT}, so that no deadline forces the move.",
)
def no_istiod_on_gke(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """Google's builds of istiod in a cluster, and what provisions the managed ISTIOD by hand."""
    for revision in of_kind(resources, CONTROL_PLANE_REVISION):
        yield _ends("kind", "is 'ControlPlaneRevision', made by hand,", revision)
    if not of_kind(resources, CLUSTER):
        return
    for member in of_kind(resources, FEATURE_MEMBERSHIP):
        if at(member.properties, "mesh", "management") == "MANAGEMENT_MANUAL":
            yield _ends("mesh.management", "is 'MANAGEMENT_MANUAL'", member)
    possible = possible_control_planes(resources)
    if not _has_mesh(resources):
        # Each Deployment of a program without a mesh would be said not to be known yet.
        possible = of_kind(possible, CHART)
    for item in possible:
        yield Unjudged("chart" if "helm" in item.type else "spec", item.urn)
    for item in control_planes(resources):
        if is_googles(item):
            where = "chart" if "helm" in item.type else "metadata.name"
            yield _ends(where, "is Google's istiod inside the cluster", item)


@resource_rule(
    "COMPAT-03",
    severity=Severity.LOW,
    source=f"Google: {ATTACHED_CLUSTERS}",
    title="No EKS or AKS cluster is newly attached, since Google has deprecated this, so that no "
    "workload has to move again.",
    types=r"gcp:container/attachedCluster:AttachedCluster$",
)
def no_attached_eks_or_aks(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Other conformant clusters stay."""
    found = at(resource.properties, "distribution")
    if found is UNKNOWN:
        yield Unjudged("distribution")
    elif isinstance(found, str) and re.fullmatch("eks|aks", found, re.IGNORECASE):
        yield Violation(
            "distribution",
            f"is {found!r}, an attached cluster of a deprecated sort",
            "Plan to run its workloads on GKE, and have an exemption say until when it stays",
        )


def _has_mesh(resources: list[Resource]) -> bool:
    """Whether a stack shows any mesh: the fleet's, or what objects of a cluster tell."""
    return bool(mesh_features(resources) or mesh_memberships(resources) or meshes(resources))


def _ends(where: str, what: str, resource: Resource) -> Violation:
    ends = "which means ISTIOD: deprecated since 2026-09-28, supported until "
    return Violation(where, f"{what}, {ends}{ISTIOD_END_OF_SUPPORT}", ISTIOD_MEND, resource.urn)
