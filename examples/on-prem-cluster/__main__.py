"""A cluster on bare metal, made through an admin cluster, beside one that is only registered.

The admin cluster is a member of the fleet already: `bmctl` registers what it makes, and made the
fleet with it.
"""

import pulumi
import pulumi_gcp as gcp

from meshwright import OnPremCluster

project = gcp.config.project
admin = OnPremCluster(
    "admin",
    {
        "project": project,
        "location": "global",
        "existing": {"membership": f"projects/{project}/locations/global/memberships/admin"},
    },
)
factory = OnPremCluster(
    "factory",
    {
        "project": project,
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
warehouse = OnPremCluster(
    "warehouse",
    {
        "project": project,
        "location": "europe-west1",
        "existing": {"issuer_url": "https://oidc.warehouse.example"},
    },
)
pulumi.export("memberships", [factory.membership, warehouse.membership])
pulumi.export("endpoint", factory.endpoint)
