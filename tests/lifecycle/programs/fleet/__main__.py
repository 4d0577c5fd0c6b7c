"""A fleet over two projects in a Shared VPC, with multi-cluster Services and Gateways."""

import pulumi

from meshwright import Fleet, FleetFeatures, GkeCluster, ManagedMesh, MeshNetwork

host = "meshwright-dev"
shop = "meshwright-shop"
places = {"west": (host, "europe-west1"), "north": (shop, "europe-north1")}

fleet = Fleet(
    "fleet",
    {
        "project": host,
        "cluster_projects": [shop],
        "multi_cluster_services": True,
        "multi_cluster_ingress": True,
    },
)
network = MeshNetwork(
    "shared",
    {
        "project": host,
        "subnets": [
            {
                "name": name,
                "region": region,
                "cidr": f"10.{index}.0.0/20",
                "pod_cidr": f"10.{index + 16}.0.0/16",
                "service_cidr": f"10.{index + 32}.0.0/20",
            }
            for index, (name, (_, region)) in enumerate(places.items())
        ],
        "service_projects": [{"project": shop, "subnets": ["north"]}],
    },
)
clusters = {
    name: GkeCluster(
        name,
        {
            "project": project,
            "location": region,
            "network": network.network_id,
            "subnetwork": network.subnets[name]["id"],
            "fleet_project": fleet.project,
            "fleet_project_number": fleet.project_number,
            "autopilot": name == "west",
            "deletion_protection": False,
        },
    )
    for name, (project, region) in places.items()
}
mesh = ManagedMesh(
    "mesh",
    {
        "project": host,
        "feature": fleet.mesh_feature,
        "members": [
            {"name": name, "membership": made.membership, "location": made.membership_location}
            for name, made in clusters.items()
        ],
    },
)
features = FleetFeatures(
    "features",
    {
        "project": host,
        "project_number": fleet.project_number,
        "clusters": [
            {"project": project, "workload_pool": clusters[name].workload_pool}
            for name, (project, _) in places.items()
        ],
        "network_project": host,
        "config_membership": clusters["west"].membership,
        "config_membership_location": clusters["west"].membership_location,
    },
)
pulumi.export("revision", mesh.revision)
