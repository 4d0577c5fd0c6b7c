"""What routes of the Gateway API are attached to: Gateways that take them, and Services."""

from collections.abc import Iterator
from dataclasses import dataclass

from meshwright_policies.api_backends import has_port
from meshwright_policies.api_listeners import Listener, Namespaces, answers, listeners
from meshwright_policies.api_routes import Parent, parents
from meshwright_policies.mesh_hosts import overlap
from meshwright_policies.mesh_known import Named, Services
from meshwright_policies.mesh_objects import items, name, namespace
from meshwright_policies.rule import Finding, Resource, Unjudged, Violation
from meshwright_policies.values import UNKNOWN, at, each, unjudged


@dataclass(frozen=True)
class Around:
    """What stands in the cluster of a route, and may be its parent."""

    gateways: Named
    namespaces: Namespaces
    services: Services


def parents_take(route: Resource, around: Around) -> Iterator[Finding]:
    """Each parent of a route is there and takes it, and serves its hosts."""
    for finding in unjudged(route.properties, "spec", "parentRefs"):
        yield Unjudged(finding.where, route.urn)
    serving: list[Listener] = []
    is_seen = True
    for parent in parents(route):
        if parent.is_service:
            # Whoever runs the service may make it elsewhere, and routes for it here.
            yield from has_port(parent, around.services)
            continue
        found = around.gateways.of(parent.home, parent.called) if parent.is_gateway else []
        wrong = list(_gateway(parent, found, around))
        yield from wrong
        is_seen &= bool(found) and not wrong and not any(item.is_patch for item in found)
        serving += [
            listener
            for listener in listeners(found)
            if False not in answers(listener, parent, around.namespaces)
        ]
    if is_seen and serving:
        yield from _served(route, serving)


def _gateway(parent: Parent, found: list[Resource], around: Around) -> Iterator[Finding]:
    """Whether a Gateway is there and takes a route; of one that is only patched not all is seen."""
    called, home, urn = parent.called, parent.home, parent.route.urn
    if not parent.is_gateway or called is None or any(item.is_patch for item in found):
        return
    if UNKNOWN in (called, home) or (not found and around.gateways.unknown):
        yield Unjudged(parent.path, urn)
    elif found:
        yield from _attached(parent, found, around.namespaces)
    elif not around.gateways.may_be_elsewhere(home, called, is_placed=parent.is_placed):
        what = f"{home}/{called} is no Gateway of this cluster"
        mend = "Correct its name, or write the namespace that it is in"
        yield Violation(parent.path, what, mend, urn)


def _attached(parent: Parent, found: list[Resource], namespaces: Namespaces) -> Iterator[Finding]:
    table = [answers(listener, parent, namespaces) for listener in listeners(found)]
    refused = [row.index(False) for row in table if False in row]
    if any(at(item.properties, "spec", "listeners") is UNKNOWN for item in found):
        yield Unjudged(parent.path, parent.route.urn)
    elif table and len(refused) == len(table):
        # How far the listener came that came furthest tells what is wrong.
        yield _refusal(parent, found[0], max(refused))
    elif table and not any(all(row) for row in table):
        yield Unjudged(parent.path, parent.route.urn)


def _refusal(parent: Parent, gateway: Resource, step: int) -> Violation:
    called = f"{namespace(gateway)}/{name(gateway)}"
    section, port = (at(parent.body, key) for key in ("sectionName", "port"))
    hosts = ", ".join(map(str, items(parent.route.properties, "spec", "hostnames")))
    where, what, mend = (
        (
            f"{parent.path}.sectionName",
            f"{section!r} is no listener of {called}",
            f"Name one of its listeners: {_values(gateway, 'name')}",
        ),
        (
            f"{parent.path}.port",
            f"{port!r} is the port of no listener of {called} that is meant",
            f"Name the port of one of its listeners: {_values(gateway, 'port')}",
        ),
        (
            parent.path,
            f"{called} takes no routes of namespace {namespace(parent.route)} there",
            "Let allowedRoutes of its listener take them, or move the route",
        ),
        (
            "spec.hostnames",
            f"no listener of {called} that takes this route serves {hosts}",
            f"Name hosts that its listeners serve: {_values(gateway, 'hostname')}",
        ),
    )[step]
    return Violation(where, what, mend, parent.route.urn)


def _values(gateway: Resource, key: str) -> str:
    """What the listeners of a Gateway say under a key."""
    return ", ".join(str(at(listener.body, key)) for listener in listeners([gateway]))


def _served(route: Resource, serving: list[Listener]) -> Iterator[Finding]:
    """Whether each host of a route has a listener; Gateways ignore the others in silence."""
    hostnames = [at(listener.body, "hostname") for listener in serving]
    if None in hostnames or "" in hostnames:
        return
    for index, host in each(route.properties, "spec", "hostnames"):
        where = f"spec.hostnames[{index}]"
        if any(overlap(known, host) for known in hostnames):
            continue
        if UNKNOWN in (host, *hostnames):
            yield Unjudged(where, route.urn)
        else:
            what = f"{host!r} is served by none of the listeners that take the route"
            mend = "Give one of them this hostname, or correct its spelling"
            yield Violation(where, what, mend, route.urn)
