"""What stands inside one cluster: namespaces, gateways, permissions, telemetry, services."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import (
    IngressGateway,
    MeshNamespace,
    MeshTelemetry,
    MeshTelemetryArgs,
    TrafficRoute,
)
from stacks import _doors, _permissions, _routes, _workloads
from stacks._meshes import ControlPlane
from stacks.spec import Platform
from stacks.spec_gateways import Gateway
from stacks.spec_services import Namespace, Service


@dataclass(frozen=True)
class ClusterContents:
    """What the spec puts inside one cluster.

    Everything waits for the cluster's control plane, through its revision.
    """

    spec: Platform
    cluster: str
    provider: kubernetes.Provider
    plane: ControlPlane

    @property
    def _component(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[self.provider])

    def build(self) -> dict[str, pulumi.Output[str]]:
        """Namespaces, security, gateways, services; the gateways' addresses by `namespace/name`."""
        here = {n.name: n for n in self.spec.namespaces if self.cluster in n.clusters}
        namespaces = {name: self._namespace(namespace) for name, namespace in here.items()}
        gateways = {
            f"{gateway.namespace}/{gateway.name}": self._gateway(
                gateway, here[gateway.namespace], namespaces[gateway.namespace]
            )
            for gateway in self.spec.gateways
            if gateway.namespace in here and self._runs(gateway, here[gateway.namespace])
        }
        running = [
            (namespace, service)
            for namespace in here.values()
            for service in namespace.services
            if self._runs(service, namespace)
        ]
        _permissions.build(
            self.cluster,
            self.spec.security,
            self.plane,
            {name: component.namespace for name, component in namespaces.items()},
            {f"{namespace.name}/{service.name}" for namespace, service in running},
            self._component,
        )
        self._telemetry()
        for namespace, service in running:
            self._service(namespaces[namespace.name], namespace, service, gateways)
        return {name: gateway.address for name, gateway in gateways.items()}

    def _runs(self, part: Gateway | Service, namespace: Namespace) -> bool:
        """Whether this cluster runs a gateway or service of a namespace."""
        return self.cluster in (part.clusters or namespace.clusters)

    def _namespace(self, namespace: Namespace) -> MeshNamespace:
        # Packets follow permissions: what may call into a namespace, and what it may call.
        callers, callees = _permissions.neighbours(self.spec.security, namespace.name)
        doors = [g for g in self.spec.gateways if g.namespace == namespace.name]
        return MeshNamespace(
            f"{self.cluster}-{namespace.name}",
            {
                "namespace": namespace.name,
                "revision": self.plane.of(namespace),
                "pod_security": namespace.pod_security,
                "ingress_from": callers,
                "ingress_cidrs": sorted({cidr for door in doors for cidr in _doors.cidrs(door)}),
                "egress_to": callees,
                "labels": {**self.spec.labels, **namespace.labels},
            },
            opts=self._component,
        )

    def _gateway(
        self, gateway: Gateway, namespace: Namespace, component: MeshNamespace
    ) -> IngressGateway:
        revision = self.plane.of(namespace)
        return _doors.ingress(self.cluster, gateway, component.namespace, revision, self._component)

    def _telemetry(self) -> MeshTelemetry:
        logs = self.spec.telemetry.access_logs
        args: MeshTelemetryArgs = {
            "revision": self.plane.default,
            "access_log_providers": [*logs.providers],
        }
        if logs.filter is not None:
            args["access_log_filter"] = logs.filter
        if self.spec.telemetry.tracing:
            args["tracing_providers"] = ["stackdriver"]
        return MeshTelemetry(f"{self.cluster}-telemetry", args, opts=self._component)

    def _service(
        self,
        component: MeshNamespace,
        namespace: Namespace,
        service: Service,
        gateways: dict[str, IngressGateway],
    ) -> None:
        name = f"{self.cluster}-{namespace.name}-{service.name}"
        built = _workloads.service(
            name,
            service,
            component.namespace,
            self.spec.labels,
            pulumi.ResourceOptions(provider=self.provider),
        )
        route = service.route
        if route is None:
            return
        args = _routes.arguments(service, route)
        args["namespace"] = component.namespace
        args["service"] = built.metadata["name"]
        args["revision"] = self.plane.of(namespace)
        if route.gateway is not None and route.gateway in gateways:
            args["gateways"] = [gateways[route.gateway].gateway]
        else:
            args.pop("hosts", None)  # the gateway stands in other clusters
        TrafficRoute(name, args, opts=self._component)
