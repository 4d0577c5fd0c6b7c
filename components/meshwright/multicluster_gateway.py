"""One load balancer before a service in several clusters, and what a cluster shows to the fleet.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/deploying-multi-cluster-gateways and
https://cloud.google.com/kubernetes-engine/docs/how-to/multi-cluster-services.
"""

import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._gke_gateway import Backend, GkeGateway, LoadBalancerArgs, load_balancer_problems
from ._kube import metadata
from ._names import DNS_LABEL, KUBERNETES, named, physical_name
from ._outputs import after, outputs_of
from ._validation import checked, duplicates, is_plain
from .gateway import host_problems

# GKE's classes for several clusters, and whether they take a map of Certificate Manager:
# https://cloud.google.com/kubernetes-engine/docs/how-to/gatewayclass-capabilities
CLASSES = {
    "gke-l7-global-external-managed-mc": True,
    "gke-l7-regional-external-managed-mc": False,
    "gke-l7-cross-regional-internal-managed-mc": False,
    "gke-l7-gxlb-mc": True,
    "gke-l7-rilb-mc": False,
}


class ServiceExportArgs(TypedDict):
    """What a ServiceExport is made from."""

    namespace: pulumi.Input[str]
    """Namespace of the Service; it means the same in every cluster of the fleet."""
    service: pulumi.Input[str]
    """Name of the Kubernetes Service."""
    feature: NotRequired[pulumi.Input[str]]
    """What the fleet has once multi-cluster Services are on, FleetFeatures.project: the object is
    made then. Default: at once."""


