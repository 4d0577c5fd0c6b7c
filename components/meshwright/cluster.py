"""A hardened GKE cluster, Standard or Autopilot, born in a fleet and ready for the managed mesh.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster and
https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._kubeconfig import context_name, render_kubeconfig
from ._names import CLUSTER, SERVICE_ACCOUNT, physical_name
from ._node_pools import NodePoolArgs, default_pool_config, node_account, node_pool
from ._outputs import after, outputs_of
from ._validation import checked, duplicates, one_of

_CHANNELS = ("RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED")
_TAINT_EFFECTS = ("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE")


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
    """KMS key that encrypts Secrets in etcd, `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
    Default: Google's encryption at rest only."""
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
    """Labels of the cluster, beside `mesh_id`. Default: none."""
    deletion_protection: NotRequired[pulumi.Input[bool]]
    """Whether a destroy of the cluster is refused. Default: true."""
    enable_api: NotRequired[bool]
    """Whether to enable the GKE API first. Default: true without `fleet_project`, else false, since
    Fleet enables it."""


class GkeCluster(pulumi.ComponentResource):
    """A GKE cluster, hardened by default: Autopilot, or Standard with its own node pools.

    Nodes are private, run Container-Optimized OS with secure boot under their own service account,
    and reach Google APIs by Workload Identity; the control plane is open to IAM-checked calls by
    DNS name and, at its public address, to the named ranges alone. Dataplane V2, intranode
    visibility, logs, metrics, security posture and Binary Authorization are on, and a release
    channel keeps it patched. With `fleet_project` it is born into that fleet. Encrypting Secrets
    with one's own key takes `secrets_kms_key`. Raises ArgumentError for what GKE would refuse.
    """

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
        args = checked("GkeCluster", name, args, GkeClusterArgs, _problems)
        physical = physical_name("GkeCluster", CLUSTER, args.get("prefix"), name)
        account_id = ""
        if "node_service_account" not in args:
            account_id = physical_name(
                "GkeCluster", SERVICE_ACCOUNT, args.get("prefix"), name, "nodes"
            )
        super().__init__("meshwright:index:GkeCluster", name, {}, opts)
        project = self._ready_project(name, args)
        if "node_service_account" in args:
            account = pulumi.Output.from_input(args["node_service_account"])
        else:
            account = node_account(self, name, account_id, args.get("node_roles", []), project)
        cluster = self._cluster(name, physical, args, project, account)
        pools: list[gcp.container.NodePool] = []
        if not args.get("autopilot", False):
            for pool in args.get("node_pools", [NodePoolArgs(name="default")]):
                pools.append(node_pool(self, name, pool, cluster, account))
        # A cluster that is born into a fleet is a member in its own region, under its own name.
        region = "-".join(args["location"].split("-")[:2])
        fleet = cluster.fleet.apply(lambda fleet: _membership(fleet, physical, region))
        self.cluster_name = cluster.name
        self.project = cluster.project
        self.location = cluster.location
        self.endpoint = after(cluster.endpoint, pools)
        self.dns_endpoint = after(cluster.control_plane_endpoints_config.apply(_dns_name), pools)
        self.ca_certificate = after(cluster.master_auth.apply(_ca_certificate), pools)
        self.membership = fleet.apply(lambda found: found[0])
        self.membership_location = fleet.apply(lambda found: found[1])
        self.node_service_account = account
        self.workload_pool = pulumi.Output.concat(cluster.project, ".svc.id.goog")
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.all(
                self.project, self.location, self.cluster_name, self.endpoint, self.ca_certificate
            ).apply(lambda v: render_kubeconfig(context_name(*v[:3]), f"https://{v[3]}", v[4]))
        )
        self.register_outputs(outputs_of(self))

    def _ready_project(self, name: str, args: GkeClusterArgs) -> pulumi.Input[str]:
        """The project, once it may be asked for clusters."""
        if not args.get("enable_api", "fleet_project" not in args):
            return args["project"]
        api = gcp.projects.Service(
            f"{name}-container-api",
            project=args["project"],
            service="container.googleapis.com",
            # Others in the project may use it.
            disable_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return after(args["project"], [api])

    def _cluster(
        self,
        name: str,
        physical: str,
        args: GkeClusterArgs,
        project: pulumi.Input[str],
        account: pulumi.Input[str],
    ) -> "gcp.container.Cluster":
        """The cluster; what Autopilot settles by itself is left out there, since GKE refuses it."""
        autopilot = args.get("autopilot", False)
        networks = args.get("authorized_networks", [])
        return gcp.container.Cluster(
            f"{name}-cluster",
            name=physical,
            project=project,
            location=args["location"],
            network=args["network"],
            subnetwork=args["subnetwork"],
            networking_mode="VPC_NATIVE",
            ip_allocation_policy={
                "cluster_secondary_range_name": args.get("pod_range_name", "pods"),
                "services_secondary_range_name": args.get("service_range_name", "services"),
            },
            fleet={"project": args["fleet_project"]} if "fleet_project" in args else None,
            resource_labels=self._labels(args),
            deletion_protection=args.get("deletion_protection", True),
            min_master_version=args.get("version"),
            release_channel={"channel": args.get("release_channel", "REGULAR")},
            private_cluster_config={
                "enable_private_nodes": True,
                "enable_private_endpoint": not networks,
                "master_ipv4_cidr_block": args.get("control_plane_cidr"),
            },
            master_authorized_networks_config={
                "gcp_public_cidrs_access_enabled": False,
                "cidr_blocks": [
                    {"cidr_block": item["cidr"], "display_name": item.get("display_name")}
                    for item in networks
                ],
            },
            control_plane_endpoints_config={
                "dns_endpoint_config": {"allow_external_traffic": args.get("dns_endpoint", True)},
                "ip_endpoints_config": {"enabled": True},
            },
            master_auth={"client_certificate_config": {"issue_client_certificate": False}},
            authenticator_groups_config=(
                {"security_group": args["security_group"]} if "security_group" in args else None
            ),
            database_encryption=(
                {"state": "ENCRYPTED", "key_name": args["secrets_kms_key"]}
                if "secrets_kms_key" in args
                else None
            ),
            binary_authorization={"evaluation_mode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
            security_posture_config={"mode": "BASIC"},
            logging_config={"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS"]},
            monitoring_config={
                "enable_components": ["SYSTEM_COMPONENTS"],
                "managed_prometheus": {"enabled": True},
            },
            gateway_api_config={"channel": args.get("gateway_api_channel", "CHANNEL_STANDARD")},
            enable_autopilot=True if autopilot else None,
            cluster_autoscaling=(
                {"auto_provisioning_defaults": {"service_account": account}} if autopilot else None
            ),
            workload_identity_config=(
                None
                if autopilot
                else {"workload_pool": pulumi.Output.concat(project, ".svc.id.goog")}
            ),
            datapath_provider=None if autopilot else "ADVANCED_DATAPATH",
            enable_intranode_visibility=None if autopilot else True,
            enable_shielded_nodes=None if autopilot else True,
            remove_default_node_pool=None if autopilot else True,
            initial_node_count=None if autopilot else 1,
            node_config=None if autopilot else default_pool_config(account),
            opts=pulumi.ResourceOptions(
                parent=self,
                # The default pool is deleted at birth; what is read afterwards is another pool's.
                ignore_changes=None if autopilot else ["nodeConfig"],
            ),
        )

    def _labels(self, args: GkeClusterArgs) -> pulumi.Input[dict[str, pulumi.Input[str]]]:
        """The caller's labels and, in a fleet, the one that mesh dashboards find the cluster by."""
        labels = args.get("labels", {})
        if "fleet_project" not in args:
            return labels
        if "fleet_project_number" in args:
            number = pulumi.Output.from_input(args["fleet_project_number"])
        else:
            number = gcp.organizations.get_project_output(
                project_id=args["fleet_project"], opts=pulumi.InvokeOutputOptions(parent=self)
            ).number
        mesh_id = pulumi.Output.concat("proj-", number)
        return pulumi.Output.all(labels, mesh_id).apply(lambda v: {**v[0], "mesh_id": v[1]})


def _membership(
    fleet: "gcp.container.outputs.ClusterFleet | None", cluster: str, region: str
) -> tuple[str, str]:
    """Id and location of the membership that a cluster was born with, empty where it has none."""
    if fleet is None or not fleet.project:
        return "", ""
    return fleet.membership_id or cluster, fleet.membership_location or region


def _dns_name(
    config: "gcp.container.outputs.ClusterControlPlaneEndpointsConfig | None",
) -> str:
    dns = config.dns_endpoint_config if config else None
    return (dns.endpoint or "") if dns else ""


def _ca_certificate(auth: "gcp.container.outputs.ClusterMasterAuth | None") -> str:
    return (auth.cluster_ca_certificate or "") if auth else ""


def _problems(args: GkeClusterArgs) -> Iterator[tuple[str, str]]:
    """Combinations that GKE refuses, after minutes or in words that do not name the argument."""
    yield from one_of("release_channel", args.get("release_channel"), _CHANNELS)
    if "version" in args and args.get("release_channel", "REGULAR") in _CHANNELS[:-1]:
        yield "version", "a release channel chooses versions itself; leave one of the two out"
    if args.get("autopilot", False):
        if "node_pools" in args:
            yield "node_pools", "Autopilot runs the nodes itself; leave node_pools out"
        if args["location"].count("-") != 1:
            yield "location", f"Autopilot takes a region, and {args['location']!r} is not one"
    elif args.get("node_pools") == []:
        yield "node_pools", "is empty; leave it out for one pool, or name at least one"
    if "node_service_account" in args and "node_roles" in args:
        yield "node_roles", "are for the account made here; give your own account its roles itself"
    for index, item in enumerate(args.get("authorized_networks", [])):
        if item["cidr"] == "0.0.0.0/0":
            yield f"authorized_networks[{index}].cidr", "0.0.0.0/0 opens the control plane to all"
    pools = args.get("node_pools", [])
    for name in duplicates(pool["name"] for pool in pools):
        yield "node_pools", f"two pools are named {name!r}; names are unique in a cluster"
    for index, pool in enumerate(pools):
        low, high = pool.get("min_nodes", 1), pool.get("max_nodes", 3)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            yield f"node_pools[{index}].min_nodes", f"{low} is more than max_nodes {high}"
        for place, taint in enumerate(pool.get("taints", [])):
            path = f"node_pools[{index}].taints[{place}].effect"
            yield from one_of(path, taint["effect"], _TAINT_EFFECTS)
