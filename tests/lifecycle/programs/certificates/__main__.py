"""An authority for the mesh, signed by a root that stands beside it."""

import pulumi
import pulumi_gcp as gcp

from meshwright import MeshCertificateAuthority

project = "meshwright-dev"
config = pulumi.Config()
api = gcp.projects.Service(
    "privateca", project=project, service="privateca.googleapis.com", disable_on_destroy=False
)
root = MeshCertificateAuthority(
    "root",
    {
        "project": api.project,
        "location": "europe-west1",
        "workload_pool": f"{project}.svc.id.goog",
        "organization": "Example",
        "deletion_protection": False,
    },
)
mesh = MeshCertificateAuthority(
    "mesh",
    {
        "project": api.project,
        "location": "europe-west1",
        "workload_pool": f"{project}.svc.id.goog",
        "organization": "Example",
        "issuer": pulumi.Output.concat(root.pool, "/certificateAuthorities/root"),
        "workload_lifetime_hours": int(config.get("hours") or 24),
        "template": True,
        "labels": {"team": "mesh"},
        "deletion_protection": False,
    },
)
pulumi.export("asm_options", mesh.asm_options)
