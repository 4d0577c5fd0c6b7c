"""The resource types that the plugin is driven through, with a change that each takes in place."""

from typing import Any

from tests.sandbox.gcp_plugin import PROJECT, REGION
from tests.sandbox.gcp_plugin_machines import MACHINES
from tests.sandbox.gcp_plugin_vmware import VMWARE

NET = f"projects/{PROJECT}/global/networks/net"
SUB = f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub"
CLUSTERS = f"projects/{PROJECT}/locations/{REGION}/clusters"
LOG_BUCKETS = f"logging.googleapis.com/projects/{PROJECT}/locations/global/buckets"
NODES = f"nodes-sa@{PROJECT}.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{NODES}"

Step = tuple[str, dict[str, Any], dict[str, Any]]
# Token, inputs, and a change that must be possible in place; each may refer to those above it.
STEPS: list[Step] = [
    (
        "compute/network:Network",
        {"name": "net", "autoCreateSubnetworks": False},
        {"routingMode": "GLOBAL"},
    ),
    (
        "compute/subnetwork:Subnetwork",
        {
            "name": "sub",
            "network": NET,
            "region": REGION,
            "ipCidrRange": "10.0.0.0/20",
            "secondaryIpRanges": [
                {"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"},
                {"rangeName": "services", "ipCidrRange": "10.8.0.0/20"},
            ],
            "logConfig": {"flowSampling": 0.1},
        },
        {
            "ipCidrRange": "10.0.0.0/19",
            "privateIpGoogleAccess": True,
            "logConfig": {"flowSampling": 0.2},
        },
    ),
    (
        "compute/router:Router",
        {"name": "rt", "network": NET, "region": REGION},
        {"description": "way out"},
    ),
    (
        "compute/routerNat:RouterNat",
        {
            "name": "nat",
            "router": "rt",
            "region": REGION,
            "natIpAllocateOption": "AUTO_ONLY",
            "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        },
        {"minPortsPerVm": 128},
    ),
    (
        "compute/firewall:Firewall",
        {
            "name": "webhooks",
            "network": NET,
            "allows": [{"protocol": "tcp", "ports": ["15017"]}],
            "sourceRanges": ["172.16.0.0/28"],
        },
        {"allows": [{"protocol": "tcp", "ports": ["15017", "8443"]}], "priority": 900},
    ),
    (
        "serviceaccount/account:Account",
        {"accountId": "nodes-sa", "displayName": "Nodes"},
        {"displayName": "Nodes of the mesh"},
    ),
    (
        "projects/iAMMember:IAMMember",
        {"project": PROJECT, "role": "roles/logging.logWriter", "member": MEMBER},
        {},
    ),
    (
        "container/cluster:Cluster",
        {
            "name": "c",
            "location": REGION,
            "network": NET,
            "subnetwork": SUB,
            "initialNodeCount": 1,
            "removeDefaultNodePool": True,
            "deletionProtection": False,
            "datapathProvider": "ADVANCED_DATAPATH",
            "fleet": {"project": PROJECT},
            "ipAllocationPolicy": {
                "clusterSecondaryRangeName": "pods",
                "servicesSecondaryRangeName": "services",
            },
            "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True},
            "masterAuthorizedNetworksConfig": {"cidrBlocks": []},
            "releaseChannel": {"channel": "REGULAR"},
            "resourceLabels": {"mesh_id": "proj-1"},
            "workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"},
        },
        {
            "resourceLabels": {"mesh_id": "proj-2"},
            "releaseChannel": {"channel": "STABLE"},
            "masterAuthorizedNetworksConfig": {
                "cidrBlocks": [{"cidrBlock": "203.0.113.0/24", "displayName": "office"}]
            },
            "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": False},
            "enableIntranodeVisibility": True,
        },
    ),
    (
        "container/nodePool:NodePool",
        {
            "name": "main",
            "cluster": "c",
            "location": REGION,
            "initialNodeCount": 1,
            "autoscaling": {"totalMinNodeCount": 1, "totalMaxNodeCount": 3},
            "management": {"autoRepair": True, "autoUpgrade": True},
            "nodeConfig": {
                "machineType": "e2-standard-4",
                "serviceAccount": NODES,
                "labels": {"tier": "mesh"},
                "taints": [{"key": "mesh", "value": "only", "effect": "NO_SCHEDULE"}],
                "workloadMetadataConfig": {"mode": "GKE_METADATA"},
                "shieldedInstanceConfig": {"enableSecureBoot": True},
            },
        },
        {"autoscaling": {"totalMinNodeCount": 1, "totalMaxNodeCount": 5}},
    ),
    (
        "container/cluster:Cluster",
        {
            "name": "auto",
            "location": REGION,
            "network": NET,
            "subnetwork": SUB,
            "enableAutopilot": True,
            "deletionProtection": False,
        },
        {"resourceLabels": {"team": "shop"}},
    ),
    (
        "gkehub/membership:Membership",
        {
            "membershipId": "auto",
            "location": REGION,
            "endpoint": {"gkeCluster": {"resourceLink": f"{CLUSTERS}/auto"}},
        },
        {"labels": {"team": "shop"}},
    ),
    (
        "gkehub/feature:Feature",
        {"name": "servicemesh", "location": "global"},
        {"fleetDefaultMemberConfig": {"mesh": {"management": "MANAGEMENT_AUTOMATIC"}}},
    ),
    (
        "gkehub/featureMembership:FeatureMembership",
        {
            "feature": "servicemesh",
            "location": "global",
            "membership": "c",
            "membershipLocation": REGION,
            "mesh": {"management": "MANAGEMENT_AUTOMATIC"},
        },
        {"mesh": {"management": "MANAGEMENT_MANUAL"}},
    ),
    (
        "logging/projectBucketConfig:ProjectBucketConfig",
        {"project": PROJECT, "location": "global", "bucketId": "mesh-logs"},
        {"retentionDays": 60},
    ),
    (
        "logging/projectSink:ProjectSink",
        {
            "name": "mesh",
            "destination": f"{LOG_BUCKETS}/mesh-logs",
            "filter": "severity>=WARNING",
        },
        {"filter": "severity>=ERROR", "exclusions": [{"name": "probes", "filter": "a"}]},
    ),
    (
        "bigquery/dataset:Dataset",
        {"datasetId": "mesh", "location": "EU", "labels": {"team": "shop"}},
        {"description": "access logs", "labels": {"team": "mesh"}},
    ),
    (
        "bigquery/datasetIamMember:DatasetIamMember",
        {"datasetId": "mesh", "role": "roles/bigquery.dataEditor", "member": MEMBER},
        {},
    ),
    (
        "networkservices/mesh:Mesh",
        {"name": "vms", "interceptionPort": 15001},
        {"description": "mesh of VMs"},
    ),
    (
        "container/attachedCluster:AttachedCluster",
        {
            "name": "eks",
            "location": REGION,
            "distribution": "eks",
            "platformVersion": "1.35.0-gke.3",
            "fleet": {"project": "projects/123456789012"},
            "oidcConfig": {"issuerUrl": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"},
            "authorization": {"adminUsers": ["ann@example.com", "bob@example.com"]},
            "loggingConfig": {"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}},
            "monitoringConfig": {"managedPrometheusConfig": {"enabled": True}},
        },
        {
            "platformVersion": "1.36.0-gke.2",
            "authorization": {"adminUsers": ["ann@example.com"], "adminGroups": ["ops@a.com"]},
        },
    ),
    (
        "gkehub/membership:Membership",
        {"membershipId": "admin", "location": "global", "authority": {"issuer": "https://admin"}},
        {"labels": {"team": "shop"}},
    ),
    (
        "gkeonprem/bareMetalCluster:BareMetalCluster",
        {
            "name": "edge",
            "location": REGION,
            "adminClusterMembership": f"projects/{PROJECT}/locations/global/memberships/admin",
            "bareMetalVersion": "1.33.0",
            "networkConfig": {
                "islandModeCidr": {
                    "podAddressCidrBlocks": ["10.240.0.0/13"],
                    "serviceAddressCidrBlocks": ["172.26.0.0/16"],
                }
            },
            "controlPlane": {
                "controlPlaneNodePoolConfig": {
                    "nodePoolConfig": {"nodeConfigs": [{"nodeIp": "10.200.0.9"}]}
                }
            },
            "loadBalancer": {
                "portConfig": {"controlPlaneLoadBalancerPort": 443},
                "vipConfig": {"controlPlaneVip": "10.200.0.13", "ingressVip": "10.200.0.14"},
                "metalLbConfig": {"addressPools": [{"pool": "p", "addresses": ["10.200.0.14/32"]}]},
            },
            "storage": {
                "lvpNodeMountsConfig": {"path": "/mnt/disks", "storageClass": "local-disks"},
                "lvpShareConfig": {
                    "lvpConfig": {"path": "/mnt/share", "storageClass": "local-shared"},
                    "sharedPathPvCount": 5,
                },
            },
            "securityConfig": {"authorization": {"adminUsers": [{"username": "ann@a.com"}]}},
            "proxy": {"uri": "http://proxy:3128", "noProxies": ["10.0.0.0/8"]},
        },
        {"bareMetalVersion": "1.33.1", "description": "the shop's edge"},
    ),
    (
        "gkeonprem/bareMetalNodePool:BareMetalNodePool",
        {
            "name": "main",
            "bareMetalCluster": "edge",
            "location": REGION,
            "nodePoolConfig": {
                "nodeConfigs": [{"nodeIp": "10.200.0.20"}],
                "labels": {"tier": "mesh"},
                "taints": [{"key": "mesh", "value": "only", "effect": "NO_SCHEDULE"}],
            },
        },
        {
            "nodePoolConfig": {
                "nodeConfigs": [{"nodeIp": "10.200.0.20"}, {"nodeIp": "10.200.0.21"}],
                "labels": {"tier": "mesh"},
                "taints": [{"key": "mesh", "value": "only", "effect": "NO_SCHEDULE"}],
            }
        },
    ),
    *VMWARE,
    *MACHINES,
]


def title(step: Step) -> str:
    return step[0].partition(":")[2]
