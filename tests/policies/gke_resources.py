"""Clusters, node pools and subnets after Google's hardening guide, for tests to weaken."""

import copy

from meshwright_policies.rule import CLUSTER, NODE_POOL, Rule, Settings, Violation
from tests.policies.resources import made, violations

SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
NODES = {
    "serviceAccount": "nodes@acme.iam.gserviceaccount.com",
    "imageType": "COS_CONTAINERD",
    "bootDiskKmsKey": "projects/acme/locations/europe-west1/keyRings/r/cryptoKeys/disks",
    "metadata": {"disable-legacy-endpoints": "true"},
    "workloadMetadataConfig": {"mode": "GKE_METADATA"},
    "shieldedInstanceConfig": {"enableSecureBoot": True, "enableIntegrityMonitoring": True},
}
POOL = {
    "cluster": "east",
    "location": "europe-west1",
    "management": {"autoRepair": True, "autoUpgrade": True},
    "networkConfig": {"enablePrivateNodes": True},
    "nodeConfig": NODES,
}
EVERY_CLUSTER = {
    "name": "east",
    "location": "europe-west1",
    "networkingMode": "VPC_NATIVE",
    "resourceLabels": {"environment": "dev"},
    "deletionProtection": True,
    "releaseChannel": {"channel": "REGULAR"},
    "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True},
    "masterAuthorizedNetworksConfig": {
        "gcpPublicCidrsAccessEnabled": False,
        "cidrBlocks": [{"cidrBlock": "203.0.113.0/24"}],
    },
    "masterAuth": {"clientCertificateConfig": {"issueClientCertificate": False}},
    "authenticatorGroupsConfig": {"securityGroup": "gke-security-groups@acme.example"},
    "rbacBindingConfig": {
        "enableInsecureBindingSystemAuthenticated": False,
        "enableInsecureBindingSystemUnauthenticated": False,
    },
    "databaseEncryption": {
        "state": "ENCRYPTED",
        "keyName": "projects/acme/locations/europe-west1/keyRings/r/cryptoKeys/secrets",
    },
    "binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
    "securityPostureConfig": {"mode": "BASIC"},
    "loggingConfig": {"enableComponents": ["SYSTEM_COMPONENTS", "WORKLOADS"]},
    "monitoringConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]},
}
STANDARD = EVERY_CLUSTER | {
    "datapathProvider": "ADVANCED_DATAPATH",
    "enableIntranodeVisibility": True,
    "enableShieldedNodes": True,
    "workloadIdentityConfig": {"workloadPool": "acme.svc.id.goog"},
    "removeDefaultNodePool": True,
}
AUTOPILOT = EVERY_CLUSTER | {
    "enableAutopilot": True,
    "clusterAutoscaling": {"autoProvisioningDefaults": {"serviceAccount": NODES["serviceAccount"]}},
}
# Its default pool is kept.
WITH_POOL = {key: value for key, value in STANDARD.items() if key != "removeDefaultNodePool"} | {
    "nodeConfig": NODES
}
WITH_POOLS = STANDARD | {"nodePools": [POOL, copy.deepcopy(POOL)]}
AUTO_PROVISIONED = STANDARD | {
    "clusterAutoscaling": {"enabled": True, "autoProvisioningDefaults": NODES}
}
SUBNET = {
    "ipCidrRange": "10.0.0.0/20",
    "region": "europe-west1",
    "logConfig": {"flowSampling": 0.5},
}
HARDENED = {
    "standard": (CLUSTER, STANDARD),
    "autopilot": (CLUSTER, AUTOPILOT),
    "default pool": (CLUSTER, WITH_POOL),
    "inline pools": (CLUSTER, WITH_POOLS),
    "auto-provisioned": (CLUSTER, AUTO_PROVISIONED),
    "pool": (NODE_POOL, POOL),
    "subnet": (SUBNETWORK, SUBNET),
}


def only(
    rule: Rule,
    type_: str,
    properties: object,
    *,
    stack: str = "dev",
    settings: Settings | None = None,
) -> Violation:
    """The one thing that a rule finds wrong with a resource."""
    (found,) = violations(rule, made(type_, properties, stack=stack), settings=settings)
    return found


def assert_found(found: Violation, where: str, what: str, mend: str) -> None:
    """What is found stands at its place, and its words say what is wrong and how to mend it."""
    assert found.where == where
    assert what in found.what
    assert mend in found.mend


def remedied(
    rule: Rule,
    type_: str,
    properties: object,
    *,
    stack: str = "dev",
    settings: Settings | None = None,
) -> dict | None:
    """The properties with the rule's mend made; None where it makes none."""
    assert rule.remedy
    return rule.remedy(made(type_, properties, stack=stack), settings or Settings())
