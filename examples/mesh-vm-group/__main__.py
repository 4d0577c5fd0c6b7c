"""Machines in a Mesh of the service routing API, and machines in an Istio mesh."""

import pulumi
import pulumi_gcp as gcp

from meshwright import MeshNetwork, MeshVmGroup

project = gcp.config.project
network = MeshNetwork(
    "machines",
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
subnetwork = network.subnets.apply(lambda subnets: subnets["west"]["id"])
stock = MeshVmGroup(
    "stock",
    {
        "project": project,
        "region": "europe-west1",
        "subnetwork": subnetwork,
        "port": 8080,
        "health_path": "/healthz",
        "startup_script": "#! /bin/bash\nexec python3 -m http.server 8080 --directory /srv\n",
    },
)
ledger = MeshVmGroup(
    "ledger",
    {
        "project": project,
        "region": "europe-west1",
        "subnetwork": subnetwork,
        "port": 9000,
        "protocol": "GRPC",
        "mode": "workload-group",
        "workload_group": {
            "namespace": "shop",
            "cluster_endpoint": "10.0.0.2",
            "cluster_ca_certificate": "Q0E=",
            "discovery_address": "10.0.0.10",
            "istio_version": "1.28.0",
        },
    },
)
pulumi.export("backend", stock.backend_service)
pulumi.export("host", ledger.host)
