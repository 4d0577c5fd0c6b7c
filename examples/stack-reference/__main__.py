"""A cluster in a network that another stack made: examples/mesh-network.

The engine reads that stack's outputs from the same state backend; they can be given to any
component, since components take values that are only known later.
"""

from typing import Any

import pulumi
import pulumi_gcp as gcp

from meshwright import GkeCluster

config = pulumi.Config()
stack = config.get("network_stack") or "organization/example-mesh-network/dev"
network = pulumi.StackReference(stack)


def exported(name: str) -> pulumi.Output[Any]:
    """An output of the network's stack; `require_output` would end in a traceback without it."""

    def present(value: Any) -> Any:
        if value is None:
            raise pulumi.RunError(f"stack {stack} exports no {name!r}; run `pulumi up` there first")
        return value

    return network.get_output(name).apply(present)


cluster = GkeCluster(
    "shop",
    {
        "project": gcp.config.project,
        "location": "europe-west1",
        "network": exported("network"),
        "subnetwork": exported("subnets").apply(lambda subnets: subnets["west"]["id"]),
        "autopilot": True,
        "deletion_protection": False,
    },
)
pulumi.export("cluster", cluster.cluster_name)
