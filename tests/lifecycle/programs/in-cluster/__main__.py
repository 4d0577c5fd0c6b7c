"""Google's control plane in a cluster, and a namespace in its mesh."""

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import InClusterMesh, MeshNamespace

LABELS = {"app": "checkout"}
config = pulumi.Config()
inside = pulumi.ResourceOptions(
    provider=kubernetes.Provider("cluster", kubeconfig=config.require("kubeconfig"))
)
mesh = InClusterMesh(
    "mesh",
    {
        "project": "meshwright-dev",
        "project_number": "123456789012",
        "cluster": "store-7",
        "location": "global",
        "charts": config.require("charts"),
        "revisions": [{"version": version} for version in config.require("versions").split(",")],
        "default_revision": config.require("default"),
        "replicas": 1,
    },
    inside,
)
shop = MeshNamespace(
    "shop",
    {"revision": mesh.revisions[config.require("shop")], "pod_security": "baseline"},
    inside,
)
kubernetes.apps.v1.Deployment(
    "checkout",
    metadata={"name": "checkout", "namespace": shop.namespace},
    spec={
        "selector": {"match_labels": LABELS},
        "template": {
            "metadata": {"labels": LABELS, "annotations": {"moved-to": config.require("shop")}},
            "spec": {"containers": [{"name": "app", "image": "shop/checkout:1"}]},
        },
    },
    opts=inside,
)
pulumi.export("mesh", {"id": mesh.mesh_id, "trust_domain": mesh.trust_domain})
