"""A cluster on bare metal, made through an admin cluster that exists."""

import pulumi
import pulumi_gcp as gcp

from meshwright import Fleet, OnPremCluster

fleet = Fleet("shop", {"project": gcp.config.project})
admin = OnPremCluster(
    "admin",
    {
        "project": fleet.project,
        "location": "global",
        "existing": {"issuer_url": "https://oidc.factory.example"},
    },
)
factory = OnPremCluster(
    "factory",
    {
        "project": fleet.project,
        "location": "europe-west1",
        "bare_metal": {
            "admin_cluster_membership": admin.membership,
            "version": "1.33.0-gke.790",
            "control_plane_nodes": ["10.200.0.11", "10.200.0.12", "10.200.0.13"],
            "control_plane_vip": "10.200.0.10",
            "ingress_vip": "10.200.0.50",
            "load_balancer_pools": [{"name": "main", "addresses": ["10.200.0.50-10.200.0.70"]}],
            "node_pools": [{"name": "workers", "nodes": ["10.200.0.21", "10.200.0.22"]}],
            "admin_users": ["platform@example.com"],
        },
    },
)
pulumi.export("membership", factory.membership)
pulumi.export("endpoint", factory.endpoint)
