"""What routes of the Gateway API name: their parents and their backends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from meshwright_policies.mesh_objects import namespace, text
from meshwright_policies.rule import Resource
from meshwright_policies.values import at, each

GROUP = "gateway.networking.k8s.io"
API_ROUTE = re.compile(
    r"kubernetes:gateway\.networking\.k8s\.io/\w+:(HTTP|GRPC|TCP|TLS)Route(Patch)?$"
)


@dataclass(frozen=True)
class Reference:
    """What a route names: where, how, and by which route."""

    path: str
    body: object
    route: Resource

    @property
    def called(self) -> object:
        """The name of what is meant."""
        return text(at(self.body, "name"))

    @property
    def is_placed(self) -> bool:
        """Whether a namespace is written."""
        return at(self.body, "namespace") is not None

    @property
    def home(self) -> object:
        """The namespace of what is meant: the route's if none is written."""
        return text(at(self.body, "namespace")) if self.is_placed else namespace(self.route)

    def is_kind(self, group: str, kind: str, *, is_default: bool) -> bool:
        """Whether it is of a kind, which may be the one that is meant where none is written."""
        unset = (None,) if is_default else ()
        written = at(self.body, "group"), at(self.body, "kind")
        return written[0] in (group, *unset) and written[1] in (kind, *unset)


class Parent(Reference):
    """What a route wants to be attached to."""

    @property
    def is_gateway(self) -> bool:
        """Whether it is a Gateway."""
        return self.is_kind(GROUP, "Gateway", is_default=True)

    @property
    def is_service(self) -> bool:
        """Whether it is a Service, to whose callers in the mesh the route then applies."""
        return self.is_kind("", "Service", is_default=False)


class Backend(Reference):
    """What a route sends calls to."""

    @property
    def is_service(self) -> bool:
        """Whether it is a Service."""
        return self.is_kind("", "Service", is_default=True)


def parents(route: Resource) -> Iterator[Parent]:
    """What a route wants to be attached to."""
    for index, body in each(route.properties, "spec", "parentRefs"):
        yield Parent(f"spec.parentRefs[{index}]", body, route)


def backends(route: Resource) -> Iterator[Backend]:
    """Where a route sends calls, copies of calls included."""
    for index, rule in each(route.properties, "spec", "rules"):
        path = f"spec.rules[{index}]"
        for place, body in each(rule, "backendRefs"):
            yield Backend(f"{path}.backendRefs[{place}]", body, route)
        for place, item in each(rule, "filters"):
            if (mirror := at(item, "requestMirror", "backendRef")) is not None:
                where = f"{path}.filters[{place}].requestMirror.backendRef"
                yield Backend(where, mirror, route)
