"""The gateways of one cluster: into the mesh, out of it, and before several clusters."""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import (
    EgressGateway,
    IngressGateway,
    IngressGatewayArgs,
    JwtIssuerArgs,
    LoadBalancerArgs,
    MultiClusterGateway,
)
from meshwright._kube import ROOT_NAMESPACE
from meshwright.egress import registry_only
from stacks._meshes import ControlPlane
from stacks.spec_gateways import EgressGateway as EgressSpec
from stacks.spec_gateways import Gateway, LoadBalancer
from stacks.spec_gateways import MultiClusterGateway as AcrossSpec
from stacks.spec_services import Namespace

_GOOGLE_PROXIES = ("130.211.0.0/22", "35.191.0.0/16")
"""Where Google's application load balancers call from
(https://cloud.google.com/load-balancing/docs/https#firewall-rules)."""


def cidrs(gateway: Gateway) -> list[str]:
    """The ranges that reach a gateway's pods."""
    if gateway.exported or gateway.load_balancer is not None:
        return [*_GOOGLE_PROXIES]
    return [*gateway.allowed_cidrs] or ["0.0.0.0/0"]


def ingress(
    cluster: str,
    gateway: Gateway,
    namespace: pulumi.Input[str],
    revision: pulumi.Input[str],
    users: list[JwtIssuerArgs],
    issued: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> IngressGateway:
    """An ingress gateway in one cluster."""
    args: IngressGatewayArgs = {
        "gateway": gateway.name,
        "namespace": namespace,
        "hosts": [*gateway.hosts],
        "tls_secret": gateway.certificate_secret,
        "revision": revision,
        "min_replicas": gateway.min_replicas,
        "max_replicas": gateway.max_replicas,
        "exported": gateway.exported,
    }
    if gateway.load_balancer is not None:
        args["load_balancer"] = _load_balancer(gateway.load_balancer, issued)
    elif not gateway.exported:
        args["internal"] = gateway.internal
        args["allowed_cidrs"] = [*gateway.allowed_cidrs]
    if users:
        args["jwt"] = users
    return IngressGateway(f"{cluster}-{gateway.namespace}-{gateway.name}", args, opts=opts)


def across(
    cluster: str,
    gateway: AcrossSpec,
    service: pulumi.Input[str],
    namespace: pulumi.Input[str],
    feature: pulumi.Input[str],
    issued: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> MultiClusterGateway:
    """A load balancer before the same gateway of several clusters, in the config cluster."""
    return MultiClusterGateway(
        f"{cluster}-{gateway.namespace}-{gateway.name}",
        {
            "gateway": gateway.name,
            "namespace": namespace,
            "hosts": [*gateway.hosts],
            "load_balancer": _load_balancer(gateway.load_balancer, issued),
            "backends": [
                {
                    "name": gateway.gateway,
                    "service": service,
                    "port": 443,
                    # The pods' own health, which asks for no token and passes no policy.
                    "health_check_path": "/healthz/ready",
                    "health_check_port": 15021,
                }
            ],
            "feature": feature,
        },
        opts=opts,
    )


def egress(
    cluster: str,
    gateway: EgressSpec,
    namespace: Namespace,
    made: pulumi.Input[str],
    plane: ControlPlane,
    opts: pulumi.ResourceOptions,
) -> EgressGateway:
    """A way out of one cluster."""
    return EgressGateway(
        f"{cluster}-{gateway.namespace}-{gateway.name}",
        {
            "gateway": gateway.name,
            "namespace": made,
            "revision": plane.of(namespace),
            "trust_domain": plane.trust_domain,
            "hosts": [
                {
                    "host": outside.host,
                    "port": outside.port,
                    "callers": [*outside.callers],
                    "originate_tls": outside.originate_tls,
                }
                for outside in gateway.hosts
            ],
            "min_replicas": gateway.min_replicas,
            "max_replicas": gateway.max_replicas,
            # The cluster's own, `closed`: gateways come and go.
            "registry_only": False,
        },
        opts=opts,
    )


def closed(
    cluster: str,
    ways_out: Sequence[EgressGateway],
    plane: ControlPlane,
    provider: kubernetes.Provider,
) -> None:
    """Have the proxies of a cluster refuse hosts outside that no way out names."""
    before = [
        # While there was one gateway at most, the Sidecar was its own.
        pulumi.Alias(name=f"{gateway.pulumi_resource_name}-registry-only", parent=gateway)
        for gateway in ways_out
    ]
    opts = pulumi.ResourceOptions(provider=provider, aliases=before)
    registry_only(f"{cluster}-registry-only", ROOT_NAMESPACE, plane.default, opts)


def _load_balancer(balancer: LoadBalancer, issued: pulumi.Input[str] | None) -> LoadBalancerArgs:
    args: LoadBalancerArgs = {}
    if balancer.gateway_class is not None:
        args["gateway_class"] = balancer.gateway_class
    certificate_map = issued if issued is not None else balancer.certificate_map
    if certificate_map is not None:
        args["certificate_map"] = certificate_map
    if balancer.certificate_secrets:
        args["certificate_secrets"] = [*balancer.certificate_secrets]
    if balancer.ssl_policy is not None:
        args["ssl_policy"] = balancer.ssl_policy
    if balancer.security_policy is not None:
        args["security_policy"] = balancer.security_policy
    if balancer.identity_aware_proxy:
        args["iap"] = {}
    return args
