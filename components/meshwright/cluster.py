"""A hardened GKE cluster, Standard or Autopilot, born in a fleet and ready for the managed mesh.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster and
https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane.
"""

from typing import NotRequired, TypedDict

import pulumi


class AuthorizedNetworkArgs(TypedDict):
    """A range that may reach the control plane's public address."""

    cidr: pulumi.Input[str]
    """IPv4 range, such as `203.0.113.0/24`; never `0.0.0.0/0`."""
    display_name: NotRequired[pulumi.Input[str]]
    """What the range is, shown in the console. Default: none."""


class NodeTaintArgs(TypedDict):
    """A taint that every node of a pool carries."""

    key: pulumi.Input[str]
    """Key of the taint."""
    value: pulumi.Input[str]
    """Value of the taint."""
    effect: pulumi.Input[str]
    """`NO_SCHEDULE`, `PREFER_NO_SCHEDULE` or `NO_EXECUTE`."""


class NodePoolArgs(TypedDict):
    """A node pool of a Standard cluster."""

    name: str
    """Name of the pool, at most 40 characters; unique in the cluster."""
    machine_type: NotRequired[pulumi.Input[str]]
    """Machine type. Default: `e2-standard-4`, the smallest that the mesh is supported on."""
    min_nodes: NotRequired[pulumi.Input[int]]
    """Fewest nodes in the whole pool, over all zones. Default: 1."""
    max_nodes: NotRequired[pulumi.Input[int]]
    """Most nodes in the whole pool, over all zones. Default: 3."""
    disk_size_gb: NotRequired[pulumi.Input[int]]
    """Boot disk in GB. Default: 100."""
    disk_type: NotRequired[pulumi.Input[str]]
    """Boot disk type. Default: `pd-balanced`."""
    boot_disk_kms_key: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts boot disks. Default: Google's own key."""
    zones: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Zones of the pool. Default: the cluster's."""
    spot: NotRequired[pulumi.Input[bool]]
    """Whether nodes are Spot VMs. Default: false."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Kubernetes labels of the nodes. Default: none."""
    taints: NotRequired[list[NodeTaintArgs]]
    """Taints of the nodes. Default: none."""


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
    """Id of the fleet's project, Fleet.project; the cluster is registered there at birth. Default: no fleet."""
    fleet_project_number: NotRequired[pulumi.Input[str]]
    """Number of the fleet's project, Fleet.project_number, for the label `mesh_id`. Default: looked up when `fleet_project` is given."""
    control_plane_cidr: NotRequired[pulumi.Input[str]]
    """Private /28 of the control plane. Default: an address of the subnet (Private Service Connect)."""
    authorized_networks: NotRequired[list[AuthorizedNetworkArgs]]
    """Ranges that reach the control plane's public address. Default: none, and then there is no public address."""
    dns_endpoint: NotRequired[pulumi.Input[bool]]
    """Whether the control plane's DNS endpoint, which IAM guards, is reachable from outside the VPC. Default: true."""
    release_channel: NotRequired[pulumi.Input[str]]
    """`RAPID`, `REGULAR`, `STABLE` or `EXTENDED`. Default: `REGULAR`."""
    secrets_kms_key: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts Secrets in etcd, `projects/P/locations/L/keyRings/R/cryptoKeys/K`. Default: Google's encryption at rest only."""
    security_group: NotRequired[pulumi.Input[str]]
    """`gke-security-groups@DOMAIN`: RBAC by Google Groups. Default: none."""
    node_service_account: NotRequired[pulumi.Input[str]]
    """E-mail of the nodes' service account. Default: one is made, with only `roles/container.defaultNodeServiceAccount`."""
    node_roles: NotRequired[list[str]]
    """Further project roles of the service account made here, such as `roles/artifactregistry.reader`. Default: none."""
    gateway_api_channel: NotRequired[pulumi.Input[str]]
    """`CHANNEL_STANDARD` or `CHANNEL_DISABLED`. Default: `CHANNEL_STANDARD`."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of the cluster, beside `mesh_id`. Default: none."""
    deletion_protection: NotRequired[pulumi.Input[bool]]
    """Whether a destroy of the cluster is refused. Default: true."""
    enable_api: NotRequired[bool]
    """Whether to enable the GKE API first. Default: true without `fleet_project`, else false, since Fleet enables it."""


class GkeCluster(pulumi.ComponentResource):
    """A GKE cluster."""

    cluster_name: pulumi.Output[str]
    """Physical name."""
    project: pulumi.Output[str]
    """Id of the project that owns the cluster."""
    location: pulumi.Output[str]
    """Region or zone."""
    endpoint: pulumi.Output[str]
    """IP endpoint of the control plane."""
    dns_endpoint: pulumi.Output[str]
    """DNS endpoint of the control plane; empty where it has none."""
    ca_certificate: pulumi.Output[str]
    """The control plane's CA, base64 of PEM."""
    membership: pulumi.Output[str]
    """Short id of the fleet membership; empty without a fleet."""
    membership_location: pulumi.Output[str]
    """Region of the fleet membership; empty without a fleet."""
    node_service_account: pulumi.Output[str]
    """E-mail of the nodes' service account."""
    workload_pool: pulumi.Output[str]
    """Workload Identity pool, `PROJECT.svc.id.goog`."""
    kubeconfig: pulumi.Output[str]
    """Secret: a kubeconfig for the IP endpoint that signs in through gke-gcloud-auth-plugin."""

    def __init__(
        self, name: str, args: GkeClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:GkeCluster", name, {}, opts)
