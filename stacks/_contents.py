"""What stands inside one cluster: namespaces, gateways, permissions, telemetry, services."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import (
    AllowRuleArgs,
    CertificateMap,
    FleetFeatures,
    IngressGateway,
    MeshNamespace,
    MeshNamespaceArgs,
    Rollout,
    ServiceExport,
    TrafficRoute,
)
from stacks import _doors, _failover, _observation, _permissions, _routes, _workloads
from stacks._across import Across
from stacks._meshes import ControlPlane
from stacks._rollouts import lead
from stacks.spec import Platform
from stacks.spec_gateways import EgressGateway, Gateway, MultiClusterGateway
from stacks.spec_routes import Route
from stacks.spec_services import Namespace, Service


class Built(NamedTuple):
    """What others use of a cluster's contents."""

    addresses: dict[str, pulumi.Output[str]]
    """The gateways' addresses by `namespace/name`."""
    namespaces: dict[str, pulumi.Output[str]]
    """The namespaces by name, once they take workloads."""
    services: dict[str, pulumi.Output[str]]
    """The names of the Services, by `namespace/name`, once they and their accounts stand."""


@dataclass(frozen=True)
class ClusterContents:
    """What the spec puts inside one cluster.

    Everything waits for the cluster's control plane, through its revision.
    """

    spec: Platform
    cluster: str
    provider: kubernetes.Provider
    plane: ControlPlane
    features: FleetFeatures | None
    calls: Mapping[str, list[AllowRuleArgs]]
    """Who may call whom, by the namespaces of both ends."""
    certificates: Mapping[str, CertificateMap]
    """What Google issues, by the `namespace/name` of the gateway."""
    rollouts: Mapping[str, Rollout]
    """Who decides shares, by the `namespace/name` of the service."""

    @property
    def _objects(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(provider=self.provider)

    @functools.cached_property
    def _across(self) -> Across:
        return Across(self.spec, self.cluster)

    @property
    def _component(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[self.provider])

    def build(self) -> Built:
        """Namespaces, security, gateways, services."""
        here = {n.name: n for n in self.spec.namespaces if self.cluster in n.clusters}
        namespaces = {name: self._namespace(namespace) for name, namespace in here.items()}
        made = {name: component.namespace for name, component in namespaces.items()}
        gateways = {
            f"{gateway.namespace}/{gateway.name}": self._gateway(
                gateway, here[gateway.namespace], made[gateway.namespace]
            )
            for gateway in self.spec.gateways
            if gateway.namespace in here and self._runs(gateway, here[gateway.namespace])
        }
        ways_out = [
            _doors.egress(
                self.cluster,
                gateway,
                here[gateway.namespace],
                made[gateway.namespace],
                self.plane,
                self._component,
            )
            for gateway in self._ways_out(here)
        ]
        if ways_out:
            _doors.closed(self.cluster, ways_out, self.plane, self.provider)
        running = {
            f"{namespace.name}/{service.name}": service
            for namespace in here.values()
            for service in namespace.services
            if self._runs(service, namespace)
        }
        _permissions.build(
            self.cluster, self.spec.security, self.plane, made, running, self._component
        )
        _observation.build(self.cluster, self.spec.telemetry, self.plane, made, self._component)
        services: dict[str, pulumi.Output[str]] = {}
        for reference, service in running.items():
            home = here[_permissions.home(reference)]
            services[reference] = self._service(made[home.name], home, service, gateways)
        for reference, service in self._across.called().items():
            if (home := here.get(_permissions.home(reference))) is not None:
                self._name_only(made[home.name], home, service)
        addresses = {name: gateway.address for name, gateway in gateways.items()}
        return Built(addresses | self._front_doors(gateways, made), made, services)

    def _runs(self, part: Gateway | EgressGateway | Service, namespace: Namespace) -> bool:
        """Whether this cluster runs a gateway or service of a namespace."""
        return self.cluster in (part.clusters or namespace.clusters)

    def _ways_out(self, here: dict[str, Namespace]) -> Iterator[EgressGateway]:
        for gateway in self.spec.egress_gateways:
            if gateway.namespace in here and self._runs(gateway, here[gateway.namespace]):
                yield gateway

    def _namespace(self, namespace: Namespace) -> MeshNamespace:
        doors = [g for g in self.spec.gateways if g.namespace == namespace.name]
        out = self._calls_outside(namespace)
        args: MeshNamespaceArgs = {
            "namespace": namespace.name,
            "revision": self.plane.of(namespace),
            "pod_security": namespace.pod_security,
            # Packets, and what proxies learn of, follow permissions.
            "allow": self.calls.get(namespace.name, []),
            "scope": self.spec.security.scopes,
            "ingress_cidrs": [
                *sorted(
                    {
                        *(cidr for door in doors for cidr in _doors.cidrs(door)),
                        *self._calls_from_cloud_run(namespace),
                        *self._machines(namespace, into=True),
                        *self._across.callers(namespace.name),
                    }
                )
            ],
            "labels": {**self.spec.labels, **namespace.labels},
        }
        callers = {
            _permissions.home(caller)
            for gateway in self.spec.egress_gateways
            if gateway.namespace == namespace.name
            for host in gateway.hosts
            for caller in host.callers
        }
        elsewhere = {*self._machines(namespace, into=False), *self._across.callees(namespace.name)}
        if elsewhere:
            args["egress_cidrs"] = [*sorted(elsewhere)]
        if callers:
            args["ingress_from"] = sorted(callers - {namespace.name})
        if out:
            args["egress_to"] = out
            if self.spec.security.scopes:
                args["egress_hosts"] = [f"{name}/*" for name in out]
        return MeshNamespace(f"{self.cluster}-{namespace.name}", args, opts=self._component)

    def _calls_outside(self, namespace: Namespace) -> list[str]:
        """The namespaces of the egress gateways that workloads of a namespace go through."""
        return sorted(
            {
                gateway.namespace
                for gateway in self.spec.egress_gateways
                for host in gateway.hosts
                for caller in host.callers
                if _permissions.home(caller) == namespace.name
            }
            - {namespace.name}
        )

    def _machines(self, namespace: Namespace, *, into: bool) -> list[str]:
        """The ranges of the machines that may call a namespace, or be called from it: those that
        serve in it, and in the ones that permissions name.
        """
        others = {namespace.name} | {
            _permissions.home(call.caller if into else call.callee)
            for call in self.spec.security.calls
            if _permissions.home(call.callee if into else call.caller) == namespace.name
        }
        return [
            self._subnets[group.network, group.subnet]
            for group in self.spec.vm_groups
            if group.cluster == self.cluster and group.namespace in others
        ]

    @property
    def _subnets(self) -> dict[tuple[str, str], str]:
        """The ranges of all subnets, by network and name."""
        return {
            (network.name, subnet.name): subnet.cidr
            for network in self.spec.networks
            for subnet in network.subnets
        }

    def _calls_from_cloud_run(self, namespace: Namespace) -> list[str]:
        """The ranges that Cloud Run services call a namespace from: those of their subnets."""
        return [
            self._subnets[caller.network, caller.subnet]
            for caller in self.spec.cloud_run_services
            if any(_permissions.home(callee) == namespace.name for callee in caller.calls)
        ]

    def _gateway(
        self, gateway: Gateway, namespace: Namespace, made: pulumi.Output[str]
    ) -> IngressGateway:
        users = _permissions.issuers(self.spec.security, f"{gateway.namespace}/{gateway.name}")
        where = self._exportable(made) if gateway.exported else made
        return _doors.ingress(
            self.cluster,
            gateway,
            where,
            self.plane.of(namespace),
            users,
            self._issued(gateway),
            self._component,
        )

    def _issued(self, gateway: Gateway | MultiClusterGateway) -> pulumi.Output[str] | None:
        """The map of the certificates that Google issues for a gateway, if it does."""
        issued = self.certificates.get(f"{gateway.namespace}/{gateway.name}")
        return issued.certificate_map if issued is not None else None

    def _exportable(self, namespace: pulumi.Output[str]) -> pulumi.Output[str]:
        """The namespace, once the fleet knows what an export is."""
        if self.features is None:
            return namespace
        return pulumi.Output.all(namespace, self.features.project).apply(lambda both: both[0])

    def _front_doors(
        self, gateways: dict[str, IngressGateway], made: dict[str, pulumi.Output[str]]
    ) -> dict[str, pulumi.Output[str]]:
        """The load balancers before several clusters, which stand in the config cluster."""
        if self.features is None or self.cluster != self.spec.fleet.multi_cluster_gateway:
            return {}
        return {
            f"{gateway.namespace}/{gateway.name}": _doors.across(
                self.cluster,
                gateway,
                self._exported(gateway, gateways),
                made[gateway.namespace],
                self.features.ingress_feature,
                self._issued(gateway),
                self._component,
            ).address
            for gateway in self.spec.multi_cluster_gateways
        }

    def _exported(
        self, gateway: MultiClusterGateway, gateways: dict[str, IngressGateway]
    ) -> pulumi.Input[str]:
        """The Service behind a load balancer; the config cluster knows it wherever it runs."""
        here = gateways.get(f"{gateway.namespace}/{gateway.gateway}")
        return here.service if here is not None else gateway.gateway

    def _service(
        self,
        made: pulumi.Output[str],
        namespace: Namespace,
        service: Service,
        gateways: dict[str, IngressGateway],
    ) -> pulumi.Output[str]:
        """Returns the name of the Service."""
        name = f"{self.cluster}-{namespace.name}-{service.name}"
        built = _workloads.service(name, service, made, self.spec.labels, self._objects)
        physical = built.metadata.apply(lambda metadata: metadata.name or "")
        if service.exported:
            where = self._exportable(made)
            ServiceExport(name, {"namespace": where, "service": physical}, opts=self._component)
        self._route(name, physical, made, namespace, service, gateways)
        return physical

    def _name_only(self, made: pulumi.Output[str], namespace: Namespace, service: Service) -> None:
        """What lets workloads here call a service of other clusters, by its name and its shares."""
        name = f"{self.cluster}-{namespace.name}-{service.name}"
        built = _workloads.address(name, service, made, self.spec.labels, self._objects)
        physical = built.metadata.apply(lambda metadata: metadata.name or "")
        self._route(name, physical, made, namespace, service, {})

    def _route(
        self,
        name: str,
        physical: pulumi.Output[str],
        made: pulumi.Output[str],
        namespace: Namespace,
        service: Service,
        gateways: dict[str, IngressGateway],
    ) -> None:
        """The route to a service, if it has one; `physical` is the name of its Service."""
        clusters = service.clusters or namespace.clusters
        route = _failover.route_of(service, clusters)
        route = route or (Route() if service.rollout is not None else None)
        if route is None:
            return
        args = _routes.arguments(service, route)
        _failover.extend(args, service, clusters)
        args["namespace"] = made
        args["service"] = physical
        args["revision"] = self.plane.of(namespace)
        if route.gateway is not None and route.gateway in gateways:
            args["gateways"] = [gateways[route.gateway].gateway]
        else:
            args.pop("hosts", None)  # the gateway stands in other clusters
        if service.rollout is not None:
            lead(args, self.rollouts[f"{namespace.name}/{service.name}"], service.rollout)
        TrafficRoute(name, args, opts=self._component)
