"""A Cloud Run service in a Mesh, which another one may call."""

import pulumi
import pulumi_gcp as gcp

from meshwright import MeshCloudRunService, MeshNetwork

project = gcp.config.project
network = MeshNetwork(
    "serverless",
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
routing = gcp.projects.Service(
    "routing-api",
    project=project,
    service="networkservices.googleapis.com",
    disable_on_destroy=False,
)
mesh = gcp.networkservices.Mesh("shop", name="shop", project=routing.project, location="global")
subnetwork = network.subnets.apply(lambda subnets: subnets["west"]["id"])
image = "us-docker.pkg.dev/cloudrun/container/hello"
front = MeshCloudRunService(
    "storefront",
    {
        "project": project,
        "region": "europe-west1",
        "image": image,
        "mesh": mesh.id,
        "subnetwork": subnetwork,
        "deletion_protection": False,
    },
)
checkout = MeshCloudRunService(
    "checkout",
    {
        "project": project,
        "region": "europe-west1",
        "image": image,
        "mesh": mesh.id,
        "subnetwork": subnetwork,
        "invokers": [pulumi.Output.concat("serviceAccount:", front.service_account)],
        "min_instances": 1,
        "deletion_protection": False,
    },
)
pulumi.export("backend", checkout.backend_service)
