"""An EKS and an AKS cluster as members of a fleet.

The EKS cluster is read with AWS's own credentials; AKS is described by its issuer.
"""

import pulumi
import pulumi_gcp as gcp

from meshwright import AttachedCluster, Fleet

fleet = Fleet("shop", {"project": gcp.config.project, "attached_clusters": True})
eks = AttachedCluster(
    "eks",
    {
        "project": fleet.project,
        "location": "europe-west1",
        "fleet_project_number": fleet.project_number,
        "distribution": "eks",
        "platform_version": "1.36.0-gke.1",
        "eks": {"name": "shop", "region": "eu-central-1"},
        "admin_users": ["platform@example.com"],
    },
)
aks = AttachedCluster(
    "aks",
    {
        "project": fleet.project,
        "location": "europe-west1",
        "fleet_project_number": fleet.project_number,
        "distribution": "aks",
        "platform_version": "1.35.0-gke.3",
        "kubernetes_version": "1.35",
        "issuer_url": "https://westeurope.oic.prod-aks.azure.com/tenant-id/cluster-id/",
        "admin_users": ["platform@example.com"],
    },
)
pulumi.export("memberships", [eks.membership, aks.membership])
pulumi.export("eks_kubeconfig", eks.kubeconfig)
