"""The spec of one environment: the value `meshwright:platform` of a stack's file.

`load` turns a plain value (parsed YAML or JSON) into a `Platform`, or raises one `SpecError` that
names every mistake in it. The model is closed and nothing is coerced. Secrets never stand in it:
the spec names a secret, its value lives in the cluster or under a `--secret` key of the stack.
"""

from pydantic import Field

from stacks._errors import SpecError, problems_of
from stacks._fields import MAX_ENTRIES, Closed, Labels, Prefix, ProjectId
from stacks.spec_clusters import Cluster
from stacks.spec_logging import LogSink
from stacks.spec_mesh import Fleet, Gateway, Mesh, Security, Telemetry
from stacks.spec_network import Network
from stacks.spec_services import Namespace

__all__ = ["Platform", "SpecError", "load"]


class Platform(Closed):
    """A service-mesh platform on Google Cloud, as one environment needs it."""

    project: ProjectId = Field(
        description="Id of the Google Cloud project that holds everything. 6 to 30 characters.",
        examples=["meshwright-dev"],
    )
    prefix: Prefix = Field(
        default="",
        description="Put before each resource's name, joined by '-'. Composed names must keep to "
        "the limits of Google's APIs. Default: none.",
        examples=["dev"],
    )
    labels: Labels = Field(
        default_factory=dict, description="Labels of every resource that takes labels."
    )
    networks: list[Network] = Field(
        min_length=1, max_length=MAX_ENTRIES, description="The VPC networks, at least one."
    )
    clusters: list[Cluster] = Field(
        min_length=1, max_length=MAX_ENTRIES, description="The GKE clusters, at least one."
    )
    fleet: Fleet = Field(
        default_factory=lambda: Fleet(), description="The fleet that every cluster is born into."
    )
    mesh: Mesh = Field(default_factory=lambda: Mesh(), description="The managed control plane.")
    namespaces: list[Namespace] = Field(
        default_factory=list[Namespace],
        max_length=MAX_ENTRIES,
        description="Namespaces in the mesh, with the services that run there.",
    )
    gateways: list[Gateway] = Field(
        default_factory=list[Gateway],
        max_length=MAX_ENTRIES,
        description="Ingress gateways, serving HTTPS.",
    )
    security: Security = Field(
        default_factory=lambda: Security(), description="Mutual TLS, and who may call whom."
    )
    telemetry: Telemetry = Field(
        default_factory=lambda: Telemetry(), description="What the mesh's proxies report."
    )
    log_sinks: list[LogSink] = Field(
        default_factory=list[LogSink],
        max_length=MAX_ENTRIES,
        description="Where the project's logs are routed to.",
    )


def load(raw: object) -> Platform:
    """The validated spec, or SpecError with every mistake: path, masked value, rule and fix."""
    problems = problems_of(raw, Platform)
    if problems:
        raise SpecError(problems)
    return Platform.model_validate(raw)
