"""Rules that what a route names is there: subsets, hosts and gateways."""

from collections.abc import Iterator
from dataclasses import dataclass

from meshwright_policies.mesh_egress import served_hosts
from meshwright_policies.mesh_exports import is_out_of_sight
from meshwright_policies.mesh_hosts import (
    CLUSTER_SET,
    DOMAIN,
    Hosts,
    covers,
    full_host,
    service_of,
)
from meshwright_policies.mesh_objects import (
    DESTINATION_RULE,
    GATEWAY,
    SERVICE,
    SERVICE_ENTRY,
    VIRTUAL_SERVICE,
    by_cluster,
    items,
    name,
    namespace,
    of_kind,
    or_patch,
    text,
)
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    stack_rule,
)
from meshwright_policies.values import UNKNOWN, at, each

RELEASE = "kubernetes:helm.sh/v3:Release$"


@dataclass(frozen=True)
class Destination:
    """One place that a route sends calls to."""

    path: str
    value: object


@stack_rule(
    "MESH-18",
    severity=Severity.HIGH,
    source="ours, after Istio's analyzer (IST0101)",
    title="Each subset that a route names is declared by a DestinationRule of its host, so that "
    "callers do not get errors in place of a version.",
)
def subsets_exist(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """A DestinationRule counts in its own cluster only, since each control plane reads its own."""
    for objects in by_cluster(resources).values():
        rules = _Rules(of_kind(objects, or_patch(DESTINATION_RULE)), _charts_homes(objects))
        for route in of_kind(objects, or_patch(VIRTUAL_SERVICE)):
            for destination in destinations(route):
                yield from _subset(route, destination, rules)


@stack_rule(
    "MESH-19",
    severity=Severity.HIGH,
    source="ours, after Istio's analyzer (IST0101, IST0132)",
    title="Each route's gateways and hosts exist, so that no route is silently without effect and "
    "no call goes nowhere.",
)
def hosts_and_gateways_exist(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """Services and Gateways are judged in namespaces whose Services or Gateways this stack makes,
    in any of its clusters: what another stack makes cannot be seen here, nor what a chart holds.
    """
    charts = _charts_homes(resources)
    services = _Services(of_kind(resources, or_patch(SERVICE)), charts)
    homes = {namespace(gateway) for gateway in of_kind(resources, GATEWAY)} - charts
    for objects in by_cluster(resources).values():
        gateways = _Gateways(of_kind(objects, or_patch(GATEWAY)), homes)
        entries = _entries(of_kind(objects, or_patch(SERVICE_ENTRY)))
        for route in of_kind(objects, or_patch(VIRTUAL_SERVICE)):
            if at(route.properties, "spec") is UNKNOWN:
                yield Unjudged("spec", route.urn)
                continue
            yield from _gateways(route, gateways)
            for destination in destinations(route):
                yield from _host(route, destination, services, entries)


def destinations(route: Resource) -> Iterator[Destination]:
    """Where a VirtualService sends calls, copies of calls included."""
    for protocol in ("http", "tcp", "tls"):
        for index, rule in each(route.properties, "spec", protocol):
            path = f"spec.{protocol}[{index}]"
            for place, target in each(rule, "route"):
                yield Destination(f"{path}.route[{place}].destination", at(target, "destination"))
            if at(rule, "mirror") is not None:
                yield Destination(f"{path}.mirror", at(rule, "mirror"))
            for place, mirror in each(rule, "mirrors"):
                where = f"{path}.mirrors[{place}].destination"
                yield Destination(where, at(mirror, "destination"))


def _charts_homes(resources: list[Resource]) -> set[object]:
    """The namespaces that Helm installs charts into, whose objects the engine does not know."""
    homes = (text(at(r.properties, "namespace")) for r in of_kind(resources, RELEASE))
    return {"default" if home is None else home for home in homes}


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


class _Gateways:
    """The Gateways of a cluster, by namespace and name.

    `homes` are the namespaces whose Gateways the stack makes.
    """

    def __init__(self, gateways: list[Resource], homes: set[object]) -> None:
        self._homes = homes
        self._by_name: dict[tuple[object, object], list[Resource]] = {}
        for item in gateways:
            self._by_name.setdefault((namespace(item), name(item)), []).append(item)
        self.unknown = any(UNKNOWN in (name(item), namespace(item)) for item in gateways)

    def named(self, wanted: object, home: object) -> list[Resource]:
        """Those that a route in a namespace means by `name` or `namespace/name`."""
        if not isinstance(wanted, str):
            return []
        where, called = _place(wanted)
        return self._by_name.get((where or home, called), [])

    def may_be_elsewhere(self, wanted: object, home: object) -> bool:
        """Whether another stack may make what a route means, and this one makes none that the
        route's author may have meant.
        """
        where, called = _place(str(wanted))
        is_namesake = not where and any(known == called for _, known in self._by_name)
        return (where or home) not in self._homes and not is_namesake


def _place(gateway: str) -> tuple[str, str]:
    """The namespace, empty for a route's own, and the name of a Gateway as a route names it.

    Istio reads the form of its early days too: name.namespace.svc.cluster.local.
    """
    where, slash, called = gateway.rpartition("/")
    if not slash and "." in called:
        called, where = called.split(".")[:2]
    return where.removeprefix("."), called


def _gateways(route: Resource, gateways: _Gateways) -> Iterator[Finding]:
    """The gateways that a route is bound to, and whether they serve its hosts."""
    serving: list[object] = []
    elsewhere = False
    if at(route.properties, "spec", "gateways") is UNKNOWN:
        yield Unjudged("spec.gateways", route.urn)
        return
    names, home = list(each(route.properties, "spec", "gateways")), namespace(route)
    for index, gateway in names:
        where = f"spec.gateways[{index}]"
        if gateway == "mesh":
            continue
        found = gateways.named(gateway, home)
        serving += [host for item in found for host in served_hosts(item, home)]
        if gateway is UNKNOWN or (not found and gateways.unknown):
            serving.append(UNKNOWN)
            yield Unjudged(where, route.urn)
        elif all(item.is_patch for item in found) and (
            found or gateways.may_be_elsewhere(gateway, home)
        ):
            elsewhere = True
        elif not found:
            what = f"{gateway!r} is no Gateway of this cluster"
            yield Violation(where, what, "Name it as namespace/name", route.urn)
            return  # which hosts the gateway that was meant serves cannot be said
    # In a route for callers in the mesh too, a host may be theirs alone; what a Gateway of another
    # stack serves cannot be seen.
    if names and not elsewhere and all(gateway != "mesh" for _, gateway in names):
        yield from _served(route, serving)


def _served(route: Resource, serving: list[object]) -> Iterator[Finding]:
    for index, host in each(route.properties, "spec", "hosts"):
        where = f"spec.hosts[{index}]"
        if host is UNKNOWN:
            yield Unjudged(where, route.urn)
        elif isinstance(host, str) and not any(_overlap(known, host) for known in serving):
            if UNKNOWN in serving:
                yield Unjudged(where, route.urn)
            else:
                yield Violation(
                    where,
                    f"{host!r} is served by none of the route's gateways",
                    "Add it to the hosts of a gateway's server, or correct its spelling",
                    route.urn,
                )


def _overlap(served: object, host: str) -> bool:
    return covers(served, host) or (isinstance(served, str) and covers(host, served))


class _Services:
    """The names of Services by their namespaces; those that charts may add to are left out."""

    def __init__(self, services: list[Resource], charts: set[object]) -> None:
        self._names: dict[object, set[object]] = {UNKNOWN: {UNKNOWN}} if UNKNOWN in charts else {}
        # A patch is of a Service that is there, and says nothing of others beside it.
        self._homes = {namespace(item) for item in services if not item.is_patch}
        self._homes -= charts - {UNKNOWN}
        for item in services:
            self._names.setdefault(namespace(item), set()).add(name(item))

    def beside(self, home: str) -> set[object]:
        """The names in a namespace whose Services the stack makes, and those in one that is not
        known yet.
        """
        if not {home, UNKNOWN} & self._homes:
            return set()
        return self._names.get(home, set()) | self._names.get(UNKNOWN, set())


def _entries(entries: list[Resource]) -> Hosts[Resource]:
    """The ServiceEntries of a cluster, by their hosts."""
    hosts: Hosts[Resource] = Hosts()
    for entry in entries:
        found = at(entry.properties, "spec", "hosts")
        for host in [UNKNOWN] if found is UNKNOWN else items(found):
            hosts.add(host, entry)
    return hosts


def _host(
    route: Resource, destination: Destination, services: _Services, entries: Hosts[Resource]
) -> Iterator[Finding]:
    where, host = f"{destination.path}.host", at(destination.value, "host")
    if UNKNOWN in (host, namespace(route)):
        yield Unjudged(where, route.urn)
        return
    full = full_host(host, namespace(route))
    if full.endswith(CLUSTER_SET) or any(entries.of(full)):
        return
    inside = full.endswith(DOMAIN)
    called, home = service_of(full)
    neighbours = services.beside(home)
    if inside and (called in neighbours or not neighbours):
        return
    if not inside and route.is_patch:
        return  # whoever makes the route may make the ServiceEntry
    if entries.unknown or (inside and UNKNOWN in neighbours):
        yield Unjudged(where, route.urn)
    else:
        yield Violation(
            where,
            f"{full!r} is no Service of this stack and no host of a ServiceEntry",
            "Correct its spelling, or add a ServiceEntry"
            if inside
            else "Add a ServiceEntry for it, or correct its spelling",
            route.urn,
        )
