"""An ingress gateway: Envoy pods that the mesh injects, behind a load balancer, serving HTTPS.

Follows https://cloud.google.com/service-mesh/docs/operate-and-maintain/gateways,
https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/ and, with
`load_balancer`, https://cloud.google.com/architecture/exposing-service-mesh-apps-through-gke-ingress
and https://cloud.google.com/service-mesh/docs/iap-integration.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._gateway_workload import GatewayWorkload, scaling_problems
from ._gke_gateway import Backend, GkeGateway, LoadBalancerArgs, load_balancer_problems
from ._jwt import JwtIssuerArgs, iap_issuer, jwt_problems, jwt_rules, request_principals
from ._kube import istio_object, metadata, revision_annotation
from ._names import KUBERNETES, named, physical_name
from ._outputs import after, outputs_of
from ._ranges import range_problems
from ._route_addresses import is_host
from ._validation import checked, duplicates, one_of

# GKE's classes for one cluster, and whether they take a map of Certificate Manager:
# https://cloud.google.com/kubernetes-engine/docs/how-to/gatewayclass-capabilities
CLASSES = {
    "gke-l7-global-external-managed": True,
    "gke-l7-regional-external-managed": False,
    "gke-l7-gxlb": True,
    "gke-l7-rilb": False,
}
# What only the network load balancer has, which stands when no `load_balancer` is named.
_OF_NETWORK_LOAD_BALANCER = ("allowed_cidrs", "internal", "load_balancer_ip")


class IngressGatewayArgs(TypedDict):
    """What an IngressGateway is made from."""

    namespace: pulumi.Input[str]
    """Namespace of the gateway, a MeshNamespace of its own."""
    hosts: list[str]
    """Host names it serves; `*` alone is refused."""
    tls_secret: pulumi.Input[str]
    """Name of the Secret (type kubernetes.io/tls) with the pods' certificate, in the gateway's
    namespace. Behind a `load_balancer`, which does not verify it, it may be self-signed."""
    gateway: NotRequired[str]
    """Name of the gateway's objects. Default: the component's name."""
    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: injects the pods, and the objects are made once it is known. Default:
    the namespace's."""
    min_replicas: NotRequired[pulumi.Input[int]]
    """Fewest pods. Default: 2."""
    max_replicas: NotRequired[pulumi.Input[int]]
    """Most pods. Default: 5."""
    cpu: NotRequired[pulumi.Input[str]]
    """CPU request of a pod. Default: `250m`."""
    memory: NotRequired[pulumi.Input[str]]
    """Memory request and limit of a pod. Default: `256Mi`."""
    service_type: NotRequired[str]
    """`LoadBalancer`, a network load balancer that hands TLS through to the pods, or `ClusterIP`,
    none of its own (for MultiClusterGateway). Default: `LoadBalancer`, and `ClusterIP` with
    `load_balancer` or `exported`."""
    load_balancer: NotRequired[LoadBalancerArgs]
    """Google's application load balancer before the pods, by GKE Gateway: certificates of
    Certificate Manager, Identity-Aware Proxy, Cloud Armor. Default: none."""
    exported: NotRequired[bool]
    """Whether the pods also serve as a backend of a MultiClusterGateway (ServiceExport). Default:
    false."""
    internal: NotRequired[bool]
    """Whether the network load balancer is internal to the VPC. Default: false."""
    load_balancer_ip: NotRequired[pulumi.Input[str]]
    """Reserved address of the network load balancer. Default: Google chooses one."""
    allowed_cidrs: NotRequired[list[pulumi.Input[str]]]
    """Ranges that the network load balancer lets in. Default: all."""
    jwt: NotRequired[list[JwtIssuerArgs]]
    """Issuers of users' tokens; no call without a token of one of them is let in. Default: none,
    or Identity-Aware Proxy where `load_balancer` turns it on."""


