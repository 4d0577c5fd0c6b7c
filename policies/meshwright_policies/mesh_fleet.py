"""The rule that the managed mesh is on, and on by itself, for each cluster that is to have it."""

import re
from collections.abc import Iterator

from meshwright_policies.mesh_control_planes import (
    AUTOMATIC,
    asks_for_managed,
    has_own,
    mesh_features,
    mesh_memberships,
    on_by_default,
    possible_control_planes,
)
from meshwright_policies.mesh_objects import by_cluster, not_known, of_kind, text
from meshwright_policies.rule import (
    CLUSTER,
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    stack_rule,
)
from meshwright_policies.values import UNKNOWN, at

MEMBERSHIP = re.compile(r"gcp:gkehub/membership:Membership$")


@stack_rule(
    "MESH-17",
    severity=Severity.MEDIUM,
    source="Cloud Foundation Fabric's gke-hub defaults",
    title="The fleet's mesh feature is on with automatic management for each cluster, which is "
    "registered, so that Google keeps every control plane and proxy up to date.",
)
def managed_mesh_everywhere(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """Only where the stack has to do with the managed mesh; clusters with a control plane of their
    own cannot be told apart from here, so that a stack with one is not asked about its clusters.
    """
    features, members = mesh_features(resources), mesh_memberships(resources)
    yield from _management(features, members)
    if not (features or members or asks_for_managed(resources)):
        return
    fleet = _Fleet(resources, members)
    left_out = [f for cluster in of_kind(resources, CLUSTER) for f in _joins(cluster, fleet)]
    if not left_out or any(has_own(o) for o in by_cluster(resources).values()):
        return
    if possible_control_planes(resources):
        yield from (Unjudged(finding.where, finding.urn) for finding in left_out)
    else:
        yield from left_out


def _management(features: list[Resource], members: list[Resource]) -> Iterator[Finding]:
    mend = f"Set it to {AUTOMATIC}"
    for member in members:
        yield from not_known(member, "mesh", "management")
        found = at(member.properties, "mesh", "management")
        if found is not UNKNOWN and found != AUTOMATIC:
            yield Violation("mesh.management", _said(found), mend, member.urn)
    for feature in features:
        steps = ("fleetDefaultMemberConfig", "mesh", "management")
        yield from not_known(feature, *steps)
        found = at(feature.properties, *steps)
        if found not in (None, UNKNOWN, AUTOMATIC):
            yield Violation(".".join(steps), _said(found), mend, feature.urn)


class _Fleet:
    """Who is registered in the fleet, and for which members the mesh is on."""

    def __init__(self, resources: list[Resource], members: list[Resource]) -> None:
        self.on_by_default = on_by_default(resources)
        self.with_mesh = {_last(at(member.properties, "membership")) for member in members}
        self._registrations: dict[object, Resource] = {}
        for registration in of_kind(resources, MEMBERSHIP):
            link = at(registration.properties, "endpoint", "gkeCluster", "resourceLink")
            # One without a link is some other cluster's, not that of a cluster without a name.
            if link is not None:
                self._registrations[_last(link)] = registration

    def name(self, cluster: Resource) -> object:
        """The cluster's name in the fleet: None if it is in none, UNKNOWN if that is not known.

        A cluster born in a fleet is called there as it is called itself.
        """
        fleet, name = at(cluster.properties, "fleet"), text(at(cluster.properties, "name"))
        if fleet is UNKNOWN or at(fleet, "project") is UNKNOWN:
            return UNKNOWN
        if at(fleet, "project"):
            known = [at(fleet, key) for key in ("membershipId", "membership")]
            return next((_last(k) for k in known if isinstance(k, str) and k), name)
        if registration := self._registrations.get(name):
            return text(at(registration.properties, "membershipId"))
        return UNKNOWN if UNKNOWN in self._registrations else None


def _joins(cluster: Resource, fleet: _Fleet) -> Iterator[Finding]:
    """What keeps a cluster from being registered and in the mesh."""
    name = fleet.name(cluster)
    if name is UNKNOWN:
        yield Unjudged("fleet", cluster.urn)
    elif name is None:
        yield Violation(
            "fleet",
            "is not set, so that the cluster is no member of the fleet that has the mesh",
            "Set fleet.project to the fleet's project",
            cluster.urn,
        )
    elif not fleet.on_by_default and name not in fleet.with_mesh:
        if UNKNOWN in fleet.with_mesh:
            yield Unjudged("fleet", cluster.urn)
        else:
            yield Violation(
                "fleet",
                f"the mesh is not on for this member of the fleet ({name})",
                f"Add a gkehub FeatureMembership of it with mesh.management {AUTOMATIC}, or "
                "fleetDefaultMemberConfig on the Feature",
                cluster.urn,
            )


def _last(path: object) -> object:
    return path.rpartition("/")[2] if isinstance(path, str) else text(path)


def _said(value: object) -> str:
    return "is not set" if value is None else f"is {value!r}"
