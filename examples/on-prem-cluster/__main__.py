"""A cluster on bare metal and one on VMware, made through admin clusters, beside a registered one.

The admin clusters are members of the fleet already: `bmctl` and `gkectl` register what they make,
and made the fleet with it.
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
campus = OnPremCluster(
    "campus",
    {
        "project": project,
        "location": "europe-west1",
        "vmware": {
            "admin_cluster_membership": admin.membership,
            "version": "1.33.0-gke.790",
            "gateway": "10.210.0.1",
            "netmask": "255.255.255.0",
            "control_plane_addresses": ["10.210.0.11", "10.210.0.12", "10.210.0.13"],
            "dns_servers": ["10.210.0.2"],
            "ntp_servers": ["10.210.0.3"],
            "control_plane_vip": "10.210.0.10",
            "ingress_vip": "10.210.0.50",
            "load_balancer_pools": [{"name": "main", "addresses": ["10.210.0.50-10.210.0.70"]}],
            "node_pools": [
                {"name": "desktops", "min_nodes": 3, "max_nodes": 8, "labels": {"tier": "desktops"}}
            ],
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
pulumi.export("memberships", [factory.membership, campus.membership, warehouse.membership])
pulumi.export("endpoint", factory.endpoint)