class IngressGateway(pulumi.ComponentResource):
    """Envoy pods behind a load balancer, serving `hosts` over HTTPS with the named certificate.

    The pods are a Deployment that the mesh fills in (injection template `gateway`), spread over
    nodes, scaled between the given bounds and kept up through node upgrades. TLS is 1.2 or later
    on port 443; port 80 only redirects there. Since the mesh denies by default, a policy lets
    anyone call the hosts, or with `jwt` or Identity-Aware Proxy whoever has a valid token; what the
    gateway in turn may call is MeshSecurity's to allow. With `load_balancer`, the namespace's
    network policy must let in 130.211.0.0/22 and 35.191.0.0/16, where Google's proxies are.
    Raises ArgumentError for a host that would catch everything, and for arguments that the chosen
    load balancer does not have.
    """

    gateway: pulumi.Output[str]
    """`namespace/name` of the Istio Gateway, as routes name it."""
    address: pulumi.Output[str]
    """Address of the load balancer, once it has one and pods serve; empty where it has none."""
    service_account: pulumi.Output[str]
    """`namespace/service-account`: how rules name the gateway as a caller."""
    service: pulumi.Output[str]
    """Name of the Service, as a MultiClusterGateway's backends name it."""

    def __init__(
        self, name: str, args: IngressGatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "IngressGateway",
            name,
            args,
            IngressGatewayArgs,
            _problems,
            named(KUBERNETES, name, "gateway"),
        )
        physical = physical_name("IngressGateway", KUBERNETES, None, args.get("gateway", name))
        super().__init__("meshwright:index:IngressGateway", name, {}, opts)
        # As Istio's own gateway chart labels its pods.
        selector: dict[str, pulumi.Input[str]] = {"app": physical, "istio": "ingressgateway"}
        meta = metadata(physical, args["namespace"], args.get("revision"), selector)
        annotations = revision_annotation(args.get("revision"))
        parts = GatewayWorkload(
            self, name, physical, selector, args["namespace"], meta, annotations
        )
        account = parts.service_account()
        deployment = parts.deployment(
            account=account,
            revision=args.get("revision"),
            cpu=args.get("cpu", "250m"),
            memory=args.get("memory", "256Mi"),
        )
        parts.scaling(args.get("min_replicas", 2), args.get("max_replicas", 5))
        in_mesh = parts.in_mesh(deployment)
        waits: list[pulumi.Resource] = [
            self._gateway(name, args, meta, in_mesh),
            *self._policies(name, args, meta, in_mesh),
            deployment,
        ]
        if _service_type(args) == "LoadBalancer":
            service = parts.load_balancer(
                internal=args.get("internal", False),
                address=args.get("load_balancer_ip"),
                allowed_cidrs=args.get("allowed_cidrs"),
            )
            address = service.status.apply(_address)
        else:
            service, address = parts.cluster_service(), pulumi.Output.from_input("")
        called = service.metadata.apply(lambda found: found.name or "")
        if args.get("exported", False):
            meta_of_export = metadata(called, args["namespace"], args.get("revision"))
            waits.append(_export(self, name, meta_of_export))
        if "load_balancer" in args:
            edge = args["load_balancer"]
            # The pods' own health, which asks for no token and passes no policy.
            health = Backend(
                "Service", called, 443, health_path="/healthz/ready", health_port=15021
            )
            made, address = GkeGateway(self, name, physical, meta, edge).build(
                edge.get("gateway_class", next(iter(CLASSES))), args["hosts"], {"edge": health}
            )
            waits += made
        waits.append(service)
        self.gateway = after(pulumi.Output.concat(args["namespace"], "/", physical), waits)
        self.address = after(address, waits)
        self.service_account = pulumi.Output.concat(args["namespace"], "/", physical)
        self.service = after(called, waits)
        self.register_outputs(outputs_of(self))

    def _gateway(
        self,
        name: str,
        args: IngressGatewayArgs,
        meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
        selector: dict[str, pulumi.Input[str]],
    ) -> "kubernetes.apiextensions.CustomResource":
        https: dict[str, object] = {
            "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
            "hosts": args["hosts"],
            "tls": {
                "mode": "SIMPLE",
                "credentialName": args["tls_secret"],
                "minProtocolVersion": "TLSV1_2",
            },
        }
        redirect: dict[str, object] = {
            "port": {"number": 80, "name": "http", "protocol": "HTTP"},
            "hosts": args["hosts"],
            "tls": {"httpsRedirect": True},
        }
        spec: dict[str, object] = {"selector": selector, "servers": [https, redirect]}
        api = "networking.istio.io/v1"
        return istio_object(self, f"{name}-gateway", api, "Gateway", meta, spec)

    def _policies(
        self,
        name: str,
        args: IngressGatewayArgs,
        meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
        selector: dict[str, pulumi.Input[str]],
    ) -> Iterator["kubernetes.apiextensions.CustomResource"]:
        """Who gets in: callers from outside have no identity in the mesh, but may have a token."""
        # A client may name the port in the Host header. A pattern has one wildcard, so that this
        # cannot be said of a host that begins with one.
        hosts = args["hosts"] + [f"{host}:*" for host in args["hosts"] if host[0] != "*"]
        rule: dict[str, object] = {"to": [{"operation": {"hosts": hosts}}]}
        api, pods = "security.istio.io/v1", {"matchLabels": selector}
        issuers = [*args.get("jwt", [])]
        iap = args.get("load_balancer", {}).get("iap")
        if iap is not None:
            issuers.append(iap_issuer(iap.get("audiences", [])))
        if issuers:
            rule["from"] = [{"source": {"requestPrincipals": request_principals(issuers)}}]
            spec: dict[str, object] = {"selector": pods, "jwtRules": jwt_rules(issuers)}
            yield istio_object(self, f"{name}-jwt", api, "RequestAuthentication", meta, spec)
        spec = {"selector": pods, "action": "ALLOW", "rules": [rule]}
        yield istio_object(self, f"{name}-policy", api, "AuthorizationPolicy", meta, spec)


