"""Access logs in a log bucket for ninety days, errors in BigQuery."""

import pulumi
import pulumi_gcp as gcp

from meshwright import LogSink

project = gcp.config.project
access = LogSink(
    "access",
    {
        "project": project,
        "filter": 'resource.type="k8s_container" AND resource.labels.container_name="istio-proxy"',
        "log_bucket": {"location": "europe-west1", "retention_days": 90},
    },
)
errors = LogSink(
    "errors",
    {
        "project": project,
        "filter": "severity>=ERROR",
        "bigquery": {"location": "EU", "retention_days": 30},
        "exclusions": [{"name": "probes", "filter": 'httpRequest.requestUrl:"/healthz"'}],
    },
)
pulumi.export("destinations", [access.destination, errors.destination])
