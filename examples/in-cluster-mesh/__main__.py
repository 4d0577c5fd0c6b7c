"""Google's control plane in an on-premises cluster, and a namespace in its mesh."""

import pulumi

from meshwright import InClusterMesh, MeshNamespace, MeshSecurity

config = pulumi.Config()
mesh = InClusterMesh(
    "mesh",
    {
        "project": "meshwright-dev",
        "project_number": config.get("project-number") or "123456789012",
        "cluster": "store-7",  # the fleet membership, OnPremCluster.membership_id
        "location": "global",
        # The charts of Google's release archive.
        "charts": config.get("charts") or "manifests/charts",
        "version": "1.28.5-asm.12",
    },
)
MeshSecurity(
    "security",
    {
        "revision": mesh.revision,
        "root_namespace": mesh.root_namespace,
        "trust_domain": mesh.trust_domain,
    },
)
namespace = MeshNamespace("shop", {"revision": mesh.revision})
pulumi.export("namespace", namespace.namespace)