def _export(
    parent: pulumi.Resource, name: str, meta: "kubernetes.meta.v1.ObjectMetaArgsDict"
) -> "kubernetes.apiextensions.CustomResource":
    """The Service seen by the whole fleet; a ServiceExport has neither spec nor data."""
    return kubernetes.apiextensions.CustomResource(
        f"{name}-export",
        api_version="net.gke.io/v1",
        kind="ServiceExport",
        metadata=meta,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _service_type(args: IngressGatewayArgs) -> str:
    behind = "load_balancer" in args or args.get("exported", False)
    return args.get("service_type", "ClusterIP" if behind else "LoadBalancer")


def _address(status: "kubernetes.core.v1.outputs.ServiceStatus | None") -> str:
    """The address of the load balancer, an IP on Google Cloud."""
    balancer = status.load_balancer if status else None
    for ingress in (balancer.ingress or []) if balancer else []:
        return ingress.ip or ingress.hostname or ""
    return ""


def host_problems(hosts: list[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with the names that a gateway is to serve."""
    if not hosts:
        yield "hosts", "is empty; name at least one host"
    for index, host in enumerate(hosts):
        if host == "*":
            yield f"hosts[{index}]", "'*' would serve every host; name them"
        elif "." not in host or not is_host(host):
            yield f"hosts[{index}]", f"{host!r} is not a host name such as shop.example.com"
    for host in duplicates(hosts):
        yield "hosts", f"{host!r} is named twice"


def _problems(args: IngressGatewayArgs) -> Iterator[tuple[str, str]]:
    yield from host_problems(args["hosts"])
    yield from scaling_problems(args.get("min_replicas", 2), args.get("max_replicas", 5))
    yield from one_of("service_type", args.get("service_type"), ("LoadBalancer", "ClusterIP"))
    if "load_balancer" in args:
        yield from load_balancer_problems(
            "load_balancer", args["load_balancer"], CLASSES, args["hosts"]
        )
        if args.get("service_type") == "LoadBalancer":
            yield "service_type", "load_balancer already stands before the pods; leave this out"
    if _service_type(args) != "LoadBalancer":
        for key in _OF_NETWORK_LOAD_BALANCER:
            if args.get(key):
                yield key, "belongs to a network load balancer, which this gateway does not have"
    yield from range_problems("allowed_cidrs", args.get("allowed_cidrs", []))
    for index, issuer in enumerate(args.get("jwt", [])):
        yield from jwt_problems(f"jwt[{index}]", issuer)
