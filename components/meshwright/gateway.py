"""An ingress gateway: Envoy pods that the mesh injects, behind a load balancer, serving HTTPS.

Follows https://cloud.google.com/service-mesh/docs/operate-and-maintain/gateways and
https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/.
"""

import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._gateway_workload import GatewayWorkload
from ._kube import istio_object, metadata, revision_annotation
from ._names import KUBERNETES, physical_name
from ._outputs import after, outputs_of
from ._validation import checked

_HOST = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+")


class IngressGatewayArgs(TypedDict):
    """What an IngressGateway is made from."""

    namespace: pulumi.Input[str]
    """Namespace of the gateway, a MeshNamespace of its own."""
    hosts: list[str]
    """Host names it serves; `*` alone is refused."""
    tls_secret: pulumi.Input[str]
    """Name of the Secret (type kubernetes.io/tls) with the certificate, in the gateway's namespace.
    """
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
    internal: NotRequired[bool]
    """Whether the load balancer is internal to the VPC. Default: false."""
    load_balancer_ip: NotRequired[pulumi.Input[str]]
    """Reserved address of the load balancer. Default: Google chooses one."""
    allowed_cidrs: NotRequired[list[str]]
    """Ranges that the load balancer lets in. Default: all."""


class IngressGateway(pulumi.ComponentResource):
    """Envoy pods behind a load balancer, serving `hosts` over HTTPS with the named certificate.

    The pods are a Deployment that the mesh fills in (injection template `gateway`), spread over
    nodes, scaled between the given bounds and kept up through node upgrades. TLS is 1.2 or later
    on port 443; port 80 only redirects there. Since the mesh denies by default, a policy lets
    anyone call the hosts; what the gateway in turn may call is MeshSecurity's to allow.
    Raises ArgumentError for a host that would catch everything.
    """

    gateway: pulumi.Output[str]
    """`namespace/name` of the Istio Gateway, as routes name it."""
    address: pulumi.Output[str]
    """Address of the load balancer, once it has one and pods serve."""
    service_account: pulumi.Output[str]
    """`namespace/service-account`: how rules name the gateway as a caller."""

    def __init__(
        self, name: str, args: IngressGatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("IngressGateway", name, args, IngressGatewayArgs, _problems)
        physical = physical_name("IngressGateway", KUBERNETES, None, args.get("gateway", name))
        super().__init__("meshwright:index:IngressGateway", name, {}, opts)
        # Istio's convention: this label marks the pods that a Gateway selects.
        selector: dict[str, pulumi.Input[str]] = {"app": physical, "istio": "ingressgateway"}
        meta = metadata(physical, args["namespace"], args.get("revision"), selector)
        annotations = revision_annotation(args.get("revision"))
        parts = GatewayWorkload(self, name, physical, selector, meta, annotations)
        account = parts.service_account()
        deployment = parts.deployment(
            account=account,
            revision=args.get("revision"),
            cpu=args.get("cpu", "250m"),
            memory=args.get("memory", "256Mi"),
        )
        service = parts.service(
            deployment,
            internal=args.get("internal", False),
            address=args.get("load_balancer_ip"),
            allowed_cidrs=args.get("allowed_cidrs"),
        )
        parts.scaling(args.get("min_replicas", 2), args.get("max_replicas", 5))
        gateway = self._gateway(name, args, meta, selector)
        policy = self._policy(name, args, meta, selector)
        waits = [gateway, policy, deployment]
        self.gateway = after(pulumi.Output.concat(args["namespace"], "/", physical), waits)
        self.address = after(service.status.apply(_address), waits)
        self.service_account = pulumi.Output.concat(args["namespace"], "/", physical)
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

    def _policy(
        self,
        name: str,
        args: IngressGatewayArgs,
        meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
        selector: dict[str, pulumi.Input[str]],
    ) -> "kubernetes.apiextensions.CustomResource":
        """Let callers without an identity in: they come from outside the mesh."""
        # A client may name the port in the Host header. A pattern has one wildcard, so that this
        # cannot be said of a host that begins with one.
        hosts = args["hosts"] + [f"{host}:*" for host in args["hosts"] if host[0] != "*"]
        spec: dict[str, object] = {
            "selector": {"matchLabels": selector},
            "action": "ALLOW",
            "rules": [{"to": [{"operation": {"hosts": hosts}}]}],
        }
        api = "security.istio.io/v1"
        return istio_object(self, f"{name}-policy", api, "AuthorizationPolicy", meta, spec)


def _address(status: "kubernetes.core.v1.outputs.ServiceStatus | None") -> str:
    """The address of the load balancer, an IP on Google Cloud."""
    balancer = status.load_balancer if status else None
    for ingress in (balancer.ingress or []) if balancer else []:
        return ingress.ip or ingress.hostname or ""
    return ""


def _problems(args: IngressGatewayArgs) -> Iterator[tuple[str, str]]:
    if not args["hosts"]:
        yield "hosts", "is empty; name at least one host"
    for index, host in enumerate(args["hosts"]):
        if host == "*":
            yield f"hosts[{index}]", "'*' would serve every host; name them"
        elif not _HOST.fullmatch(host):
            yield f"hosts[{index}]", f"{host!r} is not a host name such as shop.example.com"
    low, high = args.get("min_replicas", 2), args.get("max_replicas", 5)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield "min_replicas", f"{low} is more than max_replicas {high}"
