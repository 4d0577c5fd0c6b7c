"""Calls from one cluster to another: whose packets cross, and which names must be known there.

The managed mesh finds a service's pods in every cluster, and the fleet those of exported ones. But
a network policy selects pods of its own cluster alone, and the cluster's DNS knows only its own
Services: https://kubernetes.io/docs/concepts/services-networking/network-policies/,
https://cloud.google.com/service-mesh/docs/operate-and-maintain/dns-proxy.
"""

from collections.abc import Iterator

from stacks._meshes import kind_of
from stacks._permissions import home
from stacks.spec import Platform
from stacks.spec_security import Call
from stacks.spec_services import Service


class Across:
    """What one cluster has to do with the others of its network."""

    def __init__(self, spec: Platform, cluster: str) -> None:
        self._spec = spec
        self._cluster = cluster
        network = {c.name: c.network for c in spec.clusters}
        self._near = {name for name, other in network.items() if other == network[cluster]}
        self._managed = {name for name in self._near if kind_of(spec, name) == "managed"}
        self._runs: dict[str, set[str]] = {}
        self._services: dict[str, Service] = {}
        for namespace in spec.namespaces:
            for service in namespace.services:
                reference = f"{namespace.name}/{service.name}"
                self._services[reference] = service
                self._runs[reference] = {*(service.clusters or namespace.clusters)}
        homes = {namespace.name: namespace.clusters for namespace in spec.namespaces}
        for gateway in spec.gateways:
            reference = f"{gateway.namespace}/{gateway.name}"
            self._runs[reference] = {*(gateway.clusters or homes[gateway.namespace])}
        self._into: dict[str, list[Call]] = {}
        self._out: dict[str, list[Call]] = {}
        for call in spec.security.calls:
            self._into.setdefault(home(call.callee), []).append(call)
            self._out.setdefault(home(call.caller), []).append(call)

    def callers(self, namespace: str) -> list[str]:
        """The ranges of the pods elsewhere that call what runs here in a namespace."""
        return self._ranges(
            cluster
            for call in self._into.get(namespace, ())
            if self._cluster in self._runs[call.callee]
            for cluster in self._runs[call.caller] & self._joined(call.callee)
        )

    def callees(self, namespace: str) -> list[str]:
        """The ranges of the pods elsewhere that are called by what runs here in a namespace."""
        return self._ranges(
            cluster
            for call in self._out.get(namespace, ())
            if self._cluster in self._runs[call.caller]
            for cluster in self._runs[call.callee] & self._joined(call.callee)
        )

    def called(self) -> dict[str, Service]:
        """The services that workloads here call and other clusters of the managed mesh run, by
        `namespace/name`.
        """
        return {
            call.callee: self._services[call.callee]
            for call in self._spec.security.calls
            if self._cluster in self._managed & self._runs[call.caller]
            and self._cluster not in self._runs[call.callee]
            and self._managed & self._runs[call.callee]
        }

    def _joined(self, callee: str) -> set[str]:
        """The clusters between which a service is called."""
        if self._services[callee].exported:
            return self._near
        return self._managed if self._cluster in self._managed else set()

    def _ranges(self, clusters: Iterator[str]) -> list[str]:
        others = {*clusters} - {self._cluster}
        places = {(c.network, c.subnet) for c in self._spec.clusters if c.name in others}
        return [
            subnet.pod_cidr
            for network in self._spec.networks
            for subnet in network.subnets
            if (network.name, subnet.name) in places
        ]
