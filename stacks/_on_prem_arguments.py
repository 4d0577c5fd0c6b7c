"""A cluster on premises as OnPremCluster takes it: what the spec says, in the component's words."""

import pulumi

from meshwright import BareMetalClusterArgs, VmwareClusterArgs
from stacks.spec_hybrid import BareMetal, OnPremCluster, Vmware

PLACES = {
    "load_balancer_pools": "load_balancer_addresses",
    "pods_cidr": "pod_cidr",
    "services_cidr": "service_cidr",
    "node_addresses": "worker_addresses",
    "node_pools": "worker_nodes",
}
"""Where in a spec's cluster an argument comes from, if not from its own name."""


def bare_metal(
    cluster: OnPremCluster, metal: BareMetal, admin: pulumi.Input[str]
) -> BareMetalClusterArgs:
    """A cluster on machines of one's own: everything but its admin cluster is the spec's."""
    return {
        "admin_cluster_membership": admin,
        "version": metal.version,
        "control_plane_nodes": [*metal.control_plane_nodes],
        "control_plane_vip": metal.control_plane_vip,
        "ingress_vip": metal.ingress_vip,
        "load_balancer_pools": [{"name": "main", "addresses": [*metal.load_balancer_addresses]}],
        "node_pools": [{"name": "workers", "nodes": [*metal.worker_nodes]}],
        "pods_cidr": metal.pod_cidr,
        "services_cidr": metal.service_cidr,
        "admin_users": [*cluster.admin_users],
    }


def vmware(cluster: OnPremCluster, machines: Vmware, admin: pulumi.Input[str]) -> VmwareClusterArgs:
    """A cluster on VMware: everything but its admin cluster is the spec's."""
    args: VmwareClusterArgs = {
        "admin_cluster_membership": admin,
        "version": machines.version,
        "gateway": machines.gateway,
        "netmask": machines.netmask,
        "control_plane_addresses": [*machines.control_plane_addresses],
        "dns_servers": [*machines.dns_servers],
        "ntp_servers": [*machines.ntp_servers],
        "control_plane_vip": machines.control_plane_vip,
        "ingress_vip": machines.ingress_vip,
        "load_balancer_pools": [{"name": "main", "addresses": [*machines.load_balancer_addresses]}],
        "node_pools": [
            {
                "name": "workers",
                "min_nodes": machines.min_workers,
                "max_nodes": machines.max_workers,
            }
        ],
        "pods_cidr": machines.pod_cidr,
        "services_cidr": machines.service_cidr,
        "admin_users": [*cluster.admin_users],
    }
    if machines.worker_addresses is not None:
        args["node_addresses"] = [*machines.worker_addresses]
    return args
