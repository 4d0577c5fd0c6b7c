"""Namespaces of the spec and the services that run there."""

from typing import Annotated, Literal

from pydantic import Field

from stacks._fields import (
    MAX_ENTRIES,
    Closed,
    Host,
    Image,
    Labels,
    Name,
    Port,
    Reference,
    Seconds,
    Weight,
)


class Version(Closed):
    """One version of a service: a Deployment."""

    name: Name = Field(description="Name, unique in the service.", examples=["v1"])
    image: Image = Field(description="Container image, with a tag or digest.")
    replicas: int = Field(default=2, ge=0, le=1000, description="Pods.")


class WeightedVersion(Closed):
    """The share of one version in a service's calls."""

    version: Name = Field(description="Name of a version of this service.")
    weight: Weight = Field(description="Share in percent, 0 to 100; all of a route sum to 100.")


class Retries(Closed):
    """What to do with a call that failed."""

    attempts: int = Field(ge=0, le=10, description="How often to try again; 0: never.")
    per_try_timeout_seconds: Seconds | None = Field(
        default=None, description="How long one try may take, seconds. Default: the timeout."
    )
    on: list[str] = Field(
        default_factory=lambda: ["connect-failure", "refused-stream", "unavailable"],
        min_length=1,
        max_length=20,
        description="Which failures, in Envoy's words.",
    )


class Route(Closed):
    """How calls are shared among a service's versions."""

    weights: list[WeightedVersion] = Field(
        min_length=1, max_length=50, description="Share of each version; 0 for one that waits."
    )
    timeout_seconds: Seconds | None = Field(
        default=None, description="Deadline of a call with its retries, seconds. Default: none."
    )
    retries: Retries | None = Field(default=None, description="Retries. Default: the mesh's own.")
    gateway: Reference | None = Field(
        default=None,
        description="Gateway that serves the service, <namespace>/<name>. Default: none.",
        examples=["shop-ingress/public"],
    )
    hosts: list[Host] = Field(
        default_factory=list[str],
        max_length=100,
        description="Public names of the service, each one that the gateway serves.",
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
    plaintext_ports: list[Port] = Field(
        default_factory=list[int],
        max_length=20,
        description="Ports open to callers without a proxy; needs security.mtls PERMISSIVE.",
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
    labels: Labels = Field(default_factory=dict, description="Further labels of the namespace.")
    services: list[Service] = Field(
        default_factory=list[Service], max_length=MAX_ENTRIES, description="Services that run here."
    )
