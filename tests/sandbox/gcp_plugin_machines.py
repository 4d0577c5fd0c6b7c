"""Machines and Cloud Run among the resource types that the plugin is driven through."""

from typing import Any

from tests.sandbox.gcp_plugin import PROJECT, REGION

_SUB = f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub"
_GROUPS = f"projects/{PROJECT}/regions/{REGION}"
_NODES = f"nodes-sa@{PROJECT}.iam.gserviceaccount.com"
_MESH = f"projects/{PROJECT}/locations/global/meshes/vms"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

# What those above them in the whole list have made may be named here.
MACHINES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "compute/instanceTemplate:InstanceTemplate",
        {
            "name": "vm-1",
            "machineType": "e2-small",
            "disks": [
                {
                    "sourceImage": "projects/debian-cloud/global/images/family/debian-12",
                    "diskSizeGb": 20,
                    "diskType": "pd-balanced",
                }
            ],
            "networkInterfaces": [{"subnetwork": _SUB}],
            "serviceAccount": {"email": _NODES, "scopes": [_SCOPE]},
            "metadata": {"enable-oslogin": "TRUE", "gce-service-proxy": "{}"},
            "labels": {"gce-service-proxy": "on"},
            "tags": ["mesh"],
            "shieldedInstanceConfig": {"enableSecureBoot": True},
        },
        {},
    ),
    (
        "compute/healthCheck:HealthCheck",
        {"name": "vm", "httpHealthCheck": {"port": 8080, "requestPath": "/healthz"}},
        {"checkIntervalSec": 10, "httpHealthCheck": {"port": 8080, "requestPath": "/ready"}},
    ),
    (
        "compute/regionInstanceGroupManager:RegionInstanceGroupManager",
        {
            "name": "vm",
            "region": REGION,
            "baseInstanceName": "vm",
            "versions": [{"instanceTemplate": f"projects/{PROJECT}/global/instanceTemplates/vm-1"}],
            "distributionPolicyZones": [f"{REGION}-b", f"{REGION}-a"],
            "namedPorts": [{"name": "http", "port": 8080}],
            "autoHealingPolicies": {
                "healthCheck": f"projects/{PROJECT}/global/healthChecks/vm",
                "initialDelaySec": 300,
            },
            "updatePolicy": {
                "type": "PROACTIVE",
                "minimalAction": "REPLACE",
                "maxSurgeFixed": 2,
                "maxUnavailableFixed": 0,
            },
            "waitForInstances": True,
        },
        {
            "autoHealingPolicies": {
                "healthCheck": f"projects/{PROJECT}/global/healthChecks/vm",
                "initialDelaySec": 60,
            },
        },
    ),
    (
        "compute/regionAutoscaler:RegionAutoscaler",
        {
            "name": "vm",
            "region": REGION,
            "target": f"{_GROUPS}/instanceGroupManagers/vm",
            "autoscalingPolicy": {
                "minReplicas": 2,
                "maxReplicas": 4,
                "cpuUtilization": {"target": 0.6},
            },
        },
        {
            "autoscalingPolicy": {
                "minReplicas": 3,
                "maxReplicas": 6,
                "cpuUtilization": {"target": 0.5},
            }
        },
    ),
    (
        "compute/backendService:BackendService",
        {
            "name": "vm",
            "protocol": "HTTP",
            "portName": "http",
            "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
            "healthChecks": f"projects/{PROJECT}/global/healthChecks/vm",
            "backends": [{"group": f"{_GROUPS}/instanceGroups/vm", "capacityScaler": 1.0}],
        },
        {"timeoutSec": 20, "localityLbPolicy": "LEAST_REQUEST"},
    ),
    (
        "cloudrunv2/service:Service",
        {
            "name": "checkout",
            "location": REGION,
            "deletionProtection": False,
            "launchStage": "BETA",
            "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY",
            "template": {
                "serviceAccount": _NODES,
                "containers": [
                    {
                        "image": "europe-docker.pkg.dev/p/r/checkout:1",
                        "ports": {"containerPort": 8080},
                        "envs": [{"name": "STAGE", "value": "test"}],
                        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
                    }
                ],
                "scaling": {"minInstanceCount": 1, "maxInstanceCount": 4},
                "serviceMesh": {"mesh": _MESH},
                "vpcAccess": {
                    "egress": "ALL_TRAFFIC",
                    "networkInterfaces": [{"subnetwork": _SUB}],
                },
            },
        },
        {"labels": {"team": "shop"}, "description": "paying"},
    ),
    (
        "cloudrunv2/serviceIamMember:ServiceIamMember",
        {
            "name": "checkout",
            "location": REGION,
            "role": "roles/run.invoker",
            "member": f"serviceAccount:{_NODES}",
        },
        {},
    ),
    (
        "compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        {"name": "checkout", "region": REGION, "cloudRun": {"service": "checkout"}},
        {},
    ),
]
