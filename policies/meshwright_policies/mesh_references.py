"""The rule that what a route names is there: gateways, hosts, delegates and services."""

from collections.abc import Iterator

from meshwright_policies.api_backends import Grants, backends_exist
from meshwright_policies.api_listeners import labels_of_namespaces
from meshwright_policies.api_parents import Around, parents_take
from meshwright_policies.api_routes import API_ROUTE
from meshwright_policies.mesh_delegates import delegates_take_over
from meshwright_policies.mesh_egress import served_hosts
from meshwright_policies.mesh_hosts import (
    CLUSTER_SET,
    DOMAIN,
    Hosts,
    full_host,
    overlap,
    service_of,
)
from meshwright_policies.mesh_known import Known, Named, Services, hosts_of_entries
from meshwright_policies.mesh_objects import (
    API_GATEWAY,
    GATEWAY,
    SERVICE_ENTRY,
    VIRTUAL_SERVICE,
    by_cluster,
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
from meshwright_policies.values import UNKNOWN, at, each


@stack_rule(
    "MESH-19",
    severity=Severity.HIGH,
    source="ours, after Istio's analyzer (IST0101, IST0132)",
    title="Each route's gateways and hosts exist, so that no route is silently without effect and "
    "no call goes nowhere.",
)
def hosts_and_gateways_exist(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """VirtualServices, with those that they delegate to, and routes of the Gateway API, which a
    listener must also take and, in another namespace, a ReferenceGrant let reach its backend.

    Services, Gateways and delegates are judged in namespaces whose Services, Gateways or delegates
    this stack makes, in any of its clusters: what another stack makes cannot be seen here, nor what
    a chart holds.
    """
    known = Known(resources)
    for objects in by_cluster(resources).values():
        yield from _what_virtual_services_name(objects, known)
        yield from _what_api_routes_name(objects, known)


def _what_virtual_services_name(objects: list[Resource], known: Known) -> Iterator[Finding]:
    routes = of_kind(objects, or_patch(VIRTUAL_SERVICE))
    gateways = Named(of_kind(objects, or_patch(GATEWAY)), known.homes_of_gateways)
    delegates = Named(routes, known.homes_of_delegates)
    entries = hosts_of_entries(of_kind(objects, or_patch(SERVICE_ENTRY)))
    for route in routes:
        if at(route.properties, "spec") is UNKNOWN:
            yield Unjudged("spec", route.urn)
            continue
        yield from _gateways(route, gateways)
        yield from delegates_take_over(route, delegates)
        for destination in destinations(route):
            yield from _host(route, destination, known.services, entries)


def _what_api_routes_name(objects: list[Resource], known: Known) -> Iterator[Finding]:
    gateways = Named(of_kind(objects, or_patch(API_GATEWAY)), known.homes_of_api_gateways)
    around = Around(gateways, labels_of_namespaces(objects), known.services)
    grants = Grants(objects)
    for route in of_kind(objects, API_ROUTE):
        if at(route.properties, "spec") is UNKNOWN:
            yield Unjudged("spec", route.urn)
            continue
        yield from parents_take(route, around)
        yield from backends_exist(route, known, grants)


def _place(gateway: object, home: object) -> tuple[object, object, bool]:
    """The namespace and the name of a Gateway that a route names, and whether it writes the former.

    Istio reads the form of its early days too: name.namespace.svc.cluster.local.
    """
    where, slash, called = gateway.rpartition("/") if isinstance(gateway, str) else ("", "", "")
    if not slash and "." in called:
        called, where = called.split(".")[:2]
    where = where.removeprefix(".")
    return where or home, called, bool(where)


def _gateways(route: Resource, gateways: Named) -> Iterator[Finding]:
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
        place, called, is_placed = _place(gateway, home)
        found = gateways.of(place, called)
        serving += [host for item in found for host in served_hosts(item, home)]
        if gateway is UNKNOWN or (not found and gateways.unknown):
            serving.append(UNKNOWN)
            yield Unjudged(where, route.urn)
        elif all(item.is_patch for item in found) and (
            found or gateways.may_be_elsewhere(place, called, is_placed=is_placed)
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
        elif isinstance(host, str) and not any(overlap(known, host) for known in serving):
            if UNKNOWN in serving:
                yield Unjudged(where, route.urn)
            else:
                yield Violation(
                    where,
                    f"{host!r} is served by none of the route's gateways",
                    "Add it to the hosts of a gateway's server, or correct its spelling",
                    route.urn,
                )


def _host(
    route: Resource, destination: Destination, services: Services, entries: Hosts[Resource]
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
