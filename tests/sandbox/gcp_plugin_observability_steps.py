"""Keys, log destinations, dashboards, objectives and alerts, as the plugin is driven through them.

Each with a change that it takes in place; each may refer to those above it.
"""

import json

from tests.sandbox.gcp_plugin import PROJECT, REGION
from tests.sandbox.gcp_plugin_steps import MEMBER, Step

RING = f"projects/{PROJECT}/locations/{REGION}/keyRings/logs"
KEY = f"{RING}/cryptoKeys/archive"
BOARD = {
    "displayName": "mesh",
    "mosaicLayout": {
        "columns": 48,
        "tiles": [{"width": 48, "height": 8, "widget": {"text": {"content": "x"}}}],
    },
}
METRIC = 'metric.type="istio.io/service/server/request_count" resource.type="k8s_container"'
STEPS: list[Step] = [
    (
        "serviceaccount/account:Account",
        {"accountId": "nodes-sa", "displayName": "Writer"},
        {"displayName": "Writer of logs"},
    ),
    ("kms/keyRing:KeyRing", {"name": "logs", "location": REGION}, {}),
    (
        "kms/cryptoKey:CryptoKey",
        {
            "name": "archive",
            "keyRing": RING,
            "rotationPeriod": "7776000s",
            "versionTemplate": {
                "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
                "protectionLevel": "HSM",
            },
        },
        {"rotationPeriod": "2592000s", "labels": {"team": "sre"}},
    ),
    (
        "kms/cryptoKeyIAMMember:CryptoKeyIAMMember",
        {
            "cryptoKeyId": KEY,
            "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
            "member": MEMBER,
        },
        {},
    ),
    (
        "storage/bucket:Bucket",
        {
            "name": "meshwright-archive",
            "location": "EU",
            "storageClass": "COLDLINE",
            "uniformBucketLevelAccess": True,
            "publicAccessPrevention": "enforced",
            "lifecycleRules": [{"action": {"type": "Delete"}, "condition": {"age": 400}}],
            "retentionPolicy": {"retentionPeriod": "86400"},
            "forceDestroy": True,
        },
        {
            "lifecycleRules": [{"action": {"type": "Delete"}, "condition": {"age": 30}}],
            "labels": {"team": "sre"},
            "versioning": {"enabled": True},
        },
    ),
    (
        "storage/bucketIAMMember:BucketIAMMember",
        {"bucket": "meshwright-archive", "role": "roles/storage.objectCreator", "member": MEMBER},
        {},
    ),
    (
        "pubsub/topic:Topic",
        {"name": "logs", "messageRetentionDuration": "86400s", "labels": {"team": "shop"}},
        {"messageRetentionDuration": "172800s", "labels": {"team": "sre"}},
    ),
    (
        "pubsub/topicIAMMember:TopicIAMMember",
        {"topic": "logs", "role": "roles/pubsub.publisher", "member": MEMBER},
        {},
    ),
    (
        "logging/folderSink:FolderSink",
        {
            "name": "everything",
            "folder": "123456",
            "includeChildren": True,
            "destination": "storage.googleapis.com/meshwright-archive",
            "filter": "severity>=NOTICE",
        },
        {"filter": "severity>=ERROR"},
    ),
    (
        "monitoring/dashboard:Dashboard",
        {"dashboardJson": json.dumps(BOARD)},
        {"dashboardJson": json.dumps({**BOARD, "displayName": "shop"})},
    ),
    (
        "monitoring/customService:CustomService",
        {"serviceId": "shop-cart", "displayName": "cart", "userLabels": {"team": "shop"}},
        {"displayName": "the cart"},
    ),
    (
        "monitoring/slo:Slo",
        {
            "service": "shop-cart",
            "sloId": "availability",
            "goal": 0.999,
            "rollingPeriodDays": 28,
            "requestBasedSli": {
                "goodTotalRatio": {
                    "goodServiceFilter": f'{METRIC} metric.label.response_code="200"',
                    "totalServiceFilter": METRIC,
                }
            },
        },
        {"goal": 0.99, "rollingPeriodDays": 7, "displayName": "cart answers"},
    ),
    (
        "monitoring/notificationChannel:NotificationChannel",
        {"type": "email", "displayName": "sre", "labels": {"email_address": "sre@example.com"}},
        {"displayName": "on call"},
    ),
    (
        "monitoring/alertPolicy:AlertPolicy",
        {
            "displayName": "cart burns",
            "combiner": "AND",
            "severity": "CRITICAL",
            "conditions": [
                {
                    "displayName": "an hour",
                    "conditionThreshold": {
                        "filter": f'{METRIC} metric.label.response_code="500"',
                        "comparison": "COMPARISON_GT",
                        "thresholdValue": 14.4,
                        "duration": "0s",
                        "aggregations": [
                            {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_RATE"}
                        ],
                    },
                }
            ],
            "documentation": {"content": "Look at the dashboard.", "mimeType": "text/markdown"},
            "alertStrategy": {"autoClose": "86400s"},
        },
        {"displayName": "cart burns fast", "userLabels": {"team": "shop"}},
    ),
]
