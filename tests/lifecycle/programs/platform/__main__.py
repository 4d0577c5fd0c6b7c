"""A network, a cluster with three node pools in a fleet, and a log sink."""

import pulumi

from meshwright import Fleet, GkeCluster, LogSink, MeshNetwork

config = pulumi.Config()
project = "meshwright-dev"
region = "europe-west1"
labels = {"team": config.get("team") or "shop"}

fleet = Fleet("fleet", {"project": project})
network = MeshNetwork(
    "net",
    {
        "project": project,
        "subnets": [
            {
                "name": "nodes",
                "region": region,
                "cidr": "10.0.0.0/20",
                "pod_cidr": "10.16.0.0/14",
                "service_cidr": "10.8.0.0/20",
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
        "fleet_project": fleet.project,
        "fleet_project_number": fleet.project_number,
        "node_pools": [{"name": name} for name in ("blue", "green", "red")],
        "labels": labels,
        "deletion_protection": False,
    },
)
sink = LogSink(
    "access",
    {
        "project": project,
        "filter": 'logName:"server-accesslog-stackdriver"',
        "log_bucket": {"retention_days": int(config.get("retention") or 30)},
    },
)
pulumi.export("membership", cluster.membership)
pulumi.export("kubeconfig", cluster.kubeconfig)
pulumi.export("sink", sink.writer_identity)
