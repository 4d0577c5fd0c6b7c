"""The Services that routes of the Gateway API name, and the leave to send calls to them."""

from collections.abc import Iterator

from meshwright_policies.api_routes import GROUP, Backend, Parent, backends, parents
from meshwright_policies.mesh_known import Known, Services
from meshwright_policies.mesh_objects import kind, namespace, of_kind, or_patch
from meshwright_policies.rule import Finding, Resource, Unjudged, Violation
from meshwright_policies.values import UNKNOWN, at, each

REFERENCE_GRANT = kind("gateway.networking.k8s.io", "ReferenceGrant")


class Grants:
    """What the ReferenceGrants of a cluster let routes send calls to."""

    def __init__(self, objects: list[Resource]) -> None:
        self._grants: dict[object, list[Resource]] = {}
        self.unknown = False
        for grant in of_kind(objects, or_patch(REFERENCE_GRANT)):
            self._grants.setdefault(namespace(grant), []).append(grant)
            parts = [at(grant.properties, "spec", key) for key in ("from", "to")]
            inside = [value for key in ("from", "to") for value in _values(grant, key)]
            self.unknown |= UNKNOWN in (namespace(grant), *parts, *inside)

    def let(self, backend: Backend) -> bool:
        """Whether one of them lets a route send calls to a Service of another namespace."""
        return any(_lets(grant, backend) for grant in self._grants.get(backend.home, []))


def _values(grant: Resource, part: str) -> Iterator[object]:
    for _, item in each(grant.properties, "spec", part):
        yield from (at(item, key) for key in ("group", "kind", "namespace", "name"))


def _lets(grant: Resource, backend: Backend) -> bool:
    route = backend.route
    is_from = any(
        at(item, "group") == GROUP
        and at(item, "kind") == route.type.rpartition(":")[2].removesuffix("Patch")
        and at(item, "namespace") == namespace(route)
        for _, item in each(grant.properties, "spec", "from")
    )
    return is_from and any(
        at(item, "group") in (None, "")
        and at(item, "kind") == "Service"
        and at(item, "name") in (None, "", backend.called)
        for _, item in each(grant.properties, "spec", "to")
    )


def backends_exist(route: Resource, known: Known, grants: Grants) -> Iterator[Finding]:
    """Each Service that a route sends calls to is there, has the port, and may be sent to.

    A Gateway asks for leave to send calls to another namespace; a caller in the mesh needs none.
    """
    is_at_gateway = any(parent.is_gateway for parent in parents(route))
    for backend in backends(route):
        if not backend.is_service:
            continue
        wrong = [*_exists(backend, known.services), *has_port(backend, known.services)]
        yield from wrong
        if is_at_gateway and not wrong:
            yield from _leave(backend, known, grants)


def _leave(backend: Backend, known: Known, grants: Grants) -> Iterator[Finding]:
    """Leave is missed only where this stack makes the Service: others may give it elsewhere."""
    called, home, route = backend.called, backend.home, backend.route
    is_ours = known.services.makes(called, home) and home not in known.charts
    if not is_ours or home == namespace(route) or grants.let(backend):
        return
    if grants.unknown or UNKNOWN in (namespace(route), *known.charts):
        yield Unjudged(f"{backend.path}.namespace", route.urn)
    else:
        what = f"{home!r} has no ReferenceGrant that lets routes of {namespace(route)} in"
        mend = f"Add one to namespace {home}, or move the route there"
        yield Violation(f"{backend.path}.namespace", what, mend, route.urn)


def _exists(backend: Backend, services: Services) -> Iterator[Finding]:
    """Whether the Service is there, of which others of the same namespace are this stack's."""
    called, home = backend.called, backend.home
    neighbours = services.beside(home)
    if UNKNOWN in (called, home):
        yield Unjudged(backend.path, backend.route.urn)
    elif called is not None and neighbours and called not in neighbours:
        if UNKNOWN in neighbours:
            yield Unjudged(backend.path, backend.route.urn)
        else:
            what = f"{home}/{called} is no Service of this stack"
            mend = "Correct its name or its namespace"
            yield Violation(backend.path, what, mend, backend.route.urn)


def has_port(named: Parent | Backend, services: Services) -> Iterator[Finding]:
    """Whether a Service of this stack that a route names has the port."""
    port, ports = at(named.body, "port"), services.ports(named.called, named.home)
    where, urn = f"{named.path}.port", named.route.urn
    if port is None or not ports or port in ports:
        return
    if UNKNOWN in (port, *ports):
        yield Unjudged(where, urn)
    else:
        what = f"{port!r} is no port of Service {named.home}/{named.called}"
        yield Violation(where, what, f"Name one of its ports: {', '.join(map(str, ports))}", urn)
