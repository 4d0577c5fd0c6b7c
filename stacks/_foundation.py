"""What everything else stands on: networks, and keys of one's own."""

import pulumi

from meshwright import MeshNetwork
from stacks.spec import Platform
from stacks.spec_network import Network


def networks(spec: Platform, opts: pulumi.ResourceOptions) -> dict[str, MeshNetwork]:
    """The VPC networks by name."""
    return {network.name: _network(spec, network, opts) for network in spec.networks}


def _network(spec: Platform, network: Network, opts: pulumi.ResourceOptions) -> MeshNetwork:
    return MeshNetwork(
        network.name,
        {
            "project": spec.project,
            "prefix": spec.prefix,
            "flow_logs": network.flow_logs,
            "control_plane_cidrs": [
                cluster.control_plane_cidr
                for cluster in spec.clusters
                if cluster.network == network.name and cluster.control_plane_cidr
            ],
            "subnets": [
                {
                    "name": subnet.name,
                    "region": subnet.region,
                    "cidr": subnet.cidr,
                    "pod_cidr": subnet.pod_cidr,
                    "service_cidr": subnet.service_cidr,
                }
                for subnet in network.subnets
            ],
        },
        opts=opts,
    )
