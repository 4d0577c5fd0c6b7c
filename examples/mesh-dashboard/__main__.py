"""A page that shows every service of a mesh."""

import pulumi
import pulumi_gcp as gcp

from meshwright import MeshDashboard

project = gcp.organizations.get_project_output(project_id=gcp.config.project)
mesh = MeshDashboard(
    "mesh",
    {
        "project": gcp.config.project,
        "mesh_id": pulumi.Output.concat("proj-", project.number),
        "display_name": "Shop: every service",
        "namespaces": ["shop", "payment"],
    },
)
pulumi.export("dashboard", mesh.url)
