"""Open-source Istio in a cluster, two revisions side by side, and a namespace on the new one."""

import pulumi

from meshwright import IstioMesh, MeshNamespace

config = pulumi.Config()
mesh = IstioMesh(
    "istio",
    {
        # A Helm repository's address, or a folder such as `manifests/charts` of a release archive.
        "charts": config.get("charts") or "manifests/charts",
        "revisions": [
            {"name": "1-30-2", "version": "1.30.2"},
            {"name": "1-31-1", "version": "1.31.1"},
        ],
        "default_revision": "1-30-2",
    },
)
namespace = MeshNamespace("shop", {"revision": mesh.revisions["1-31-1"]})
pulumi.export("namespace", namespace.namespace)
