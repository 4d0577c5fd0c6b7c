"""A VPC for clusters in two regions."""

import pulumi
import pulumi_gcp as gcp

from meshwright import MeshNetwork

network = MeshNetwork(
    "shop",
    {
        "project": gcp.config.project,
        "subnets": [
            {
                "name": "west",
                "region": "europe-west1",
                "cidr": "10.0.0.0/20",
                "pod_cidr": "10.16.0.0/16",
                "service_cidr": "10.32.0.0/20",
            },
            {
                "name": "east",
                "region": "europe-west4",
                "cidr": "10.1.0.0/20",
                "pod_cidr": "10.17.0.0/16",
                "service_cidr": "10.33.0.0/20",
            },
        ],
    },
)
pulumi.export("network", network.network_id)
pulumi.export("subnets", network.subnets)
