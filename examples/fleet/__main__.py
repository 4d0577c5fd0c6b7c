"""A fleet that is ready for the managed mesh."""

import pulumi

from meshwright import Fleet

fleet = Fleet(
    "shop",
    {
        "project": pulumi.Config("gcp").require("project"),
        "display_name": "shop",
        "multi_cluster_services": True,
    },
)
pulumi.export("mesh_id", fleet.mesh_id)
