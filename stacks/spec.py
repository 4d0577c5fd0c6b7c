"""The spec of one environment: the value `meshwright:platform` of a stack's file.

`load` turns a plain value (parsed YAML or JSON) into a `Platform`, or raises one `SpecError` that
names every mistake in it. The model is closed and nothing is coerced. Secrets never stand in it:
the spec names a secret, its value lives in the cluster or under a `--secret` key of the stack.
"""

from pydantic import Field

from stacks._errors import SpecError, problems_of
from stacks._fields import MAX_ENTRIES, Closed, Labels, Prefix, ProjectId
from stacks.spec_clusters import Cluster
from stacks.spec_gateways import EgressGateway, Gateway, MultiClusterGateway
from stacks.spec_hybrid import AttachedCluster, CloudRunService, MeshRoute, OnPremCluster, VmGroup
from stacks.spec_logging import EncryptionKey, LogSink
from stacks.spec_mesh import Fleet, Mesh, Telemetry
from stacks.spec_monitoring import Monitoring
from stacks.spec_network import Network
from stacks.spec_rollouts import Metrics
from stacks.spec_security import CertificateAuthority, Security
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
    attached_clusters: list[AttachedCluster] = Field(
        default_factory=list[AttachedCluster],
        max_length=MAX_ENTRIES,
        description="Clusters of other clouds in the fleet.",
    )
    on_prem_clusters: list[OnPremCluster] = Field(
        default_factory=list[OnPremCluster],
        max_length=MAX_ENTRIES,
        description="Clusters on premises in the fleet.",
    )
    encryption_keys: list[EncryptionKey] = Field(
        default_factory=list[EncryptionKey],
        max_length=100,
        description="Keys of one's own, which clusters and log sinks name.",
    )
    certificate_authorities: list[CertificateAuthority] = Field(
        default_factory=list[CertificateAuthority],
        max_length=100,
        description="Authorities of CA Service, which clusters name.",
    )
    fleet: Fleet = Field(
        default_factory=lambda: Fleet(), description="The fleet that every cluster is born into."
    )
    mesh: Mesh = Field(default_factory=lambda: Mesh(), description="The control planes.")
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
    egress_gateways: list[EgressGateway] = Field(
        default_factory=list[EgressGateway],
        max_length=MAX_ENTRIES,
        description="Ways out of the mesh. Default: none.",
    )
    multi_cluster_gateways: list[MultiClusterGateway] = Field(
        default_factory=list[MultiClusterGateway],
        max_length=MAX_ENTRIES,
        description="Load balancers before services of several clusters.",
    )
    vm_groups: list[VmGroup] = Field(
        default_factory=list[VmGroup], max_length=MAX_ENTRIES, description="VMs in the mesh."
    )
    cloud_run_services: list[CloudRunService] = Field(
        default_factory=list[CloudRunService],
        max_length=MAX_ENTRIES,
        description="Cloud Run services in the mesh.",
    )
    mesh_routes: list[MeshRoute] = Field(
        default_factory=list[MeshRoute],
        max_length=MAX_ENTRIES,
        description="Calls to VMs and Cloud Run services by name.",
    )
    security: Security = Field(
        default_factory=lambda: Security(), description="Mutual TLS, and who may call whom."
    )
    telemetry: Telemetry = Field(
        default_factory=lambda: Telemetry(), description="What the mesh's proxies report."
    )
    monitoring: Monitoring = Field(
        default_factory=lambda: Monitoring(), description="Dashboard, objectives and alerts."
    )
    metrics: Metrics | None = Field(
        default=None, description="Whom the analyses of rollouts ask. Default: nobody."
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
