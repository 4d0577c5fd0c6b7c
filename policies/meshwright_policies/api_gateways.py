"""What the Gateway API's Gateways show to callers outside: a listener together with its routes.

A listener has no redirect of its own and need not name hosts, so that only the routes that it takes
tell what is served there, and how.
"""

from collections.abc import Iterator

from meshwright_policies.api_listeners import (
    Listener,
    Namespaces,
    all_of,
    labels_of_namespaces,
    listeners,
    takes,
)
from meshwright_policies.api_routes import API_ROUTE, Parent, parents
from meshwright_policies.mesh_objects import API_GATEWAY, by_cluster, name, namespace, of_kind
from meshwright_policies.rule import Finding, Resource, Settings, Unjudged, Violation
from meshwright_policies.values import UNKNOWN, at, each

# Protocols of listeners that are told apart by host; HBONE, a waypoint's, is not for callers.
BY_HOST = ("HTTP", "HTTPS", "TLS")


def listeners_hosts_and_tls(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """Each listener of a Gateway, by the routes of this stack that it takes."""
    for objects in by_cluster(resources).values():
        namespaces, callers = labels_of_namespaces(objects), _Routes(of_kind(objects, API_ROUTE))
        for gateway in of_kind(objects, API_GATEWAY):
            if at(gateway.properties, "spec", "listeners") is UNKNOWN:
                yield Unjudged("spec.listeners", gateway.urn)
            for listener in listeners([gateway]):
                yield from _listener(listener, callers, namespaces)


class _Routes:
    """The routes of a cluster, by the Gateways that they name."""

    def __init__(self, routes: list[Resource]) -> None:
        self._by_gateway: dict[tuple[object, object], list[Parent]] = {}
        self.unknown = any(
            UNKNOWN in (at(route.properties, "spec", "parentRefs"), namespace(route))
            for route in routes
        )
        for parent in (parent for route in routes for parent in parents(route)):
            if parent.is_gateway:
                self.unknown |= UNKNOWN in (parent.home, parent.called)
                self._by_gateway.setdefault((parent.home, parent.called), []).append(parent)

    def of(self, gateway: Resource) -> list[Parent]:
        """Where they name a Gateway."""
        return self._by_gateway.get((namespace(gateway), name(gateway)), [])


def _listener(listener: Listener, routes: _Routes, namespaces: Namespaces) -> Iterator[Finding]:
    protocol, urn = at(listener.body, "protocol"), listener.gateway.urn
    hostname = at(listener.body, "hostname")
    is_nameless = UNKNOWN if hostname is UNKNOWN else hostname in (None, "")
    if protocol is UNKNOWN:
        yield Unjudged(f"{listener.path}.protocol", urn)
    elif protocol == "TCP":
        what, mend = "is 'TCP', which is not encrypted", "Use TLS, with tls.mode"
        yield Violation(f"{listener.path}.protocol", what, mend, urn)
    if protocol not in BY_HOST or (protocol != "HTTP" and is_nameless is False):
        return
    callers = [
        (parent.route, all_of([takes(listener, parent, namespaces), _answers(parent.route)]))
        for parent in routes.of(listener.gateway)
    ]
    if protocol == "HTTP":
        what = "is 'HTTP', and {} answers there in plain text"
        mend = "Let it only redirect there (RequestRedirect with scheme https), or use HTTPS"
        yield from _worst(listener, "protocol", callers, (what, mend), routes.unknown)
    if is_nameless is not False:
        open_ = [
            (route, all_of([answer, is_nameless, _names_no_host(route)]))
            for route, answer in callers
        ]
        what = "is not set, and {} names no hosts, so that every host is served"
        mend = "Set it, or the hostnames of that route"
        yield from _worst(listener, "hostname", open_, (what, mend), routes.unknown)


def _worst(
    listener: Listener,
    key: str,
    routes: list[tuple[Resource, object]],
    words: tuple[str, str],
    is_more: bool,
) -> Iterator[Finding]:
    """One finding for a listener, about the first of the routes that are wrong there for sure.

    `is_more`: whether there may be further routes of which nothing is known yet.
    """
    where, urn = f"{listener.path}.{key}", listener.gateway.urn
    wrong = [route for route, answer in routes if answer is True]
    if wrong:
        what, mend = words
        yield Violation(where, what.format(wrong[0].name), mend, urn)
    elif is_more or any(answer is UNKNOWN for _, answer in routes):
        yield Unjudged(where, urn)


def _answers(route: Resource) -> object:
    """Whether some call by a route gets an answer that is no redirect to HTTPS."""
    rules = at(route.properties, "spec", "rules")
    if rules is UNKNOWN:
        return UNKNOWN
    redirects = [_redirects(rule) for _, rule in each(rules)]
    return True if False in redirects else UNKNOWN if UNKNOWN in redirects else False


def _redirects(rule: object) -> object:
    found = [
        (at(item, "type"), at(item, "requestRedirect", "scheme"))
        for _, item in each(rule, "filters")
    ]
    if ("RequestRedirect", "https") in found:
        return True
    return UNKNOWN if UNKNOWN in (rule, at(rule, "filters"), *sum(found, ())) else False


def _names_no_host(route: Resource) -> object:
    hostnames = at(route.properties, "spec", "hostnames")
    return UNKNOWN if hostnames is UNKNOWN else hostnames in (None, [])
