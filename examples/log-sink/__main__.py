"""Access logs for ninety days, errors in BigQuery, an archive with a key, and a feed."""

import pulumi
import pulumi_gcp as gcp

from meshwright import EncryptionKey, LogSink

project = gcp.config.project
access_logs = 'resource.type="k8s_container" AND resource.labels.container_name="istio-proxy"'
access = LogSink(
    "access",
    {
        "project": project,
        "filter": access_logs,
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
key = EncryptionKey("logs", {"project": project, "location": "europe", "users": ["storage"]})
archive = LogSink(
    "archive",
    {
        "project": project,
        # Who did what, in every project below a folder.
        "folder": "123456789012",
        "filter": 'log_id("cloudaudit.googleapis.com/activity")',
        "storage": {
            "location": "EU",
            "storage_class": "COLDLINE",
            "retention_days": 400,
            "kms_key": key.key_id,
        },
    },
)
feed = LogSink(
    "feed",
    {"project": project, "filter": access_logs, "pubsub": {"retention_days": 1}},
)
pulumi.export("destinations", [sink.destination for sink in (access, errors, archive, feed)])
