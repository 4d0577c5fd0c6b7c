"""Gateways of the spec: into the mesh, out of it, and across clusters."""

from typing import Annotated, Literal

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


class ExternalHost(Closed):
    """A host outside the mesh that workloads may call, through an egress gateway alone."""

    host: Host = Field(description="DNS name of the host.", examples=["api.example.net"])
    port: Port = Field(default=443, description="Its port.")
    protocol: Literal["TLS", "HTTPS", "TCP"] = Field(
        default="TLS", description="What is spoken there."
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
    callers: list[Reference] = Field(
        min_length=1,
        max_length=MAX_ENTRIES,
        description="Services that may call them, <namespace>/<name>.",
        examples=["shop/payments"],
    )
    min_replicas: int = Field(default=2, ge=1, le=100, description="Fewest pods.")
    max_replicas: int = Field(default=5, ge=1, le=100, description="Most pods.")


class MultiClusterGateway(Closed):
    """One load balancer before the same service in several clusters (Gateway API of GKE)."""

    name: Name = Field(description="Name, unique in its namespace among gateways and services.")
    namespace: Name = Field(description="Namespace it stands in, one of `namespaces`.")
    gateway_class: Literal[
        "gke-l7-global-external-managed-mc",
        "gke-l7-regional-external-managed-mc",
        "gke-l7-cross-regional-internal-managed-mc",
        "gke-l7-rilb-mc",
    ] = Field(
        default="gke-l7-global-external-managed-mc", description="Which load balancer, GKE's name."
    )
    hosts: list[Host] = Field(
        min_length=1, max_length=100, description="Names it serves; never '*'."
    )
    certificate_secret: Name | None = Field(
        default=None, description="Name of the TLS Secret in its namespace; never its value."
    )
    certificate_map: Name | None = Field(
        default=None, description="Name of a map of Certificate Manager, instead of a Secret."
    )
    service: Reference = Field(
        description="The service it serves, in its own namespace and exported.",
        examples=["shop/checkout"],
    )
    health_path: Annotated[str, Field(pattern=r"^/\S*$", max_length=1024)] = Field(
        default="/", description="Path of the load balancer's health checks."
    )
