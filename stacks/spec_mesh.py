"""What is said once for the whole mesh: fleet, control plane, gateways, security, telemetry."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from stacks._fields import MAX_ENTRIES, Cidr, Closed, Filter, Host, Name, Reference


class Fleet(Closed):
    """The fleet of the platform's project."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9' !-]{4,30}$")] | None = Field(
        default=None, description="Name shown in the console, 4 to 30 characters. Default: none."
    )
    mesh_by_default: bool = Field(
        default=False, description="Whether clusters of others get the mesh when they join."
    )
    multi_cluster_services: bool = Field(
        default=False, description="Whether Services can be exported to the other clusters."
    )


class Mesh(Closed):
    """The managed control plane on every cluster."""

    channel: Literal["rapid", "regular", "stable"] = Field(
        default="regular", description="Release channel; it cannot be changed later."
    )
    timeout_seconds: int = Field(
        default=3600,
        ge=60,
        le=14400,
        description="How long to wait until it is ACTIVE everywhere, seconds.",
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


class Call(Closed):
    """A permission: one workload may call another. What is not named is denied."""

    model_config = ConfigDict(validate_by_name=False, validate_by_alias=True)

    caller: Reference = Field(
        alias="from",
        description="The caller, a service or gateway: <namespace>/<name>.",
        examples=["shop-ingress/public"],
    )
    callee: Reference = Field(
        alias="to",
        description="The service called: <namespace>/<name>.",
        examples=["shop/checkout"],
    )
    methods: list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]] = Field(
        default_factory=list[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]],
        max_length=7,
        description="HTTP methods. Default: all.",
    )
    paths: list[Annotated[str, Field(pattern=r"^(/|\*/?)\S*$", max_length=2048)]] = Field(
        default_factory=list[str],
        max_length=100,
        description="HTTP paths, '*' at one end as wildcard. Default: all.",
    )


class Security(Closed):
    """Mutual TLS and permissions. Calls that nothing allows are denied."""

    mtls: Literal["STRICT", "PERMISSIVE"] = Field(
        default="STRICT",
        description="STRICT everywhere; PERMISSIVE opens the `plaintext_ports` of services.",
    )
    calls: list[Call] = Field(
        default_factory=list[Call], max_length=MAX_ENTRIES, description="Who may call whom."
    )


class AccessLogs(Closed):
    """Who connected, from which address, with what result."""

    providers: list[Literal["envoy", "stackdriver"]] = Field(
        default_factory=lambda: list[Literal["envoy", "stackdriver"]](["envoy"]),
        max_length=2,
        description="The proxy's standard output (envoy), traffic logs (stackdriver). []: off.",
    )
    filter: Filter | None = Field(
        default=None,
        description="CEL expression that picks the calls. Default: every call.",
        examples=["response.code >= 400"],
    )


class Telemetry(Closed):
    """What proxies report."""

    access_logs: AccessLogs = Field(
        default_factory=lambda: AccessLogs(), description="Access logs of the whole mesh."
    )
    tracing: bool = Field(default=False, description="Whether traces go to Cloud Trace.")
