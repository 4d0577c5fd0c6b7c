"""Two regions in one managed mesh whose clusters find each other's services."""

import pulumi
import pulumi_gcp as gcp

from meshwright import Fleet, GkeCluster, ManagedMesh, MeshMemberArgs, MeshNetwork

REGIONS = {"west": "europe-west1", "east": "europe-west4"}
project = gcp.config.project or "meshwright-dev"
network = MeshNetwork(
    "shop",
    {
        "project": project,
        "subnets": [
            {
                "name": name,
                "region": region,
                "cidr": f"10.0.{16 * index}.0/20",
                "pod_cidr": f"10.{16 + index}.0.0/16",
                "service_cidr": f"10.32.{16 * index}.0/20",
            }
            for index, (name, region) in enumerate(REGIONS.items())
        ],
    },
)
fleet = Fleet("fleet", {"project": project})
clusters = {
    name: GkeCluster(
        name,
        {
            "project": project,
            "location": region,
            "network": network.network_id,
            "subnetwork": network.subnets[name]["id"],
            "node_pools": [{"name": "general", "min_nodes": 1, "max_nodes": 1}],
            "secrets_encryption": False,
            "fleet_project": fleet.project,
            "fleet_project_number": fleet.project_number,
            "deletion_protection": False,
        },
    )
    for name, region in REGIONS.items()
}
members: list[MeshMemberArgs] = [
    {
        "name": name,
        "membership": cluster.membership,
        "location": cluster.membership_location,
        "kubeconfig": cluster.kubeconfig,
    }
    for name, cluster in clusters.items()
]
mesh = ManagedMesh(
    "mesh",
    {
        "project": project,
        "feature": fleet.mesh_feature,
        "members": members,
        "multi_cluster": pulumi.Config().get_bool("connected") is not False,
        "uses": ["remote_secrets"],
    },
)
pulumi.export("revision", mesh.revision)
pulumi.export("findings", mesh.findings)
