"""What a VirtualService delegates to: another one, without hosts, that is exported to it.

Where that is not so, Istio leaves the root's rule out and says it in istiod's log alone:
https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
"""

from collections.abc import Iterator

from meshwright_policies.mesh_known import Named
from meshwright_policies.mesh_objects import items, name, namespace, text
from meshwright_policies.rule import Finding, Resource, Unjudged, Violation
from meshwright_policies.values import UNKNOWN, at, each


def delegates_take_over(route: Resource, routes: Named) -> Iterator[Finding]:
    """Judge what the rules of a VirtualService delegate to, among those of its cluster."""
    for index, rule in each(route.properties, "spec", "http"):
        if (delegate := at(rule, "delegate")) is not None:
            yield from _delegate(route, f"spec.http[{index}].delegate", delegate, routes)


def _delegate(route: Resource, where: str, delegate: object, routes: Named) -> Iterator[Finding]:
    called, written = text(at(delegate, "name")), text(at(delegate, "namespace"))
    home = namespace(route) if written in (None, "") else written
    found = routes.of(home, called)
    if UNKNOWN in (called, home) or (not found and routes.unknown):
        yield Unjudged(where, route.urn)
    elif found:
        for item in found:
            yield from _taken_over(route, where, item)
    elif not routes.may_be_elsewhere(home, called, is_placed=bool(written)):
        what = f"{home}/{called} is no VirtualService of this cluster"
        mend = "Correct its name, or write the namespace that it is in"
        yield Violation(where, what, mend, route.urn)


def _taken_over(route: Resource, where: str, delegate: Resource) -> Iterator[Finding]:
    """What keeps Istio from putting a delegate's rules in place of the root's."""
    spec, called = at(delegate.properties, "spec"), f"{namespace(delegate)}/{name(delegate)}"
    hosts, gateways, exported = at(spec, "hosts"), at(spec, "gateways"), _exported(delegate, route)
    if hosts:
        what = f"{called} has hosts, so that it is a route of its own and no delegate"
        yield Violation(where, what, "Remove its hosts, which are the root's to name", route.urn)
    elif gateways:
        what = f"{called} has gateways, which Istio refuses of a delegate"
        yield Violation(where, what, "Remove them: those of the root count", route.urn)
    elif exported is False:
        what = f"{called} is not exported to namespace {namespace(route)}"
        yield Violation(where, what, "Add that namespace to its exportTo", route.urn)
    elif any(at(rule, "delegate") is not None for rule in items(spec, "http")):
        what = f"{called} delegates in turn, of which Istio takes one level"
        yield Violation(where, what, "Name here what it delegates to", route.urn)
    elif UNKNOWN in (hosts, gateways, exported):
        yield Unjudged(where, route.urn)


def _exported(delegate: Resource, route: Resource) -> object:
    """Whether the namespace of a root sees a delegate: True, False or UNKNOWN."""
    home, exported = namespace(route), at(delegate.properties, "spec", "exportTo")
    places = {namespace(delegate) if place == "." else text(place) for place in items(exported)}
    if not places or "*" in places or (home in places and home is not UNKNOWN):
        return UNKNOWN if exported is UNKNOWN else True
    return UNKNOWN if home is UNKNOWN or UNKNOWN in places else False
