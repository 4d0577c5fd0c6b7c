"""The rule that calls out of the mesh have a boundary that a compromised pod cannot step over."""

from collections.abc import Iterator

from meshwright_policies.mesh_control_planes import CHART, CONFIG_MAP, mesh_config
from meshwright_policies.mesh_hosts import Hosts
from meshwright_policies.mesh_objects import (
    API_GATEWAY,
    GATEWAY,
    NAMESPACE,
    NAMESPACE_PATCH,
    NETWORK_POLICY,
    SERVICE_ENTRY,
    SIDECAR,
    is_system,
    items,
    joins_mesh,
    labels,
    mapping,
    meshes,
    name,
    namespace,
    of_kind,
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

USE_WAYPOINT = "istio.io/use-waypoint"
NO_WAYPOINT = (None, "", "none")
OUTBOUND_MODE = ("outboundTrafficPolicy", "mode")


@stack_rule(
    "MESH-13",
    severity=Severity.MEDIUM,
    source="Istio's security best practices (egress traffic)",
    title="What may leave the mesh goes through an egress gateway and is held by NetworkPolicies, "
    "so that a pod that goes around its proxy gets nowhere.",
)
def egress_boundary(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """REGISTRY_ONLY needs packets to be denied too; an outside host needs a gateway on its way."""
    for objects in meshes(resources).values():
        packets = _Packets(of_kind(objects, NETWORK_POLICY))
        for sidecar in of_kind(objects, SIDECAR):
            yield from _sidecar(sidecar, objects, packets, settings)
        for holder in of_kind(objects, CHART, CONFIG_MAP):
            yield from _whole_mesh(holder, objects, packets, settings)
        served: Hosts[Resource] = Hosts()
        for gateway in of_kind(objects, GATEWAY):
            for host in served_hosts(gateway):
                served.add(host, gateway)
        for gateway in of_kind(objects, API_GATEWAY):
            for host in _listeners_hosts(gateway):
                served.add(host, gateway)
        homes = of_kind(objects, NAMESPACE, NAMESPACE_PATCH)
        by_waypoint = {name(home) for home in homes if _waypoint(home) not in NO_WAYPOINT}
        for entry in of_kind(objects, SERVICE_ENTRY):
            own = _waypoint(entry)
            # What the entry says counts before what its namespace says.
            if own == "none" or (own in NO_WAYPOINT and namespace(entry) not in by_waypoint):
                yield from _outside_hosts(entry, served)


class _Packets:
    """Which namespaces of a cluster hold back what all their pods send."""

    def __init__(self, policies: list[Resource]) -> None:
        self.held = {namespace(policy) for policy in policies if _holds_egress(policy)}
        self.unknown = any(policy.properties is UNKNOWN for policy in policies)


def _sidecar(
    sidecar: Resource, objects: list[Resource], packets: _Packets, settings: Settings
) -> Iterator[Finding]:
    where = ("spec", *OUTBOUND_MODE)
    mode = at(sidecar.properties, *where)
    if UNKNOWN in (mode, namespace(sidecar)):
        yield Unjudged(".".join(where), sidecar.urn)
    elif mode == "REGISTRY_ONLY":
        reached = _reached(sidecar, objects, settings)
        yield from _registry_only(sidecar, ".".join(where), reached, packets)


def _whole_mesh(
    holder: Resource, objects: list[Resource], packets: _Packets, settings: Settings
) -> Iterator[Finding]:
    """The same setting in the mesh config, for all namespaces in the mesh."""
    if not (found := mesh_config(holder, settings)):
        return
    path, config = found
    where, mode = ".".join((path, *OUTBOUND_MODE)), at(config, *OUTBOUND_MODE)
    if mode is UNKNOWN:
        yield Unjudged(path if config is UNKNOWN else where, holder.urn)
    elif mode == "REGISTRY_ONLY":
        yield from _registry_only(holder, where, _in_mesh(objects), packets)


def _registry_only(
    item: Resource, where: str, reached: list[object], packets: _Packets
) -> Iterator[Finding]:
    free = [str(home) for home in reached if home not in packets.held]
    if free and packets.unknown:
        yield Unjudged(where, item.urn)
    elif free:
        yield Violation(
            where,
            f"is 'REGISTRY_ONLY', which only the proxy keeps, and no NetworkPolicy holds packets "
            f"out of {', '.join(free)}",
            "Add a NetworkPolicy with policyTypes Egress that lets pods reach the egress gateway, "
            "DNS and the control plane only",
            item.urn,
        )


def _reached(sidecar: Resource, objects: list[Resource], settings: Settings) -> list[object]:
    """The namespaces whose pods a Sidecar is for: its own, or all that are in the mesh."""
    if namespace(sidecar) != settings.root_namespace:
        return [namespace(sidecar)]
    return _in_mesh(objects)


def _in_mesh(objects: list[Resource]) -> list[object]:
    """The names of a cluster's namespaces that are in the mesh."""
    return [
        name(item)
        for item in of_kind(objects, NAMESPACE)
        if joins_mesh(mapping(labels(item))) and not is_system(name(item))
    ]


def _holds_egress(policy: Resource) -> bool:
    """Whether a NetworkPolicy restricts what all pods of its namespace send.

    Without policyTypes, rules for egress mean that it does.
    """
    spec = at(policy.properties, "spec")
    selector = mapping(at(spec, "podSelector"))
    types = items(spec, "policyTypes")
    restricts = "Egress" in types if types else bool(items(spec, "egress"))
    return restricts and not any(selector.values())


def _outside_hosts(entry: Resource, served: Hosts[Resource]) -> Iterator[Finding]:
    """The hosts of a ServiceEntry, each of which some Gateway's server must take."""
    spec = at(entry.properties, "spec")
    if spec is UNKNOWN or at(spec, "hosts") is UNKNOWN or at(spec, "location") is UNKNOWN:
        yield Unjudged("spec.hosts", entry.urn)
        return
    if at(spec, "location") == "MESH_INTERNAL":
        return
    for index, host in each(spec, "hosts"):
        where = f"spec.hosts[{index}]"
        if isinstance(host, str) and any(served.of(host)):
            continue
        if host is UNKNOWN or served.unknown:
            yield Unjudged(where, entry.urn)
        else:
            yield Violation(
                where,
                f"{host!r} is reached from every pod directly",
                "Route it through an egress gateway: a Gateway with a server for this host, and a "
                "VirtualService that sends calls there",
                entry.urn,
            )


def _listeners_hosts(gateway: Resource) -> Iterator[object]:
    """The hosts of the listeners of a Gateway of the Gateway API, which may be egress too."""
    spec = at(gateway.properties, "spec")
    if spec is UNKNOWN or at(spec, "listeners") is UNKNOWN:
        yield UNKNOWN
    for _, listener in each(spec, "listeners"):
        if (host := at(listener, "hostname")) is not None:
            yield host


def _waypoint(item: Resource) -> object:
    """The waypoint, ambient mode's egress gateway, that labels of a ServiceEntry, or of its
    namespace, send its calls through.
    """
    return mapping(labels(item)).get(USE_WAYPOINT)


def served_hosts(gateway: Resource, home: object = UNKNOWN) -> Iterator[object]:
    """The hosts of a Gateway's servers, without the namespaces that may stand before them.

    Those that routes of namespace `home` may not have are left out, if it is known.
    """
    own, spec = namespace(gateway), at(gateway.properties, "spec")
    if spec is UNKNOWN or at(spec, "servers") is UNKNOWN:
        yield UNKNOWN
    for _, server in each(spec, "servers"):
        if at(server, "hosts") is UNKNOWN:
            yield UNKNOWN
        for _, host in each(server, "hosts"):
            where, _, bare = host.rpartition("/") if isinstance(host, str) else ("", "", host)
            where = own if where == "." else where
            if where in ("", "*", home) or UNKNOWN in (home, where):
                yield bare
