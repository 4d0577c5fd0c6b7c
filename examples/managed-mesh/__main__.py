"""From nothing to a namespace in the managed mesh."""

import pulumi
import pulumi_gcp as gcp

from meshwright import (
    Fleet,
    GkeCluster,
    ManagedMesh,
    MeshNamespace,
    MeshNetwork,
    MeshSecurity,
    cluster_access,
)

project = gcp.config.project
network = MeshNetwork(
    "shop",
    {
        "project": project,
        "subnets": [
            {
                "name": "west",
                "region": "europe-west1",
                "cidr": "10.0.0.0/20",
                "pod_cidr": "10.16.0.0/16",
                "service_cidr": "10.32.0.0/20",
            }
        ],
    },
)
fleet = Fleet("fleet", {"project": project})
cluster = GkeCluster(
    "shop",
    {
        "project": project,
        "location": "europe-west1",
        "network": network.network_id,
        "subnetwork": network.subnets["west"]["id"],
        "node_pools": [{"name": "general", "min_nodes": 1, "max_nodes": 3}],
        "fleet_project": fleet.project,
        "fleet_project_number": fleet.project_number,
        "deletion_protection": False,
    },
)
mesh = ManagedMesh(
    "mesh",
    {
        "project": project,
        "feature": fleet.mesh_feature,
        "members": [
            {
                "name": "shop",
                "membership": cluster.membership,
                "location": cluster.membership_location,
            }
        ],
    },
)
inside = cluster_access("shop-access", cluster)
into = pulumi.ResourceOptions(provider=inside.provider)
MeshSecurity("security", {"revision": mesh.revision}, into)
namespace = MeshNamespace(
    "shop-namespace",
    {"namespace": "shop", "revision": mesh.revision},
    into,
)
pulumi.export("namespace", namespace.namespace)
