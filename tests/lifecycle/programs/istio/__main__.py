"""Open-source Istio in a cluster, and a namespace that moves between its revisions."""

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import IstioMesh, MeshNamespace

config = pulumi.Config()
revisions = config.require("revisions").split(",")
inside = pulumi.ResourceOptions(
    provider=kubernetes.Provider("cluster", kubeconfig=config.require("kubeconfig"))
)
mesh = IstioMesh(
    "mesh",
    {
        "charts": config.require("charts"),
        "version": "1.31.1",
        "revisions": [{"name": name} for name in revisions],
        "default_revision": config.require("default"),
        "mesh_id": "shops",
        "cluster_name": "west",
        "network": "west",
        "east_west_gateway": True,
        "api_server": "198.18.1.2",
        "replicas": 1,
    },
    inside,
)
shop = MeshNamespace("shop", {"revision": mesh.revisions[config.require("shop")]}, opts=inside)
labels = {"app": "checkout"}
kubernetes.apps.v1.Deployment(
    "checkout",
    metadata={
        "name": "checkout",
        "namespace": shop.namespace,
        # As `kubectl rollout restart`: pods are moved over with their namespace.
        "annotations": {"moved-to": config.require("shop")},
    },
    spec={
        "selector": {"match_labels": labels},
        "template": {
            "metadata": {"labels": labels, "annotations": {"moved-to": config.require("shop")}},
            "spec": {
                "security_context": {
                    "run_as_non_root": True,
                    "seccomp_profile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "app",
                        "image": "shop/checkout:1",
                        "security_context": {
                            "allow_privilege_escalation": False,
                            "capabilities": {"drop": ["ALL"]},
                        },
                    }
                ],
            },
        },
    },
    opts=inside,
)
pulumi.export("revision", mesh.revision)
pulumi.export("reader", mesh.reader_kubeconfig)
