"""A user cluster of Google Distributed Cloud (software only) on bare metal, and its node pools."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._binary_authorization import evaluation_mode
from ._names import CLUSTER, NODE_POOL, physical_name
from ._node_pools import NodeTaintArgs
from ._on_prem_addresses import PODS_CIDR, SERVICES_CIDR, LoadBalancerPoolArgs


class BareMetalNodePoolArgs(TypedDict):
    """Machines that run workloads."""

    name: str
    """Name of the pool, unique in the cluster."""
    nodes: list[str]
    """IPv4 address of each machine."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Kubernetes labels of the nodes. Default: none."""
    taints: NotRequired[list[NodeTaintArgs]]
    """Taints of the nodes. Default: none."""


class BareMetalClusterArgs(TypedDict):
    """A user cluster that its admin cluster makes of machines which exist."""

    admin_cluster_membership: pulumi.Input[str]
    """Membership of the admin cluster, `projects/P/locations/L/memberships/M`."""
    version: pulumi.Input[str]
    """Version of Google Distributed Cloud, such as `1.33.0-gke.790`."""
    control_plane_nodes: list[str]
    """IPv4 addresses of the control plane's machines; an odd number."""
    control_plane_vip: str
    """Virtual IPv4 address of the API server, outside every load-balancer pool."""
    ingress_vip: str
    """Virtual IPv4 address of ingress, inside a load-balancer pool."""
    load_balancer_pools: list[LoadBalancerPoolArgs]
    """Address pools of the bundled load balancer."""
    node_pools: list[BareMetalNodePoolArgs]
    """Worker machines."""
    pods_cidr: NotRequired[str]
    """Range of the pods, known inside the cluster only. Default: `192.168.0.0/16`."""
    services_cidr: NotRequired[str]
    """Range of Services, known inside the cluster only. Default: `10.96.0.0/20`."""
    max_pods_per_node: NotRequired[int]
    """Most pods on a node, 32 to 250. Default: 110."""
    admin_users: NotRequired[list[pulumi.Input[str]]]
    """E-mails of the cluster's administrators. Default: none."""
    control_plane_port: NotRequired[pulumi.Input[int]]
    """Port of the API server. Default: 443."""
    login_user: NotRequired[pulumi.Input[str]]
    """Account that the admin cluster signs in to the machines with. Default: `root`."""
    node_mounts_path: NotRequired[pulumi.Input[str]]
    """Folder of mounted disks that become volumes. Default: `/mnt/localpv-disk`."""
    share_path: NotRequired[pulumi.Input[str]]
    """Folder on the machines' own disks whose parts become volumes. Default: `/mnt/localpv-share`.
    """
    proxy_uri: NotRequired[pulumi.Input[str]]
    """HTTP proxy that the machines reach Google through, without credentials. Default: none."""
    no_proxy: NotRequired[list[str]]
    """Addresses and domains that are reached without the proxy. Default: none."""
    binary_authorization: NotRequired[pulumi.Input[bool]]
    """Whether the project's Binary Authorization policy is enforced. Default: false."""
    application_logs: NotRequired[pulumi.Input[bool]]
    """Whether logs and metrics of workloads go to Google Cloud too. Default: true."""


def bare_metal_cluster(
    parent: pulumi.Resource,
    name: str,
    prefix: str | None,
    args: BareMetalClusterArgs,
    project: pulumi.Input[str],
    location: pulumi.Input[str],
    description: pulumi.Input[str] | None,
) -> "gcp.gkeonprem.BareMetalCluster":
    """The cluster with its control plane."""
    users = args.get("admin_users", [])
    return gcp.gkeonprem.BareMetalCluster(
        f"{name}-cluster",
        name=physical_name("OnPremCluster", CLUSTER, prefix, name),
        project=project,
        location=location,
        description=description,
        admin_cluster_membership=args["admin_cluster_membership"],
        bare_metal_version=args["version"],
        control_plane={
            "control_plane_node_pool_config": {
                "node_pool_config": {
                    "operating_system": "LINUX",
                    "node_configs": [{"node_ip": node} for node in args["control_plane_nodes"]],
                }
            }
        },
        network_config={
            "island_mode_cidr": {
                "pod_address_cidr_blocks": [args.get("pods_cidr", PODS_CIDR)],
                "service_address_cidr_blocks": [args.get("services_cidr", SERVICES_CIDR)],
            }
        },
        load_balancer=_load_balancer(args),
        storage={
            "lvp_node_mounts_config": {
                "path": args.get("node_mounts_path", "/mnt/localpv-disk"),
                "storage_class": "local-disks",
            },
            "lvp_share_config": {
                "lvp_config": {
                    "path": args.get("share_path", "/mnt/localpv-share"),
                    "storage_class": "local-shared",
                },
                "shared_path_pv_count": 5,
            },
        },
        node_config={"max_pods_per_node": args.get("max_pods_per_node", 110)},
        node_access_config={"login_user": args.get("login_user", "root")},
        security_config=(
            {"authorization": {"admin_users": [{"username": user} for user in users]}}
            if users
            else None
        ),
        proxy=(
            {"uri": args["proxy_uri"], "no_proxies": args.get("no_proxy")}
            if "proxy_uri" in args
            else None
        ),
        binary_authorization={
            "evaluation_mode": evaluation_mode(args.get("binary_authorization", False))
        },
        cluster_operations={"enable_application_logs": args.get("application_logs", True)},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def bare_metal_node_pool(
    parent: pulumi.Resource,
    name: str,
    pool: BareMetalNodePoolArgs,
    cluster: "gcp.gkeonprem.BareMetalCluster",
) -> "gcp.gkeonprem.BareMetalNodePool":
    """One pool of workers."""
    return gcp.gkeonprem.BareMetalNodePool(
        f"{name}-pool-{pool['name']}",
        name=physical_name("OnPremCluster", NODE_POOL, None, pool["name"]),
        bare_metal_cluster=cluster.name,
        project=cluster.project,
        location=cluster.location,
        node_pool_config={
            "operating_system": "LINUX",
            "node_configs": [{"node_ip": node} for node in pool["nodes"]],
            "labels": pool.get("labels"),
            "taints": [
                {"key": taint["key"], "value": taint["value"], "effect": taint["effect"]}
                for taint in pool.get("taints", [])
            ],
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _load_balancer(
    args: BareMetalClusterArgs,
) -> "gcp.gkeonprem.BareMetalClusterLoadBalancerArgsDict":
    return {
        "vip_config": {
            "control_plane_vip": args["control_plane_vip"],
            "ingress_vip": args["ingress_vip"],
        },
        "port_config": {"control_plane_load_balancer_port": args.get("control_plane_port", 443)},
        "metal_lb_config": {
            "address_pools": [
                {
                    "pool": pool["name"],
                    "addresses": pool["addresses"],
                    "manual_assign": pool.get("manual_assign", False),
                }
                for pool in args["load_balancer_pools"]
            ]
        },
    }
