"""GKE-03, 04, 05, 08, 14: whose identity nodes have, and what they boot."""

import pytest

from meshwright_policies.gke_nodes import (
    container_optimized_image,
    no_legacy_endpoints,
    own_node_account,
    shielded_nodes,
    workload_identity,
)
from meshwright_policies.rule import CLUSTER, NODE_POOL, Rule
from meshwright_policies.values import UNKNOWN
from tests.policies.gke_resources import (
    AUTO_PROVISIONED,
    AUTOPILOT,
    POOL,
    STANDARD,
    WITH_POOLS,
    assert_found,
    only,
    remedied,
)
from tests.policies.resources import changed, not_known, places

METADATA = "nodeConfig.workloadMetadataConfig.mode"
WORKLOAD_POOL = "workloadIdentityConfig.workloadPool"
ACCOUNT = "nodeConfig.serviceAccount"
DEFAULTS = "clusterAutoscaling.autoProvisioningDefaults"
BOOT = "shieldedInstanceConfig.enableSecureBoot"
INTEGRITY = "nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring"
LEGACY = "nodeConfig.metadata.disable-legacy-endpoints"
IMAGE = "nodeConfig.imageType"


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where", "what", "mend"),
    [
        (
            workload_identity,
            CLUSTER,
            changed(STANDARD, "workloadIdentityConfig", None),
            WORKLOAD_POOL,
            "is not set",
            "PROJECT.svc.id.goog",
        ),
        (
            workload_identity,
            NODE_POOL,
            changed(POOL, METADATA, "GCE_METADATA"),
            METADATA,
            "is 'GCE_METADATA'",
            'Set it to "GKE_METADATA"',
        ),
        (
            own_node_account,
            NODE_POOL,
            changed(POOL, ACCOUNT, None),
            ACCOUNT,
            "is not set, which is the Compute Engine default account",
            "roles/container.defaultNodeServiceAccount",
        ),
        (
            own_node_account,
            NODE_POOL,
            changed(POOL, ACCOUNT, "default"),
            ACCOUNT,
            "'default'",
            "Name",
        ),
        (
            own_node_account,
            CLUSTER,
            changed(
                WITH_POOLS,
                f"nodePools.0.{ACCOUNT}",
                "123456789012-compute@developer.gserviceaccount.com",
            ),
            f"nodePools[0].{ACCOUNT}",
            "123456789012-compute@",
            "Name an account",
        ),
        (
            own_node_account,
            CLUSTER,
            changed(AUTOPILOT, "clusterAutoscaling", None),
            f"{DEFAULTS}.serviceAccount",
            "is not set",
            "Name an account",
        ),
        (
            own_node_account,
            CLUSTER,
            changed(AUTO_PROVISIONED, f"{DEFAULTS}.serviceAccount", None),
            f"{DEFAULTS}.serviceAccount",
            "is not set",
            "Name an account",
        ),
        (
            shielded_nodes,
            CLUSTER,
            changed(STANDARD, "enableShieldedNodes", False),
            "enableShieldedNodes",
            "is false",
            "Set it to true",
        ),
        (
            shielded_nodes,
            NODE_POOL,
            changed(POOL, "nodeConfig.shieldedInstanceConfig", {}),
            f"nodeConfig.{BOOT}",
            "is not set",
            "Set it to true",
        ),
        (shielded_nodes, NODE_POOL, changed(POOL, INTEGRITY, False), INTEGRITY, "is false", "true"),
        (
            shielded_nodes,
            CLUSTER,
            changed(AUTO_PROVISIONED, f"{DEFAULTS}.{BOOT}", False),
            f"{DEFAULTS}.{BOOT}",
            "is false",
            "Set it to true",
        ),
        (
            no_legacy_endpoints,
            NODE_POOL,
            changed(POOL, LEGACY, "false"),
            LEGACY,
            "is 'false'",
            'Set it to "true"',
        ),
        (
            no_legacy_endpoints,
            NODE_POOL,
            changed(POOL, "nodeConfig.metadata", {"block-project-ssh-keys": "true"}),
            LEGACY,
            "is not set",
            'Set it to "true"',
        ),
        (
            container_optimized_image,
            NODE_POOL,
            changed(POOL, IMAGE, "UBUNTU_CONTAINERD"),
            IMAGE,
            "is 'UBUNTU_CONTAINERD'",
            'Set it to "COS_CONTAINERD"',
        ),
    ],
)
def test_a_weak_node_is_found_at_its_place(
    rule: Rule, type_: str, properties: dict, where: str, what: str, mend: str
) -> None:
    assert_found(only(rule, type_, properties), where, what, mend)


