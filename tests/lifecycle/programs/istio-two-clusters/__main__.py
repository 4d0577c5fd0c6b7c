"""Two clusters with open-source Istio that are one mesh: a service that runs in both."""

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import IstioMesh, IstioRemoteSecret, MeshNamespace

CLUSTERS = ("west", "east")
LABELS = {"app": "checkout"}
config = pulumi.Config()
inside = {
    name: pulumi.ResourceOptions(
        provider=kubernetes.Provider(name, kubeconfig=config.require(f"{name}-kubeconfig"))
    )
    for name in CLUSTERS
}
meshes = {
    name: IstioMesh(
        name,
        {
            "charts": config.require("charts"),
            "version": "1.31.1",
            "mesh_id": "shops",
            "cluster_name": name,
            "network": name,
            "east_west_gateway": True,
            "api_server": config.require(f"{name}-api-server"),
            "replicas": 1,
        },
        inside[name],
    )
    for name in CLUSTERS
}
for seen, looking in (("west", "east"), ("east", "west")):
    IstioRemoteSecret(
        f"{seen}-in-{looking}",
        {
            "cluster_name": seen,
            "kubeconfig": meshes[seen].reader_kubeconfig,
            "root_namespace": meshes[looking].root_namespace,
        },
        inside[looking],
    )
for name in CLUSTERS:
    shop = MeshNamespace(
        f"{name}-shop",
        {"namespace": "shop", "revision": meshes[name].revision, "pod_security": "baseline"},
        inside[name],
    )
    meta: kubernetes.meta.v1.ObjectMetaArgsDict = {"name": "checkout", "namespace": shop.namespace}
    kubernetes.apps.v1.Deployment(
        f"{name}-checkout",
        metadata=meta,
        spec={
            "selector": {"match_labels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {"containers": [{"name": "app", "image": "shop/checkout:1"}]},
            },
        },
        opts=inside[name],
    )
    kubernetes.core.v1.Service(
        f"{name}-checkout",
        metadata=meta,
        spec={"selector": LABELS, "ports": [{"name": "http", "port": 80}]},
        opts=inside[name],
    )
