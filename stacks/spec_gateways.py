"""Gateways of the spec: into the mesh, out of it, and across clusters."""

from typing import Annotated

from pydantic import Field

from stacks._fields import (
    MAX_ENTRIES,
    Cidr,
    Closed,
    Host,
    Name,
    Port,
    Reference,
)


class LoadBalancer(Closed):
    """Google's application load balancer before gateways: certificates and users' sign-in."""

    gateway_class: Annotated[str, Field(pattern=r"^gke-l7-[a-z-]+$")] | None = Field(
        default=None,
        description="GKE's GatewayClass; ends in `-mc` across clusters. Default: the global "
        "external one.",
        examples=["gke-l7-global-external-managed"],
    )
    certificate_map: Name | None = Field(
        default=None, description="Name of a map of Certificate Manager."
    )
    certificate_secrets: list[Name] = Field(
        default_factory=list[str],
        max_length=15,
        description="Names of TLS Secrets in the gateway's namespace, instead of a map.",
    )
    managed_certificate: bool = Field(
        default=False,
        description="Whether Google issues the certificates, once the DNS records stand that the "
        "stack tells (output `dns_records`), instead of a map or Secrets.",
    )
    ssl_policy: Name | None = Field(
        default=None, description="Name of an SSL policy. Default: Google's."
    )
    security_policy: Name | None = Field(
        default=None, description="Name of a Cloud Armor policy. Default: none."
    )
    identity_aware_proxy: bool = Field(
        default=False, description="Whether only users whom IAM lets in (IAP) are served."
    )


class Gateway(Closed):
    """An ingress gateway: a load balancer and Envoy pods that serve HTTPS."""

    name: Name = Field(description="Name, unique in its namespace among gateways and services.")
    namespace: Name = Field(description="Namespace it runs in, one of `namespaces`.")
    clusters: list[Name] = Field(
        default_factory=list[str],
        max_length=MAX_ENTRIES,
        description="Clusters that run it. Default: the namespace's.",
    )
    hosts: list[Host] = Field(
        min_length=1, max_length=100, description="Names it serves; never '*'."
    )
    certificate_secret: Name = Field(
        description="Name of the TLS Secret in the gateway's namespace; never its value."
    )
    min_replicas: int = Field(default=2, ge=1, le=100, description="Fewest pods.")
    max_replicas: int = Field(default=5, ge=1, le=100, description="Most pods.")
    internal: bool = Field(
        default=False, description="Whether the load balancer is only reached from the VPC."
    )
    allowed_cidrs: list[Cidr] = Field(
        default_factory=list[str],
        max_length=1000,
        description="Ranges that the load balancer lets in. Default: everyone.",
    )
    exported: bool = Field(
        default=False,
        description="Whether it is a backend of a multi-cluster gateway, with no balancer of its "
        "own.",
    )
    load_balancer: LoadBalancer | None = Field(
        default=None,
        description="Application load balancer before it. Default: a network load balancer.",
    )


class ExternalHost(Closed):
    """A host outside the mesh that named workloads may call, through an egress gateway alone."""

    host: Host = Field(
        description="DNS name of the host; no wildcard.", examples=["api.example.net"]
    )
    callers: list[Reference] = Field(
        min_length=1,
        max_length=MAX_ENTRIES,
        description="Services that may call it, <namespace>/<name>.",
        examples=["shop/payments"],
    )
    port: Port = Field(default=443, description="Port on which it speaks TLS.")
    originate_tls: bool = Field(
        default=False,
        description="Whether callers speak plain HTTP to port 80, inside the mesh's mutual TLS, "
        "and the gateway speaks TLS for them.",
    )


class EgressGateway(Closed):
    """The only way out: calls to hosts outside leave through these Envoy pods."""

    name: Name = Field(description="Name, unique in its namespace among gateways and services.")
    namespace: Name = Field(description="Namespace it runs in, one of `namespaces`.")
    clusters: list[Name] = Field(
        default_factory=list[str],
        max_length=MAX_ENTRIES,
        description="Clusters that run it. Default: the namespace's.",
    )
    hosts: list[ExternalHost] = Field(
        min_length=1, max_length=100, description="Where calls may go, at least one host."
    )
    min_replicas: int = Field(default=2, ge=1, le=100, description="Fewest pods.")
    max_replicas: int = Field(default=5, ge=1, le=100, description="Most pods.")


class MultiClusterGateway(Closed):
    """One load balancer before the same ingress gateway in several clusters."""

    name: Name = Field(description="Name, unique in its namespace among gateways and services.")
    namespace: Name = Field(description="Namespace of the gateways, one of `namespaces`.")
    gateway: Name = Field(
        description="Name of an exported gateway of that namespace, which serves the calls."
    )
    hosts: list[Host] = Field(
        min_length=1, max_length=100, description="Names it serves, each one of the gateway's."
    )
    load_balancer: LoadBalancer = Field(description="Certificates and users' sign-in.")
