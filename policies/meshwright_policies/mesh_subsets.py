"""The rule that each subset that a route names is declared."""

from collections.abc import Iterator

from meshwright_policies.mesh_exports import is_out_of_sight
from meshwright_policies.mesh_hosts import Hosts, full_host, service_of
from meshwright_policies.mesh_known import charts_homes, homes_of_unrendered
from meshwright_policies.mesh_objects import (
    DESTINATION_RULE,
    VIRTUAL_SERVICE,
    by_cluster,
    items,
    namespace,
    of_kind,
    or_patch,
)
from meshwright_policies.mesh_routes import Destination, destinations
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    stack_rule,
)
from meshwright_policies.values import UNKNOWN, at


@stack_rule(
    "MESH-18",
    severity=Severity.HIGH,
    source="ours, after Istio's analyzer (IST0101)",
    title="Each subset that a route names is declared by a DestinationRule of its host, so that "
    "callers do not get errors in place of a version.",
)
def subsets_exist(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """A DestinationRule counts in its own cluster only, since each control plane reads its own."""
    unseen = homes_of_unrendered(resources)
    for objects in by_cluster(resources).values():
        charts = charts_homes(objects) | unseen
        rules = _Rules(of_kind(objects, or_patch(DESTINATION_RULE)), charts)
        for route in of_kind(objects, or_patch(VIRTUAL_SERVICE)):
            for destination in destinations(route):
                yield from _subset(route, destination, rules)


class _Rules:
    """The DestinationRules of a cluster, by the host that each is for.

    `charts` are the namespaces in which charts may hold further ones.
    """

    def __init__(self, rules: list[Resource], charts: set[object]) -> None:
        self.by_host: Hosts[Resource] = Hosts()
        self._charts = charts
        # Whether some of them could still turn out to be one that is looked for.
        self.unknown = UNKNOWN in charts
        # What a patch adds to a rule whose host it does not say, which another stack may make.
        self.added: list[object] = []
        for rule in rules:
            spec, home = at(rule.properties, "spec"), namespace(rule)
            host = at(spec, "host")
            self.unknown |= UNKNOWN in (host, at(spec, "subsets"), home)
            if isinstance(host, str):
                self.by_host.add(full_host(host, home), rule)
            elif host is None:
                self.added += _subset_names(rule)

    def may_be_in_chart(self, host: str, home: object) -> bool:
        """Whether a chart may hold a rule for a host in full that a route in `home` names."""
        return not self._charts.isdisjoint((home, service_of(host)[1]))


def _subset(route: Resource, destination: Destination, rules: _Rules) -> Iterator[Finding]:
    host, subset = (at(destination.value, key) for key in ("host", "subset"))
    where = f"{destination.path}.subset"
    if subset is None:
        return
    if UNKNOWN in (host, subset, namespace(route)):
        yield Unjudged(where, route.urn)
        return
    full = full_host(host, namespace(route))
    declared = list(rules.by_host.of(full))
    about = [rule for rule in declared if not is_out_of_sight(rule, route, full)]
    named = [known for rule in about for known in _subset_names(rule)]
    if subset in named or subset in rules.added:
        return
    if UNKNOWN in named or rules.unknown:
        yield Unjudged(where, route.urn)
    elif about:
        known = ", ".join(map(str, named)) or "none"
        mend = f"Name one of its subsets ({known}), or add this one to {about[0].name}"
        yield Violation(
            where, f"{subset!r} is no subset of {full}'s DestinationRule", mend, route.urn
        )
    elif not route.is_patch and not rules.may_be_in_chart(full, namespace(route)):
        mend = "Add a DestinationRule for this host that declares it"
        what = f"{subset!r} is declared nowhere: {full} has no DestinationRule in this cluster"
        if declared:
            mend = f"Move {declared[0].name} to the namespace of the Service, and export it"
            what = f"{full}'s DestinationRule is for callers of {namespace(declared[0])} alone"
        yield Violation(where, what, mend, route.urn)


def _subset_names(rule: Resource) -> list[object]:
    return [at(subset, "name") for subset in items(rule.properties, "spec", "subsets")]
