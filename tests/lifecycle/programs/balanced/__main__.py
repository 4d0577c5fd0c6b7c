"""A cluster whose Service and Gateway have load balancers; `careless` leaves them behind."""

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import GkeCluster, MeshNetwork, cluster_access

config = pulumi.Config()
project = "meshwright-dev"
region = "europe-west1"

network = MeshNetwork(
    "net",
    {
        "project": project,
        "subnets": [
            {
                "name": "nodes",
                "region": region,
                "cidr": "10.0.0.0/20",
                "pod_cidr": "10.16.0.0/16",
                "service_cidr": "10.32.0.0/20",
            }
        ],
    },
)
cluster = GkeCluster(
    "main",
    {
        "project": project,
        "location": region,
        "network": network.network_id,
        "subnetwork": network.subnets["nodes"]["id"],
        "deletion_protection": False,
    },
)
inside = pulumi.ResourceOptions(
    provider=cluster_access("access", cluster).provider,
    retain_on_delete=config.get_bool("careless") or False,
)
service = kubernetes.core.v1.Service(
    "web",
    metadata={"name": "web", "namespace": "default"},
    spec={"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 443}]},
    opts=inside,
)
gateway = kubernetes.apiextensions.CustomResource(
    "public",
    api_version="gateway.networking.k8s.io/v1",
    kind="Gateway",
    metadata={"name": "public", "namespace": "default"},
    spec={
        "gatewayClassName": "gke-l7-global-external-managed",
        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
    },
    opts=inside,
)
pulumi.export("address", service.status["load_balancer"]["ingress"][0]["ip"])
