"""A cluster of another cloud, attached once Google's agent is in it."""

import pulumi

from meshwright import AttachedCluster, Fleet

config = pulumi.Config()
fleet = Fleet("fleet", {"project": "meshwright-dev", "attached_clusters": True})
AttachedCluster(
    "aks",
    {
        "project": fleet.project,
        "location": "europe-west1",
        "fleet_project_number": fleet.project_number,
        "distribution": "aks",
        "platform_version": "1.35.0-gke.3",
        "kubernetes_version": "1.35",
        "issuer_url": "https://westeurope.oic.prod-aks.azure.com/tenant-id/cluster-id/",
        "kubeconfig": config.require("kubeconfig"),
    },
)
