"""A fleet that is ready for the managed mesh."""

import pulumi
import pulumi_gcp as gcp

from meshwright import Fleet

fleet = Fleet(
    "shop",
    {
        "project": gcp.config.project,
        "display_name": "shop",
        "multi_cluster_services": True,
    },
)
pulumi.export("mesh_id", fleet.mesh_id)
