"""A key of one's own, rotated, that log buckets and Cloud Storage may encrypt with."""

import pulumi
import pulumi_gcp as gcp

from meshwright import EncryptionKey

key = EncryptionKey(
    "archive",
    {
        "project": gcp.config.project,
        "location": "europe-west4",
        "users": ["logging", "storage"],
        "rotation_days": 90,
    },
)
pulumi.export("key", key.key_id)
