"""A user cluster of Google Distributed Cloud (software only) on VMware, and its node pools."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._names import CLUSTER, NODE_POOL, physical_name
from ._node_pools import NodeTaintArgs
from ._on_prem_addresses import PODS_CIDR, SERVICES_CIDR, LoadBalancerPoolArgs

LEAST_NODES = 3


class VmwareNodePoolArgs(TypedDict):
    """Virtual machines that run workloads."""

    name: str
    """Name of the pool, unique in the cluster."""
    min_nodes: NotRequired[int]
    """Fewest machines. Default: 3."""
    max_nodes: NotRequired[int]
    """Most machines; above `min_nodes` the pool scales with its load. Default: `min_nodes`."""
    cpus: NotRequired[pulumi.Input[int]]
    """CPUs of each machine. Default: 4."""
    memory_mb: NotRequired[pulumi.Input[int]]
    """Memory of each machine in MB. Default: 8192."""
    disk_size_gb: NotRequired[pulumi.Input[int]]
    """Boot disk in GB. Default: 40."""
    image_type: NotRequired[pulumi.Input[str]]
    """Operating system: `ubuntu_cgv2`, `cos_cgv2`, `ubuntu_containerd`, `cos` or `windows`.
    Default: `ubuntu_cgv2`."""
    load_balancer: NotRequired[bool]
    """Whether its machines announce the addresses of Services (MetalLB). Default: true."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Kubernetes labels of the nodes. Default: none."""
    taints: NotRequired[list[NodeTaintArgs]]
    """Taints of the nodes. Default: none."""


class VmwareClusterArgs(TypedDict):
    """A user cluster that its admin cluster makes in its vCenter."""

    admin_cluster_membership: pulumi.Input[str]
    """Membership of the admin cluster, `projects/P/locations/L/memberships/M`."""
    version: pulumi.Input[str]
    """Version of Google Distributed Cloud, such as `1.33.0-gke.790`."""
    gateway: str
    """IPv4 address of the default gateway of the machines' network."""
    netmask: str
    """Mask of that network, such as `255.255.255.0`."""
    control_plane_addresses: list[str]
    """IPv4 addresses of the control plane's machines: 3 of them, or 1 where none need survive."""
    dns_servers: list[str]
    """IPv4 addresses of the DNS servers that the machines ask."""
    ntp_servers: list[str]
    """Time servers that the machines ask."""
    control_plane_vip: str
    """Virtual IPv4 address of the API server: in the machines' network, outside every pool."""
    ingress_vip: str
    """Virtual IPv4 address of ingress, inside a load-balancer pool."""
    load_balancer_pools: list[LoadBalancerPoolArgs]
    """Address pools of the bundled load balancer."""
    node_pools: list[VmwareNodePoolArgs]
    """Worker machines."""
    node_addresses: NotRequired[list[str]]
    """IPv4 addresses of the workers: one more than the pools may have machines, for upgrades.
    Default: the network's DHCP server gives them."""
    pods_cidr: NotRequired[str]
    """Range of the pods, known inside the cluster only. Default: `192.168.0.0/16`."""
    services_cidr: NotRequired[str]
    """Range of Services, known inside the cluster only. Default: `10.96.0.0/20`."""
    control_plane_cpus: NotRequired[pulumi.Input[int]]
    """CPUs of each of the control plane's machines. Default: 4."""
    control_plane_memory_mb: NotRequired[pulumi.Input[int]]
    """Memory of each of the control plane's machines in MB. Default: 8192."""
    admin_users: NotRequired[list[pulumi.Input[str]]]
    """E-mails of the cluster's administrators. Default: none."""
    dataplane_v2: NotRequired[pulumi.Input[bool]]
    """Whether network policies and Services are carried out by Dataplane V2. Default: true."""
    auto_repair: NotRequired[pulumi.Input[bool]]
    """Whether machines that fail are replaced. Default: true."""
    spread_over_hosts: NotRequired[bool]
    """Whether machines are spread over physical hosts, of which there must be 3. Default: true."""


