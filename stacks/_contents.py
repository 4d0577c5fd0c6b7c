"""What stands inside one cluster: namespaces, gateways, permissions, telemetry, services."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import (
    AllowRuleArgs,
    Fleet,
    IngressGateway,
    ManagedMesh,
    MeshNamespace,
    MeshSecurity,
    MeshTelemetry,
    MeshTelemetryArgs,
    TrafficRoute,
    TrafficRouteArgs,
)
from stacks import _workloads
from stacks.spec import Platform
from stacks.spec_gateways import Gateway
from stacks.spec_security import Call
from stacks.spec_services import Namespace, Service


@dataclass(frozen=True)
class ClusterContents:
    """What the spec puts inside one cluster.

    Everything waits for the mesh on every cluster, through its revision.
    """

    spec: Platform
    cluster: str
    provider: kubernetes.Provider
    fleet: Fleet
    mesh: ManagedMesh

    @property
    def _component(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[self.provider])

    def build(self) -> dict[str, pulumi.Output[str]]:
        """Namespaces, security, gateways, services; the gateways' addresses by `namespace/name`."""
        here = {n.name: n for n in self.spec.namespaces if self.cluster in n.clusters}
        namespaces = {name: self._namespace(namespace) for name, namespace in here.items()}
        gateways = {
            f"{gateway.namespace}/{gateway.name}": self._gateway(gateway, namespaces)
            for gateway in self.spec.gateways
            if gateway.namespace in here and self._runs(gateway, here[gateway.namespace])
        }
        self._security(here, namespaces)
        self._telemetry()
        for namespace in here.values():
            for service in namespace.services:
                if self._runs(service, namespace):
                    self._service(namespaces[namespace.name], namespace, service, gateways)
        return {name: gateway.address for name, gateway in gateways.items()}

    def _runs(self, part: Gateway | Service, namespace: Namespace) -> bool:
        """Whether this cluster runs a gateway or service of a namespace."""
        return self.cluster in (part.clusters or namespace.clusters)

    def _namespace(self, namespace: Namespace) -> MeshNamespace:
        # Packets follow permissions: what may call into a namespace, and what it may call.
        calls = [
            (call.caller.partition("/")[0], call.callee.partition("/")[0])
            for call in self.spec.security.calls
        ]
        callers = {caller for caller, callee in calls if callee == namespace.name}
        callees = {callee for caller, callee in calls if caller == namespace.name}
        doors = [g for g in self.spec.gateways if g.namespace == namespace.name]
        return MeshNamespace(
            f"{self.cluster}-{namespace.name}",
            {
                "namespace": namespace.name,
                "revision": self.mesh.revision,
                "pod_security": namespace.pod_security,
                "ingress_from": sorted(callers - {namespace.name}),
                "ingress_cidrs": sorted(
                    {cidr for door in doors for cidr in door.allowed_cidrs or ["0.0.0.0/0"]}
                ),
                "egress_to": sorted(callees - {namespace.name}),
                "labels": {**self.spec.labels, **namespace.labels},
            },
            opts=self._component,
        )

    def _gateway(self, gateway: Gateway, namespaces: dict[str, MeshNamespace]) -> IngressGateway:
        return IngressGateway(
            f"{self.cluster}-{gateway.namespace}-{gateway.name}",
            {
                "gateway": gateway.name,
                "namespace": namespaces[gateway.namespace].namespace,
                "hosts": [*gateway.hosts],
                "tls_secret": gateway.certificate_secret,
                "revision": self.mesh.revision,
                "min_replicas": gateway.min_replicas,
                "max_replicas": gateway.max_replicas,
                "internal": gateway.internal,
                "allowed_cidrs": [*gateway.allowed_cidrs],
            },
            opts=self._component,
        )

    def _security(
        self, here: dict[str, Namespace], namespaces: dict[str, MeshNamespace]
    ) -> MeshSecurity:
        def rule(call: Call) -> AllowRuleArgs:
            callee_namespace, _, callee = call.callee.partition("/")
            caller_namespace, _, caller = call.caller.partition("/")
            origin = (
                caller if caller_namespace == callee_namespace else f"{caller_namespace}-{caller}"
            )
            args: AllowRuleArgs = {
                "name": f"{callee}-from-{origin}",
                "namespace": namespaces[callee_namespace].namespace,
                "workload": {"app": callee},
                "service_accounts": [call.caller],
            }
            if call.methods:
                args["methods"] = [*call.methods]
            if call.paths:
                args["paths"] = [*call.paths]
            return args

        running = {
            f"{namespace.name}/{service.name}"
            for namespace in here.values()
            for service in namespace.services
            if self._runs(service, namespace)
        }
        return MeshSecurity(
            f"{self.cluster}-security",
            {
                "revision": self.mesh.revision,
                "mtls_mode": self.spec.security.mtls,
                "trust_domain": self.fleet.trust_domain,
                "allow": [
                    rule(call) for call in self.spec.security.calls if call.callee in running
                ],
            },
            opts=self._component,
        )

    def _telemetry(self) -> MeshTelemetry:
        logs = self.spec.telemetry.access_logs
        args: MeshTelemetryArgs = {
            "revision": self.mesh.revision,
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
        args: TrafficRouteArgs = {
            "route": service.name,
            "namespace": component.namespace,
            "service": built.metadata["name"],
            "port": service.port,
            "revision": self.mesh.revision,
            "versions": [{"name": version.name} for version in service.versions],
            "weights": {share.version: share.weight for share in route.weights},
        }
        if route.timeout_seconds is not None:
            args["timeout"] = _duration(route.timeout_seconds)
        if route.retries is not None:
            args["retry"] = {
                "attempts": route.retries.attempts,
                "retry_on": ",".join(route.retries.on),
            }
            if route.retries.per_try_timeout_seconds is not None:
                args["retry"]["per_try_timeout"] = _duration(route.retries.per_try_timeout_seconds)
        if route.gateway is not None and route.gateway in gateways:
            args["hosts"] = [*route.hosts]
            args["gateways"] = [gateways[route.gateway].gateway]
        TrafficRoute(name, args, opts=self._component)


def _duration(seconds: float) -> str:
    """A protobuf duration in the form that Kubernetes objects carry."""
    return f"{seconds:g}s"
