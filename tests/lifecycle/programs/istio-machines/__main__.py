"""Machines as workloads of an Istio mesh."""

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import MeshNetwork, MeshVmGroup

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
cluster = kubernetes.Provider("cluster", kubeconfig=config.require("kubeconfig"))
namespace = kubernetes.core.v1.Namespace(
    "shop", metadata={"name": "shop"}, opts=pulumi.ResourceOptions(provider=cluster)
)
ledger = MeshVmGroup(
    "ledger",
    {
        "project": project,
        "region": region,
        "subnetwork": network.subnets.apply(lambda subnets: subnets["west"]["id"]),
        "port": 9000,
        "protocol": "GRPC",
        "mode": "workload-group",
        "workload_group": {
            "namespace": namespace.metadata["name"],
            "cluster_endpoint": "10.0.0.2",
            "cluster_ca_certificate": "Q0E=",
            "discovery_address": "10.0.0.10",
            "istio_version": "1.31.1",
            "revision": "1-31",
            "labels": {"version": config.get("version") or "v1"},
        },
    },
    pulumi.ResourceOptions(providers=[cluster]),
)
pulumi.export("host", ledger.host)
pulumi.export("account", ledger.service_account)
