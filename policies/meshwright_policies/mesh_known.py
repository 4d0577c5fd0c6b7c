"""What a stack knows of the objects that routes name, and what may be made elsewhere.

An object that a route names may be another stack's, or in a chart. Such a one is missed only in a
namespace whose objects of the same kind this stack makes, and in which no chart is installed.
"""

from meshwright_policies.mesh_hosts import Hosts
from meshwright_policies.mesh_objects import (
    API_GATEWAY,
    GATEWAY,
    SERVICE,
    VIRTUAL_SERVICE,
    items,
    name,
    namespace,
    of_kind,
    or_patch,
    text,
)
from meshwright_policies.rendered import unrendered
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN, at

RELEASE = "kubernetes:helm.sh/v3:Release$"


def charts_homes(resources: list[Resource]) -> set[object]:
    """The namespaces that Helm installs charts into, whose objects the engine does not know."""
    homes = (text(at(r.properties, "namespace")) for r in of_kind(resources, RELEASE))
    return {"default" if home is None else home for home in homes}


def homes_of_unrendered(resources: list[Resource]) -> set[object]:
    """UNKNOWN if the stack has a chart or a manifest that may yet render objects, anywhere."""
    return {UNKNOWN} if unrendered(resources) else set()


def is_delegate(route: Resource) -> bool:
    """Whether a VirtualService is known to have no hosts, so that only others lead to it."""
    spec = at(route.properties, "spec")
    return spec is not UNKNOWN and at(spec, "hosts") in (None, [])


class Known:
    """What a whole stack makes of what routes name: its Services, and in which namespaces it makes
    Gateways, of Istio's API and of the Gateway API, and delegates.
    """

    def __init__(self, resources: list[Resource]) -> None:
        self.charts = charts_homes(resources) | homes_of_unrendered(resources)
        self.services = Services(of_kind(resources, or_patch(SERVICE)), self.charts)
        delegates = [item for item in of_kind(resources, VIRTUAL_SERVICE) if is_delegate(item)]
        self.homes_of_delegates = self._homes(delegates)
        self.homes_of_gateways = self._homes(of_kind(resources, GATEWAY))
        self.homes_of_api_gateways = self._homes(of_kind(resources, API_GATEWAY))

    def _homes(self, objects: list[Resource]) -> set[object]:
        return ({namespace(item) for item in objects} - self.charts) | (self.charts & {UNKNOWN})


class Named:
    """The objects of a kind in a cluster, by namespace and name.

    `homes` are the namespaces whose objects of that kind the stack makes; UNKNOWN is among them if
    that is not known of some.
    """

    def __init__(self, objects: list[Resource], homes: set[object]) -> None:
        self._homes = homes
        self._by_place: dict[tuple[object, object], list[Resource]] = {}
        self._names = {name(item) for item in objects}
        for item in objects:
            self._by_place.setdefault((namespace(item), name(item)), []).append(item)
        # Whether some of them could still turn out to be one that is looked for.
        unknown = any(UNKNOWN in (name(item), namespace(item)) for item in objects)
        self.unknown = unknown or UNKNOWN in homes

    def of(self, home: object, called: object) -> list[Resource]:
        """Those of a name in a namespace."""
        return self._by_place.get((home, called), [])

    def may_be_elsewhere(self, home: object, called: object, *, is_placed: bool) -> bool:
        """Whether another stack may make what is named, and this one makes none that was meant.

        `is_placed`: whether the namespace is written; one that is left out may be a mistake.
        """
        return home not in self._homes and (is_placed or called not in self._names)


class Services:
    """The names of Services by their namespaces; those that charts may add to are left out."""

    def __init__(self, services: list[Resource], charts: set[object]) -> None:
        self._names: dict[object, set[object]] = {UNKNOWN: {UNKNOWN}} if UNKNOWN in charts else {}
        # A patch is of a Service that is there, and says nothing of others beside it.
        self._homes = {namespace(item) for item in services if not item.is_patch}
        self._homes -= charts - {UNKNOWN}
        self._by_place: dict[tuple[object, object], list[Resource]] = {}
        for item in services:
            self._names.setdefault(namespace(item), set()).add(name(item))
            self._by_place.setdefault((namespace(item), name(item)), []).append(item)

    def beside(self, home: object) -> set[object]:
        """The names in a namespace whose Services the stack makes, and those in one that is not
        known yet.
        """
        if not {home, UNKNOWN} & self._homes:
            return set()
        return self._names.get(home, set()) | self._names.get(UNKNOWN, set())

    def makes(self, called: object, home: object) -> bool:
        """Whether the stack makes a Service, in any cluster."""
        return any(not item.is_patch for item in self._by_place.get((home, called), []))

    def ports(self, called: object, home: object) -> list[object]:
        """The numbers of the ports of a Service that the stack makes, in all clusters together;
        UNKNOWN among them stands for those that are not known yet.
        """
        found: list[object] = []
        for item in self._by_place.get((home, called), []):
            ports = at(item.properties, "spec", "ports")
            found += [UNKNOWN] if ports is UNKNOWN else [at(port, "port") for port in items(ports)]
        return found if self.makes(called, home) else []


def hosts_of_entries(entries: list[Resource]) -> Hosts[Resource]:
    """The ServiceEntries of a cluster, by their hosts."""
    hosts: Hosts[Resource] = Hosts()
    for entry in entries:
        found = at(entry.properties, "spec", "hosts")
        for host in [UNKNOWN] if found is UNKNOWN else items(found):
            hosts.add(host, entry)
    return hosts
