"""Two clusters in two regions, with multi-cluster Services and Gateways."""

import pulumi
import pulumi_gcp as gcp

from meshwright import Fleet, FleetFeatures, GkeCluster, MeshNetwork

project = gcp.config.project or ""
regions = {"west": "europe-west1", "north": "europe-north1"}
fleet = Fleet(
    "fleet", {"project": project, "multi_cluster_services": True, "multi_cluster_ingress": True}
)
network = MeshNetwork(
    "shop",
    {
        "project": project,
        "subnets": [
            {
                "name": name,
                "region": region,
                "cidr": f"10.{number}.0.0/20",
                "pod_cidr": f"10.{16 + number}.0.0/16",
                "service_cidr": f"10.{32 + number}.0.0/20",
            }
            for number, (name, region) in enumerate(regions.items())
        ],
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
            "deletion_protection": False,
        },
    )
    for name, region in regions.items()
}
features = FleetFeatures(
    "features",
    {
        "project": project,
        "project_number": fleet.project_number,
        "clusters": [{"project": project, "workload_pool": clusters["west"].workload_pool}],
        "config_membership": clusters["west"].membership,
        "config_membership_location": clusters["west"].membership_location,
    },
)
pulumi.export("ingress_feature", features.ingress_feature)
