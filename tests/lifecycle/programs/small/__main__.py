"""A network and a log sink."""

import pulumi

from meshwright import LogSink, MeshNetwork

config = pulumi.Config()
project = "meshwright-dev"
network = MeshNetwork(
    "net",
    {
        "project": project,
        "subnets": [
            {
                "name": "nodes",
                "region": "europe-west1",
                "cidr": "10.0.0.0/20",
                "pod_cidr": "10.16.0.0/14",
                "service_cidr": "10.8.0.0/20",
            }
        ],
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
