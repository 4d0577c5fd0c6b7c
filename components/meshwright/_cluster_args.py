"""The arguments of a GKE cluster."""

from typing import NotRequired, TypedDict

import pulumi

from ._node_pools import NodePoolArgs


class AuthorizedNetworkArgs(TypedDict):
    """A range that may reach the control plane's public address."""

    cidr: pulumi.Input[str]
    """IPv4 range, such as `203.0.113.0/24`; never `0.0.0.0/0`."""
    display_name: NotRequired[pulumi.Input[str]]
    """What the range is, shown in the console. Default: none."""


class GkeClusterArgs(TypedDict):
    """What a GkeCluster is made from."""

    project: pulumi.Input[str]
    """Id of the project that owns the cluster."""
    location: str
    """Region (a regional control plane) or zone; Autopilot takes a region."""
    network: pulumi.Input[str]
    """Id or self link of the VPC, MeshNetwork.network_id."""
    subnetwork: pulumi.Input[str]
    """Id or self link of the subnet."""
    pod_range_name: NotRequired[pulumi.Input[str]]
    """Secondary range of the pods. Default: `pods`."""
    service_range_name: NotRequired[pulumi.Input[str]]
    """Secondary range of the Services. Default: `services`."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    autopilot: NotRequired[bool]
    """Whether Google runs the nodes (Autopilot). Default: false."""
    node_pools: NotRequired[list[NodePoolArgs]]
    """Pools of a Standard cluster. Default: one pool `default`, 1 to 3 nodes."""
    fleet_project: NotRequired[pulumi.Input[str]]
    """Id of the fleet's project, Fleet.project; the cluster is registered there at birth. Default:
    no fleet."""
    fleet_project_number: NotRequired[pulumi.Input[str]]
    """Number of the fleet's project, Fleet.project_number, for the label `mesh_id`. Default: looked
    up when `fleet_project` is given."""
    control_plane_cidr: NotRequired[pulumi.Input[str]]
    """Private /28 of the control plane. Default: an address of the subnet (Private Service
    Connect)."""
    authorized_networks: NotRequired[list[AuthorizedNetworkArgs]]
    """Ranges that reach the control plane's public address. Default: none, and then there is no
    public address."""
    dns_endpoint: NotRequired[pulumi.Input[bool]]
    """Whether the control plane's DNS endpoint, which IAM guards, is reachable from outside the
    VPC. Default: true."""
    release_channel: NotRequired[pulumi.Input[str]]
    """`RAPID`, `REGULAR`, `STABLE`, `EXTENDED`, or `UNSPECIFIED` for none. Default: `REGULAR`."""
    version: NotRequired[pulumi.Input[str]]
    """Lowest version of the control plane, such as `1.33`; only with `UNSPECIFIED` as release
    channel, since a channel chooses versions itself. Default: the channel's."""
    secrets_kms_key: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts Secrets in etcd, `projects/P/locations/L/keyRings/R/cryptoKeys/K`, in
    the cluster's region; GKE's service agent must be allowed to use it, as EncryptionKey sees to.
    Default: one is made here."""
    secrets_encryption: NotRequired[bool]
    """Whether Secrets in etcd are encrypted with a KMS key. Default: true; false leaves Google's
    own encryption at rest."""
    boot_disk_kms_key: NotRequired[pulumi.Input[str]]
    """KMS key of the nodes' boot disks, for every pool that names none and for Autopilot; Compute
    Engine's service agent must be allowed to use it. Default: Google's own key."""
    security_group: NotRequired[pulumi.Input[str]]
    """`gke-security-groups@DOMAIN`: RBAC by Google Groups. Default: none."""
    node_service_account: NotRequired[pulumi.Input[str]]
    """E-mail of the nodes' service account. Default: one is made, with only
    `roles/container.defaultNodeServiceAccount`."""
    node_roles: NotRequired[list[str]]
    """Further project roles of the service account made here, such as
    `roles/artifactregistry.reader`. Default: none."""
    gateway_api_channel: NotRequired[pulumi.Input[str]]
    """`CHANNEL_STANDARD` or `CHANNEL_DISABLED`. Default: `CHANNEL_STANDARD`."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the cluster, beside the label `mesh_id`. Default: none."""
    deletion_protection: NotRequired[pulumi.Input[bool]]
    """Whether a destroy of the cluster is refused. Default: true."""
    enable_api: NotRequired[bool]
    """Whether to enable the APIs of GKE, KMS and Binary Authorization first. Default: true without
    `fleet_project`, else false, since Fleet enables them."""
