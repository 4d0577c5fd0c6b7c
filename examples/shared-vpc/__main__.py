"""A Shared VPC, and a cluster of another project in one of its subnets."""

import pulumi
import pulumi_gcp as gcp

from meshwright import GkeCluster, MeshNetwork

host_project = gcp.config.project or ""
service_project = pulumi.Config().get("serviceProject") or f"{host_project}-shop"
network = MeshNetwork(
    "shared",
    {
        "project": host_project,
        "subnets": [
            {
                "name": "shop",
                "region": "europe-west1",
                "cidr": "10.0.0.0/20",
                "pod_cidr": "10.16.0.0/16",
                "service_cidr": "10.32.0.0/20",
            }
        ],
        "service_projects": [{"project": service_project, "subnets": ["shop"]}],
    },
)
cluster = GkeCluster(
    "shop",
    {
        "project": service_project,
        "location": "europe-west1",
        "network": network.network_id,
        "subnetwork": network.subnets["shop"]["id"],
        "deletion_protection": False,
    },
)
pulumi.export("network", network.network_id)
