"""Namespaces of the spec and the services that run there."""

from typing import Annotated, Literal

from pydantic import Field

from stacks._fields import (
    MAX_ENTRIES,
    Closed,
    Image,
    Labels,
    Name,
    Port,
)
from stacks.spec_rollouts import Rollout
from stacks.spec_routes import Route


class Version(Closed):
    """One version of a service: a Deployment."""

    name: Name = Field(description="Name, unique in the service.", examples=["v1"])
    image: Image = Field(description="Container image, with a tag or digest.")
    replicas: int = Field(default=2, ge=0, le=1000, description="Pods.")


class Service(Closed):
    """A service of the mesh: a Kubernetes Service, its versions and its own service account."""

    name: Name = Field(description="Name, unique in the namespace.")
    port: Port = Field(description="Port of the Service and its containers.", examples=[8080])
    protocol: Literal["http", "http2", "grpc", "tcp"] = Field(
        default="http", description="What is spoken on the port."
    )
    clusters: list[Name] = Field(
        default_factory=list[str],
        max_length=MAX_ENTRIES,
        description="Clusters that run it. Default: the namespace's.",
    )
    versions: list[Version] = Field(
        min_length=1, max_length=50, description="The versions, at least one."
    )
    route: Route | None = Field(
        default=None, description="Traffic among the versions; needed where there are several."
    )
    rollout: Rollout | None = Field(
        default=None,
        description="How a new version takes over, step by step; it decides the route's shares. "
        "Default: the route's weights hold.",
    )
    plaintext_ports: list[Port] = Field(
        default_factory=list[int],
        max_length=20,
        description="Ports open to callers without a proxy; needs security.mtls PERMISSIVE, or an "
        "entry of security.plaintext that says why and until when.",
    )
    exported: bool = Field(
        default=False,
        description="Whether all clusters of the fleet reach it as NAME.NAMESPACE.svc.clusterset."
        "local; needs fleet.multi_cluster_services.",
    )


class Namespace(Closed):
    """A namespace in the mesh, closed to every call that `security.calls` does not name."""

    name: Name = Field(description="Name, unique in the spec; at most 63 characters.")
    clusters: Annotated[list[Name], Field(min_length=1, max_length=MAX_ENTRIES)] = Field(
        description="Clusters that have it; the same namespace everywhere."
    )
    pod_security: Literal["restricted", "baseline"] = Field(
        default="restricted", description="Pod Security level that is enforced."
    )
    revision: Name | None = Field(
        default=None,
        description="Control plane of its proxies: a revision of the mesh of its clusters. "
        "Default: the mesh's default revision.",
    )
    labels: Labels = Field(default_factory=dict, description="Further labels of the namespace.")
    services: list[Service] = Field(
        default_factory=list[Service], max_length=MAX_ENTRIES, description="Services that run here."
    )