def test_all_that_is_wrong_with_nodes_is_found() -> None:
    weak = {"enableSecureBoot": False, "enableIntegrityMonitoring": False}
    properties = STANDARD | {
        "enableShieldedNodes": False,
        "nodePools": [{"nodeConfig": {"shieldedInstanceConfig": weak}}, {}],
    }

    assert places(shielded_nodes, CLUSTER, properties) == [
        "enableShieldedNodes",
        f"nodePools[0].nodeConfig.{BOOT}",
        f"nodePools[0].{INTEGRITY}",
        f"nodePools[1].nodeConfig.{BOOT}",
    ]


@pytest.mark.parametrize(
    ("rule", "type_", "properties"),
    [
        (shielded_nodes, CLUSTER, changed(STANDARD, "enableShieldedNodes", None)),
        (shielded_nodes, NODE_POOL, changed(POOL, INTEGRITY, None)),
        (no_legacy_endpoints, NODE_POOL, {"nodeConfig": {"machineType": "e2-standard-4"}}),
        (
            no_legacy_endpoints,
            NODE_POOL,
            {"nodeConfig": {"metadata": {"disable-legacy-endpoints": "TRUE"}}},
        ),
        (container_optimized_image, NODE_POOL, {"nodeConfig": {}}),
        (container_optimized_image, NODE_POOL, {"nodeConfig": {"imageType": "cos_containerd"}}),
    ],
)
def test_what_google_does_by_default_holds(rule: Rule, type_: str, properties: dict) -> None:
    assert places(rule, type_, properties) == []


def test_auto_provisioning_that_is_off_needs_no_node_settings() -> None:
    off = STANDARD | {"clusterAutoscaling": {"enabled": False}}

    assert places(shielded_nodes, CLUSTER, off) == []
    assert places(own_node_account, CLUSTER, off) == []


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where"),
    [
        (workload_identity, CLUSTER, STANDARD | {"workloadIdentityConfig": UNKNOWN}, WORKLOAD_POOL),
        (workload_identity, NODE_POOL, changed(POOL, METADATA, UNKNOWN), METADATA),
        (own_node_account, NODE_POOL, changed(POOL, ACCOUNT, UNKNOWN), ACCOUNT),
        (
            own_node_account,
            CLUSTER,
            changed(AUTOPILOT, f"{DEFAULTS}.serviceAccount", UNKNOWN),
            f"{DEFAULTS}.serviceAccount",
        ),
        (
            shielded_nodes,
            CLUSTER,
            STANDARD | {"enableShieldedNodes": UNKNOWN},
            "enableShieldedNodes",
        ),
        (
            shielded_nodes,
            NODE_POOL,
            changed(POOL, f"nodeConfig.{BOOT}", UNKNOWN),
            f"nodeConfig.{BOOT}",
        ),
        (no_legacy_endpoints, NODE_POOL, changed(POOL, "nodeConfig.metadata", UNKNOWN), LEGACY),
        (container_optimized_image, NODE_POOL, changed(POOL, IMAGE, UNKNOWN), IMAGE),
    ],
)
def test_what_is_not_known_yet_is_named_and_not_judged(
    rule: Rule, type_: str, properties: dict, where: str
) -> None:
    assert not_known(rule, type_, properties) == [where]
    assert places(rule, type_, properties) == []


def test_a_mend_writes_secure_boot_where_nothing_stood() -> None:
    after = remedied(shielded_nodes, NODE_POOL, {"cluster": "east"})

    assert after == {
        "cluster": "east",
        "nodeConfig": {"shieldedInstanceConfig": {"enableSecureBoot": True}},
    }


def test_nodes_of_windows_keep_their_image() -> None:
    windows = changed(POOL, IMAGE, "windows_ltsc_containerd")

    assert places(container_optimized_image, NODE_POOL, windows) == [IMAGE]
    assert remedied(container_optimized_image, NODE_POOL, windows) is None
