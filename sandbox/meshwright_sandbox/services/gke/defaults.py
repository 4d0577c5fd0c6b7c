"""What GKE fills in on a new cluster, as `clusters.get` of a fresh one shows it.

Only fields that clients compare or read are listed; fields whose presence is a setting of its own
(`networkPolicy`, `maintenancePolicy.window`, ...) stay absent unless asked for.
"""

import copy
from typing import Any

Json = dict[str, Any]

_METRICS = [
    *("SYSTEM_COMPONENTS", "STORAGE", "HPA", "POD", "DAEMONSET", "DEPLOYMENT", "STATEFULSET"),
    *("JOBSET", "CADVISOR", "KUBELET", "DCGM"),
]

COMMON: Json = {
    "anonymousAuthenticationConfig": {"mode": "ENABLED"},
    "autopilot": {},
    "binaryAuthorization": {},
    "databaseEncryption": {"state": "DECRYPTED", "currentState": "CURRENT_STATE_DECRYPTED"},
    "defaultMaxPodsConstraint": {"maxPodsPerNode": "110"},
    "enterpriseConfig": {"clusterTier": "STANDARD"},
    "legacyAbac": {},
    "loggingConfig": {"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS", "WORKLOADS"]}},
    "loggingService": "logging.googleapis.com/kubernetes",
    "maintenancePolicy": {"resourceVersion": "e3b0c442"},
    "monitoringConfig": {
        "advancedDatapathObservabilityConfig": {},
        "componentConfig": {"enableComponents": _METRICS},
        "managedPrometheusConfig": {"enabled": True},
    },
    "monitoringService": "monitoring.googleapis.com/kubernetes",
    "networkConfig": {"defaultSnatStatus": {}, "serviceExternalIpsConfig": {}},
    "nodePoolDefaults": {
        "nodeConfigDefaults": {"loggingConfig": {"variantConfig": {"variant": "DEFAULT"}}}
    },
    "notificationConfig": {"pubsub": {}},
    "podAutoscaling": {"hpaProfile": "PERFORMANCE"},
    "rbacBindingConfig": {
        "enableInsecureBindingSystemUnauthenticated": True,
        "enableInsecureBindingSystemAuthenticated": True,
    },
    "securityPostureConfig": {
        "mode": "BASIC",
        "vulnerabilityMode": "VULNERABILITY_MODE_UNSPECIFIED",
    },
    "shieldedNodes": {"enabled": True},
}

STANDARD: Json = {
    "addonsConfig": {
        "dnsCacheConfig": {},
        "gcePersistentDiskCsiDriverConfig": {"enabled": True},
        "gcpFilestoreCsiDriverConfig": {},
        "gcsFuseCsiDriverConfig": {},
        "horizontalPodAutoscaling": {},
        "httpLoadBalancing": {},
        "kubernetesDashboard": {"disabled": True},
        "networkPolicyConfig": {"disabled": True},
    },
    "autoscaling": {"autoscalingProfile": "BALANCED"},
}

AUTOPILOT: Json = {
    "addonsConfig": {
        "dnsCacheConfig": {"enabled": True},
        "gcePersistentDiskCsiDriverConfig": {"enabled": True},
        "gcpFilestoreCsiDriverConfig": {"enabled": True},
        "gcsFuseCsiDriverConfig": {"enabled": True},
        "horizontalPodAutoscaling": {},
        "httpLoadBalancing": {},
        "kubernetesDashboard": {"disabled": True},
        "networkPolicyConfig": {"disabled": True},
    },
    "autoscaling": {
        "autoprovisioningNodePoolDefaults": {
            "imageType": "COS_CONTAINERD",
            "management": {"autoRepair": True, "autoUpgrade": True},
            "oauthScopes": [
                "https://www.googleapis.com/auth/devstorage.read_only",
                "https://www.googleapis.com/auth/logging.write",
                "https://www.googleapis.com/auth/monitoring",
                "https://www.googleapis.com/auth/service.management.readonly",
                "https://www.googleapis.com/auth/servicecontrol",
                "https://www.googleapis.com/auth/trace.append",
            ],
            "serviceAccount": "default",
            "upgradeSettings": {"maxSurge": 1, "strategy": "SURGE"},
        },
        "autoscalingProfile": "OPTIMIZE_UTILIZATION",
        "enableNodeAutoprovisioning": True,
        "resourceLimits": [
            {"resourceType": "cpu", "maximum": "1000000000"},
            {"resourceType": "memory", "maximum": "1000000000"},
        ],
    },
    "defaultMaxPodsConstraint": {"maxPodsPerNode": "32"},
    "networkConfig": {
        "datapathProvider": "ADVANCED_DATAPATH",
        "dnsConfig": {
            "clusterDns": "CLOUD_DNS",
            "clusterDnsDomain": "cluster.local",
            "clusterDnsScope": "CLUSTER_SCOPE",
        },
        "enableIntraNodeVisibility": True,
        "gatewayApiConfig": {"channel": "CHANNEL_STANDARD"},
    },
    "nodePoolAutoConfig": {"nodeKubeletConfig": {"insecureKubeletReadonlyPortEnabled": False}},
    "verticalPodAutoscaling": {"enabled": True},
}


# Settings that are taken as they were sent, since leaving something out means "off".
_WHOLE = frozenset({"componentConfig", "managedPrometheusConfig"})


def add(document: Json, defaults: Json) -> None:
    """Set what `document` does not have; objects are completed key by key."""
    for key, value in defaults.items():
        if key not in document:
            document[key] = copy.deepcopy(value)
        elif key not in _WHOLE and isinstance(value, dict) and isinstance(document[key], dict):
            add(document[key], value)