class ServiceExport(pulumi.ComponentResource):
    """Shows a Service of this cluster to the fleet, as `SERVICE.NAMESPACE.svc.clusterset.local`.

    Every cluster that exports the same name adds its pods; each cluster of the fleet that has the
    namespace gets a ServiceImport. The fleet needs multi-cluster Services, which bring the kind.
    Raises ArgumentError for a name or a namespace that Kubernetes has not.
    """

    service: pulumi.Output[str]
    """Name of the ServiceImport, once the export stands; Google takes minutes to follow it."""

    def __init__(
        self, name: str, args: ServiceExportArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("ServiceExport", name, args, ServiceExportArgs, _export_problems)
        super().__init__("meshwright:index:ServiceExport", name, {}, opts)
        meta = metadata(args["service"], args["namespace"])
        if "feature" in args:
            meta["annotations"] = {"meshwright/fleet-feature": args["feature"]}
        export = kubernetes.apiextensions.CustomResource(
            f"{name}-export",
            api_version="net.gke.io/v1",
            kind="ServiceExport",
            metadata=meta,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.service = after(args["service"], [export])
        self.register_outputs(outputs_of(self))


def _export_problems(args: ServiceExportArgs) -> Iterator[tuple[str, str]]:
    for key, value in (("namespace", args["namespace"]), ("service", args["service"])):
        if isinstance(value, str) and not re.fullmatch(DNS_LABEL, value):
            text = "is no name in Kubernetes: up to 63 lower-case letters, digits, inner hyphens"
            yield key, f"{value!r} {text}"


class GatewayBackendArgs(TypedDict):
    """A service that several clusters export, and its part of the calls."""

    service: pulumi.Input[str]
    """Name of the exported Service, ServiceExport.service or IngressGateway.service."""
    port: pulumi.Input[int]
    """Port of the Service."""
    name: NotRequired[str]
    """Short name for the resources made here, unique in the gateway. Default: the service's."""
    weight: NotRequired[pulumi.Input[int]]
    """Share in percent, 0 to 100, of the calls to the same `path`, for blue and green services;
    together 100. Default: equal shares."""
    path: NotRequired[str]
    """Beginning of the paths that go there. Default: `/`."""
    health_check_path: NotRequired[str]
    """Path of the health checks. Default: `/`."""
    health_check_port: NotRequired[pulumi.Input[int]]
    """Pod's port of the health checks. Default: the one that serves."""


class MultiClusterGatewayArgs(TypedDict):
    """What a MultiClusterGateway is made from."""

    namespace: pulumi.Input[str]
    """Namespace of the gateway and of the services, in the fleet's config cluster."""
    hosts: list[str]
    """Host names it serves; `*` alone is refused."""
    load_balancer: LoadBalancerArgs
    """The load balancer: its class (one that ends in `-mc`), certificates, Identity-Aware Proxy."""
    backends: list[GatewayBackendArgs]
    """The services, at least one."""
    gateway: NotRequired[str]
    """Name of the gateway's objects. Default: the component's name."""
    feature: NotRequired[pulumi.Input[str]]
    """Name of the fleet's feature for multi-cluster Gateways, FleetFeatures.ingress_feature: the
    objects are made once it is on. Default: at once."""


class MultiClusterGateway(pulumi.ComponentResource):
    """Google's load balancer before the same services in every cluster that exports them.

    It is made in the fleet's config cluster, the one that Fleet names; another cluster's Gateway
    of these classes stays without an address. Calls go to the nearest cluster with healthy pods and
    fail over to the next. HTTPS alone is served; port 80 only redirects there. In a mesh with
    STRICT mutual TLS the backends are exported IngressGateways: the load balancer has no identity
    in the mesh. Raises ArgumentError for hosts, weights and certificates that cannot be served.
    """

    gateway: pulumi.Output[str]
    """`namespace/name` of the Gateway, once it is programmed."""
    address: pulumi.Output[str]
    """Address of the load balancer."""

    def __init__(
        self, name: str, args: MultiClusterGatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "MultiClusterGateway",
            name,
            args,
            MultiClusterGatewayArgs,
            _problems,
            named(KUBERNETES, name, "gateway"),
        )
        physical = physical_name("MultiClusterGateway", KUBERNETES, None, args.get("gateway", name))
        super().__init__("meshwright:index:MultiClusterGateway", name, {}, opts)
        meta = metadata(physical, args["namespace"])
        if "feature" in args:
            meta["annotations"] = {"meshwright/fleet-feature": args["feature"]}
        edge = args["load_balancer"]
        waits, address = GkeGateway(self, name, physical, meta, edge).build(
            edge.get("gateway_class", next(iter(CLASSES))),
            args["hosts"],
            {_role(backend): _backend(backend) for backend in args["backends"]},
        )
        self.gateway = after(pulumi.Output.concat(args["namespace"], "/", physical), waits)
        self.address = after(address, waits)
        self.register_outputs(outputs_of(self))


def _role(backend: GatewayBackendArgs) -> str:
    return backend["name"] if "name" in backend else str(backend["service"])


def _backend(args: GatewayBackendArgs) -> Backend:
    return Backend(
        "ServiceImport",
        args["service"],
        args["port"],
        weight=args.get("weight"),
        path=args.get("path", "/"),
        health_path=args.get("health_check_path", "/"),
        health_port=args.get("health_check_port"),
    )


def _problems(args: MultiClusterGatewayArgs) -> Iterator[tuple[str, str]]:
    yield from host_problems(args["hosts"])
    yield from load_balancer_problems(
        "load_balancer", args["load_balancer"], CLASSES, args["hosts"]
    )
    backends = args["backends"]
    if not backends:
        yield "backends", "is empty; name at least one service"
    for index, backend in enumerate(backends):
        path = f"backends[{index}]"
        if "name" not in backend and not is_plain(backend["service"]):
            yield f"{path}.name", "missing; a service that is known only later needs a name"
        if not re.fullmatch(DNS_LABEL, backend.get("name", "x")):
            text = "may only have up to 63 lower-case letters, digits and inner hyphens"
            yield f"{path}.name", f"{backend.get('name')!r} {text}"
        for key in ("path", "health_check_path"):
            if not backend.get(key, "/").startswith("/"):
                yield f"{path}.{key}", f"{backend.get(key)!r} must start with '/'"
        for key in ("port", "health_check_port"):
            port = backend.get(key)
            if isinstance(port, int) and not 1 <= port <= 65535:
                yield f"{path}.{key}", f"{port} is not a port from 1 to 65535"
    for role in duplicates(_role(b) for b in backends if "name" in b or is_plain(b["service"])):
        yield "backends", f"two backends are named {role!r}; names are unique in a gateway"
    yield from _health_problems(backends)
    yield from _weight_problems(backends)


def _health_problems(backends: list[GatewayBackendArgs]) -> Iterator[tuple[str, str]]:
    """A service has one health check, whichever paths lead to it."""
    first: dict[str, int] = {}
    for index, backend in enumerate(backends):
        if not isinstance(backend["service"], str):
            continue
        earlier = first.setdefault(backend["service"], index)
        for key in ("health_check_path", "health_check_port"):
            here, there = backend.get(key), backends[earlier].get(key)
            if is_plain(here) and is_plain(there) and here != there:
                text = f"differs from backends[{earlier}]'s; {backend['service']!r} has one check"
                yield f"backends[{index}].{key}", f"{text}, so give both the same"


def _weight_problems(backends: list[GatewayBackendArgs]) -> Iterator[tuple[str, str]]:
    for path in dict.fromkeys(backend.get("path", "/") for backend in backends):
        same = [(i, b) for i, b in enumerate(backends) if b.get("path", "/") == path]
        weighted = [b for _, b in same if "weight" in b]
        if weighted and len(weighted) < len(same):
            yield "backends", f"some backends of path {path!r} have no weight; give all or none"
        total, known = 0, True
        for index, backend in same:
            weight = backend.get("weight")
            if not isinstance(weight, int | float):
                known = False
            elif not 0 <= weight <= 100:
                yield f"backends[{index}].weight", f"{weight!r} is not from 0 to 100"
            else:
                total += int(weight)
        if weighted and known and total != 100:
            yield "backends", f"weights of path {path!r} add up to {total}; make them 100"
