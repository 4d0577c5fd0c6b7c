"""A cluster in a network that another stack made: examples/mesh-network.

The engine reads that stack's outputs from the same state backend; they can be given to any
component, since components take values that are only known later.
"""

import pulumi
import pulumi_gcp as gcp

from meshwright import GkeCluster

config = pulumi.Config()
network = pulumi.StackReference(
    config.get("network_stack") or "organization/example-mesh-network/dev"
)
cluster = GkeCluster(
    "shop",
    {
        "project": gcp.config.project,
        "location": "europe-west1",
        "network": network.require_output("network"),
        "subnetwork": network.require_output("subnets").apply(lambda found: found["west"]["id"]),
        "autopilot": True,
        "deletion_protection": False,
    },
)
pulumi.export("cluster", cluster.cluster_name)
