"""The mesh's certificates come from an authority of one's own."""

import pulumi
import pulumi_gcp as gcp

from meshwright import MeshCertificateAuthority

project = pulumi.Config("gcp").require("project")
api = gcp.projects.Service(
    "privateca", project=project, service="privateca.googleapis.com", disable_on_destroy=False
)
authority = MeshCertificateAuthority(
    "mesh",
    {
        "project": api.project,
        "location": "europe-west1",
        "workload_pool": f"{project}.svc.id.goog",
        "organization": "Example",
        "template": True,
    },
)
# What ManagedMesh.members[].asm_options takes; the mesh is turned on after it.
pulumi.export("asm_options", authority.asm_options)