def vmware_cluster(
    parent: pulumi.Resource,
    name: str,
    prefix: str | None,
    args: VmwareClusterArgs,
    project: pulumi.Input[str],
    location: pulumi.Input[str],
    description: pulumi.Input[str] | None,
) -> "gcp.gkeonprem.VMwareCluster":
    """The cluster with its control plane; where in vCenter is inherited from the admin cluster."""
    users = args.get("admin_users", [])
    return gcp.gkeonprem.VMwareCluster(
        f"{name}-cluster",
        name=physical_name("OnPremCluster", CLUSTER, prefix, name),
        project=project,
        location=location,
        description=description,
        admin_cluster_membership=args["admin_cluster_membership"],
        on_prem_version=args["version"],
        # The control plane in the user cluster itself; the way before it is retired.
        enable_control_plane_v2=True,
        control_plane_node={
            "cpus": args.get("control_plane_cpus", 4),
            "memory": args.get("control_plane_memory_mb", 8192),
            "replicas": len(args["control_plane_addresses"]),
        },
        network_config=_network(args),
        load_balancer={
            "vip_config": {
                "control_plane_vip": args["control_plane_vip"],
                "ingress_vip": args["ingress_vip"],
            },
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
        },
        dataplane_v2={"dataplane_v2_enabled": args.get("dataplane_v2", True)},
        auto_repair_config={"enabled": args.get("auto_repair", True)},
        # Spreading is what is not said: of a "false" said here the API tells nothing back, and the
        # provider would want to say it anew in every preview.
        anti_affinity_groups=(
            None if args.get("spread_over_hosts", True) else {"aag_config_disabled": True}
        ),
        authorization={"admin_users": [{"username": user} for user in users]} if users else None,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def vmware_node_pool(
    parent: pulumi.Resource,
    name: str,
    pool: VmwareNodePoolArgs,
    cluster: "gcp.gkeonprem.VMwareCluster",
) -> "gcp.gkeonprem.VMwareNodePool":
    """One pool of workers."""
    least = pool.get("min_nodes", LEAST_NODES)
    most = pool.get("max_nodes", least)
    config: gcp.gkeonprem.VMwareNodePoolConfigArgsDict = {
        "image_type": pool.get("image_type", "ubuntu_cgv2"),
        "cpus": pool.get("cpus", 4),
        "memory_mb": pool.get("memory_mb", 8192),
        "boot_disk_size_gb": pool.get("disk_size_gb", 40),
        "enable_load_balancer": pool.get("load_balancer", True),
        "labels": pool.get("labels"),
        "taints": [
            {"key": taint["key"], "value": taint["value"], "effect": taint["effect"]}
            for taint in pool.get("taints", [])
        ],
    }
    if most == least:
        config["replicas"] = least
    return gcp.gkeonprem.VMwareNodePool(
        f"{name}-pool-{pool['name']}",
        name=physical_name("OnPremCluster", NODE_POOL, None, pool["name"]),
        vmware_cluster=cluster.name,
        project=cluster.project,
        location=cluster.location,
        config=config,
        # The number of machines is the autoscaler's where there is one.
        node_pool_autoscaling=(
            {"min_replicas": least, "max_replicas": most} if most > least else None
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _network(args: VmwareClusterArgs) -> "gcp.gkeonprem.VMwareClusterNetworkConfigArgsDict":
    network: gcp.gkeonprem.VMwareClusterNetworkConfigArgsDict = {
        "pod_address_cidr_blocks": [args.get("pods_cidr", PODS_CIDR)],
        "service_address_cidr_blocks": [args.get("services_cidr", SERVICES_CIDR)],
        "host_config": {"dns_servers": args["dns_servers"], "ntp_servers": args["ntp_servers"]},
        "control_plane_v2_config": {
            "control_plane_ip_block": {
                "gateway": args["gateway"],
                "netmask": args["netmask"],
                "ips": [{"ip": address} for address in args["control_plane_addresses"]],
            }
        },
    }
    if "node_addresses" in args:
        network["static_ip_config"] = {
            "ip_blocks": [
                {
                    "gateway": args["gateway"],
                    "netmask": args["netmask"],
                    "ips": [{"ip": address} for address in args["node_addresses"]],
                }
            ]
        }
    else:
        network["dhcp_ip_config"] = {"enabled": True}
    return network
