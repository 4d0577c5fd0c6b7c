"""One hardened Autopilot cluster in a network of its own."""

import pulumi
import pulumi_gcp as gcp

from meshwright import GkeCluster, MeshNetwork

project = gcp.config.project
network = MeshNetwork(
    "shop",
    {
        "project": project,
        "subnets": [
            {
                "name": "west",
                "region": "europe-west1",
                "cidr": "10.0.0.0/20",
                "pod_cidr": "10.16.0.0/16",
                "service_cidr": "10.32.0.0/20",
            }
        ],
    },
)
cluster = GkeCluster(
    "shop",
    {
        "project": project,
        "location": "europe-west1",
        "network": network.network_id,
        "subnetwork": network.subnets["west"]["id"],
        "autopilot": True,
        "deletion_protection": False,
    },
)
pulumi.export("kubeconfig", cluster.kubeconfig)
