"""Machines and a Cloud Run service in one Mesh."""

import pulumi

from meshwright import MeshCloudRunService, MeshNetwork, MeshVmGroup

config = pulumi.Config()
project, region = "meshwright-dev", "europe-west1"
network = MeshNetwork(
    "net",
    {
        "project": project,
        "subnets": [
            {
                "name": "west",
                "region": region,
                "cidr": "10.0.0.0/20",
                "pod_cidr": "10.16.0.0/16",
                "service_cidr": "10.32.0.0/20",
            }
        ],
    },
)
subnetwork = network.subnets.apply(lambda subnets: subnets["west"]["id"])
stock = MeshVmGroup(
    "stock",
    {
        "project": project,
        "region": region,
        "subnetwork": subnetwork,
        "port": 8080,
        "health_path": "/healthz",
        "machine_type": config.get("machineType") or "e2-small",
        "min_replicas": int(config.get("machines") or 2),
        "zones": ["europe-west1-b", "europe-west1-c"],
    },
)
checkout = MeshCloudRunService(
    "checkout",
    {
        "project": project,
        "region": region,
        "image": "us-docker.pkg.dev/cloudrun/container/hello",
        "mesh": stock.mesh,
        "subnetwork": subnetwork,
        "invokers": [pulumi.Output.concat("serviceAccount:", stock.service_account)],
        "deletion_protection": False,
        "env": {"STAGE": config.get("stage") or "test"},
    },
)
pulumi.export("backends", [stock.backend_service, checkout.backend_service])
