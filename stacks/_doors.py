"""The gateways of one cluster, as the spec says."""

import pulumi

from meshwright import IngressGateway, IngressGatewayArgs
from stacks.spec_gateways import Gateway

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
        "internal": gateway.internal,
        "allowed_cidrs": [*gateway.allowed_cidrs],
    }
    return IngressGateway(f"{cluster}-{gateway.namespace}-{gateway.name}", args, opts=opts)
