"""Clusters of the spec: GKE Standard and Autopilot."""

from typing import Annotated, Literal

from pydantic import Field

from stacks._fields import (
    Cidr,
    Closed,
    ClusterName,
    Labels,
    Name,
    NodePoolName,
    PrivateCidr,
    ProjectId,
    Region,
    Zone,
)
from stacks.spec_mesh import MeshKind


class AuthorizedNetwork(Closed):
    """A range that may reach a control plane's public address."""

    name: Name = Field(description="What the range is, shown in the console.")
    cidr: Cidr = Field(description="IPv4 range; never 0.0.0.0/0.", examples=["203.0.113.0/24"])


class Access(Closed):
    """How a cluster's control plane is reached. Nodes are private in any case."""

    authorized_networks: list[AuthorizedNetwork] = Field(
        default_factory=list[AuthorizedNetwork],
        max_length=100,
        description="Ranges that reach the public address. Default: none, and then there is none.",
    )
    dns_endpoint: bool = Field(
        default=True,
        description="Whether the DNS endpoint, guarded by IAM, is reachable from outside the VPC.",
    )
    connect: Literal["ip", "dns", "connect_gateway"] = Field(
        default="dns", description="Which way `pulumi up` takes to create objects in the cluster."
    )


class NodePool(Closed):
    """A node pool of a Standard cluster."""

    name: NodePoolName = Field(description="Name, at most 40 characters, unique in the cluster.")
    machine_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*-[a-z0-9-]+$")] = Field(
        default="e2-standard-4",
        description="Machine type; the mesh is supported from 4 vCPUs.",
        examples=["e2-standard-4"],
    )
    min_nodes: int = Field(
        default=1, ge=0, le=15000, description="Fewest nodes, over all zones together."
    )
    max_nodes: int = Field(
        default=3, ge=1, le=15000, description="Most nodes, over all zones together."
    )
    disk_size_gb: int = Field(default=100, ge=10, le=65536, description="Boot disk, GB.")
    zones: list[Zone] = Field(
        default_factory=list[Zone],
        max_length=10,
        description="Zones of its nodes. Default: the cluster's.",
    )
    spot: bool = Field(default=False, description="Whether nodes are Spot VMs.")
    labels: Labels = Field(default_factory=dict, description="Kubernetes labels of the nodes.")


class Cluster(Closed):
    """A private GKE cluster in the fleet, with the managed mesh on."""

    name: ClusterName = Field(
        description="Name, unique in the spec; at most 40 characters together with the prefix."
    )
    mode: Literal["autopilot", "standard"] = Field(
        default="autopilot", description="Who runs the nodes: Google (autopilot) or node pools."
    )
    region: Region = Field(description="Region; the control plane stands in three of its zones.")
    zones: list[Zone] = Field(
        default_factory=list[Zone],
        max_length=10,
        description="Zones of a Standard cluster's nodes. Default: Google chooses three.",
    )
    network: Name = Field(description="Name of a network in `networks`.")
    subnet: Name = Field(description="Name of a subnet of that network, in the same region.")
    control_plane_cidr: PrivateCidr | None = Field(
        default=None,
        description="Range of the control plane, exactly a /28. Default: an address of the subnet.",
        examples=["172.16.0.0/28"],
    )
    access: Access = Field(
        default_factory=lambda: Access(), description="Who reaches the control plane, and how."
    )
    release_channel: Literal["RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"] = Field(
        default="REGULAR",
        description="Who chooses the version: a channel of Google's, or `version` (UNSPECIFIED).",
    )
    version: Annotated[str, Field(pattern=r"^1\.\d+(\.\d+(-gke\.\d+)?)?$")] | None = Field(
        default=None,
        description="Version of the control plane, only without a release channel.",
        examples=["1.33.5-gke.1080000"],
    )
    node_pools: list[NodePool] = Field(
        default_factory=list[NodePool],
        max_length=100,
        description="Pools of a Standard cluster, at least one; Autopilot has none.",
    )
    gateway_api: bool = Field(default=True, description="Whether GKE's Gateway API is on.")
    project: ProjectId | None = Field(
        default=None,
        description="Id of the project that owns it, a service project of its network's host. "
        "Default: the platform's.",
    )
    mesh: MeshKind | None = Field(
        default=None, description="Kind of its control plane. Default: that of `mesh.kind`."
    )
    certificate_authority: Name | None = Field(
        default=None,
        description="One of `certificate_authorities`, in its region. Default: Mesh CA, and with "
        "open-source Istio its own.",
    )
    secrets_key: Name | None = Field(
        default=None,
        description="One of `encryption_keys`, in its region, for Secrets in etcd. Default: the "
        "cluster's own key.",
    )
    disk_key: Name | None = Field(
        default=None,
        description="One of `encryption_keys`, in its region, for the nodes' boot disks. Default: "
        "Google's.",
    )
    security_group: Annotated[str, Field(pattern=r"^gke-security-groups@[a-z0-9.-]+$")] | None = (
        Field(
            default=None,
            description="Group whose groups RBAC may name. Default: none.",
            examples=["gke-security-groups@example.com"],
        )
    )
    labels: Labels = Field(default_factory=dict, description="Labels beside the platform's.")
    deletion_protection: bool = Field(
        default=True, description="Whether a destroy of the cluster is refused."
    )
