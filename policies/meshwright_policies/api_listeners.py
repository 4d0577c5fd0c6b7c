"""Which listeners of the Gateway API's Gateways take which routes.

https://gateway-api.sigs.k8s.io/reference/spec/ tells it at ParentReference, AllowedRoutes and
Hostname. An answer is True, False or UNKNOWN.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from meshwright_policies.api_routes import Parent
from meshwright_policies.mesh_hosts import overlap
from meshwright_policies.mesh_objects import (
    NAMESPACE,
    NAMESPACE_PATCH,
    items,
    labels,
    mapping,
    name,
    namespace,
    of_kind,
    text,
)
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN, at, each

# Kubernetes itself puts it on each namespace.
NAME_LABEL = "kubernetes.io/metadata.name"
# The labels of the namespaces that a stack makes in a cluster; UNKNOWN where they are not known.
Namespaces = Mapping[object, object]


@dataclass(frozen=True)
class Listener:
    """One of the doors of a Gateway."""

    path: str
    body: object
    gateway: Resource


def listeners(gateways: list[Resource]) -> list[Listener]:
    """The listeners of Gateways, as far as they are known."""
    return [
        Listener(f"spec.listeners[{index}]", body, gateway)
        for gateway in gateways
        for index, body in each(gateway.properties, "spec", "listeners")
    ]


def labels_of_namespaces(objects: list[Resource]) -> Namespaces:
    """The labels of the namespaces that a stack makes in a cluster, with those of patches."""
    made = {name(item) for item in of_kind(objects, NAMESPACE)}
    found: dict[object, object] = {}
    for item in of_kind(objects, NAMESPACE, NAMESPACE_PATCH):
        if name(item) in made:
            known, more = found.get(name(item)), labels(item)
            both = {**mapping(known), **mapping(more)}
            found[name(item)] = UNKNOWN if UNKNOWN in (known, more) else both
    return found


def answers(listener: Listener, parent: Parent, namespaces: Namespaces) -> list[object]:
    """Whether a listener takes a route: by its name, its port, the route's namespace, its hosts."""
    return [
        _fits(at(parent.body, "sectionName"), at(listener.body, "name")),
        _fits(at(parent.body, "port"), at(listener.body, "port")),
        _takes_namespace(listener, namespace(parent.route), namespaces),
        _has_host_in_common(listener, parent.route),
    ]


def takes(listener: Listener, parent: Parent, namespaces: Namespaces) -> object:
    """Whether a listener takes a route."""
    return all_of(answers(listener, parent, namespaces))


def all_of(found: list[object]) -> object:
    """Whether all answers are True, as far as is known."""
    return False if False in found else all(found) or UNKNOWN


def _fits(wanted: object, found: object) -> object:
    if wanted in (None, ""):
        return True
    return UNKNOWN if UNKNOWN in (wanted, found) else wanted == found


def _takes_namespace(listener: Listener, home: object, namespaces: Namespaces) -> object:
    allowed = at(listener.body, "allowedRoutes", "namespaces")
    wanted, own = at(allowed, "from"), namespace(listener.gateway)
    if wanted in (None, "Same"):
        return UNKNOWN if UNKNOWN in (home, own) else home == own
    if wanted == "Selector":
        return UNKNOWN if home is UNKNOWN else _selects(at(allowed, "selector"), home, namespaces)
    return UNKNOWN if wanted is UNKNOWN else True


def _selects(selector: object, home: object, namespaces: Namespaces) -> object:
    """Whether a selector takes a namespace; of one that another stack makes only the name is known,
    and it is taken to have the labels that are wanted.
    """
    if selector is UNKNOWN or namespaces.get(home) is UNKNOWN:
        return UNKNOWN
    known: dict[object, object] = {**mapping(namespaces.get(home)), NAME_LABEL: home}
    wanted: list[tuple[object, object, list[object]]] = [
        (key, "In", [value]) for key, value in mapping(at(selector, "matchLabels")).items()
    ]
    for expression in items(selector, "matchExpressions"):
        label = text(at(expression, "key"))
        wanted.append((label, at(expression, "operator"), items(expression, "values")))
    return all_of(
        [
            _meets(known.get(label), operator, values)
            for label, operator, values in wanted
            if home in namespaces or label == NAME_LABEL
        ]
    )


def _meets(value: object, operator: object, values: list[object]) -> object:
    if UNKNOWN in (value, operator, *values):
        return UNKNOWN
    met = {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return met.get(str(operator), True)


def _has_host_in_common(listener: Listener, route: Resource) -> object:
    hostname, wanted = at(listener.body, "hostname"), at(route.properties, "spec", "hostnames")
    if hostname in (None, "") or wanted in (None, []):
        return True
    if any(overlap(hostname, host) for host in items(wanted)):
        return True
    return UNKNOWN if UNKNOWN in (hostname, wanted, *items(wanted)) else False
