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
    RevisionName,
    Seconds,
)
from stacks.spec_rollouts import Rollout
from stacks.spec_routes import Route


class Version(Closed):
    """One version of a service: a Deployment."""

    name: Name = Field(description="Name, unique in the service.", examples=["v1"])
    image: Image = Field(description="Container image, with a tag or digest.")
    replicas: int = Field(default=2, ge=0, le=1000, description="Pods.")


class OutlierDetection(Closed):
    """When a pod that keeps failing is left out, and for how long."""

    enabled: bool = Field(default=True, description="False: no pod is ever left out.")
    consecutive_5xx_errors: int = Field(
        default=5, ge=1, le=1000, description="How many calls in a row must fail."
    )
    interval_seconds: Seconds = Field(
        default=10, description="How often pods are left out or taken back, seconds."
    )
    base_ejection_seconds: Seconds = Field(
        default=30, description="How long a pod is left out, times how often it was before."
    )
    max_ejection_percent: int = Field(
        default=100,
        ge=1,
        le=100,
        description="Share of the pods that may be left out at once; 100 lets a region be left.",
    )


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
    outlier_detection: OutlierDetection | None = Field(
        default=None,
        description="Leave out pods that keep failing, so that calls stay in their region and go "
        "to another one while it has none that answers. Default: on where several clusters run "
        "the service.",
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
    revision: RevisionName | None = Field(
        default=None,
        description="Control plane of its proxies: a revision of the mesh of its clusters. "
        "Default: the mesh's default revision.",
    )
    labels: Labels = Field(default_factory=dict, description="Further labels of the namespace.")
    services: list[Service] = Field(
        default_factory=list[Service], max_length=MAX_ENTRIES, description="Services that run here."
    )
