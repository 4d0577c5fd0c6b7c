"""GKE-01, 02, 09, 10, 16: who reaches control plane, nodes and pods, and what is seen of it."""

import pytest

from meshwright_policies.gke_network import (
    authorized_control_plane,
    network_policies,
    private_nodes,
    visible_flows,
    vpc_native,
)
from meshwright_policies.rule import CLUSTER, NODE_POOL, Rule
from meshwright_policies.values import UNKNOWN
from tests.policies.gke_resources import (
    AUTOPILOT,
    POOL,
    STANDARD,
    SUBNET,
    SUBNETWORK,
    WITH_POOLS,
    assert_found,
    only,
)
from tests.policies.resources import changed, not_known, places

PRIVATE = "privateClusterConfig.enablePrivateNodes"
OF_POOL = "networkConfig.enablePrivateNodes"
NETWORKS = "masterAuthorizedNetworksConfig"
EVERY_CLOUD = f"{NETWORKS}.gcpPublicCidrsAccessEnabled"
BLOCK = f"{NETWORKS}.cidrBlocks[0].cidrBlock"
DATAPATH = "datapathProvider"
ADDON = "addonsConfig.networkPolicyConfig.disabled"
VISIBILITY = "enableIntranodeVisibility"


def with_block(cidr: object) -> dict:
    return changed(STANDARD, f"{NETWORKS}.cidrBlocks.0.cidrBlock", cidr)


def with_policy(enabled: object, addon_disabled: object = None, datapath: object = None) -> dict:
    return STANDARD | {
        DATAPATH: datapath,
        "networkPolicy": {"enabled": enabled},
        "addonsConfig": {"networkPolicyConfig": {"disabled": addon_disabled}},
    }


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where", "what", "mend"),
    [
        (private_nodes, CLUSTER, changed(STANDARD, PRIVATE, False), PRIVATE, "is false", "NAT"),
        (
            private_nodes,
            CLUSTER,
            changed(AUTOPILOT, "privateClusterConfig", None),
            PRIVATE,
            "is not set",
            "Set it to true",
        ),
        (private_nodes, NODE_POOL, changed(POOL, OF_POOL, False), OF_POOL, "is false", "true"),
        (
            private_nodes,
            CLUSTER,
            changed(WITH_POOLS, f"nodePools.1.{OF_POOL}", False),
            f"nodePools[1].{OF_POOL}",
            "is false",
            "true",
        ),
        (
            authorized_control_plane,
            CLUSTER,
            changed(STANDARD, NETWORKS, None),
            NETWORKS,
            "is not set",
            "empty for none",
        ),
        (
            authorized_control_plane,
            CLUSTER,
            with_block("0.0.0.0/0"),
            BLOCK,
            "0.0.0.0/0 is open",
            "Name the ranges",
        ),
        (authorized_control_plane, CLUSTER, with_block("128.0.0.0/1"), BLOCK, "128", "Name"),
        (authorized_control_plane, CLUSTER, with_block("::/0"), BLOCK, "::/0", "Name"),
        (
            authorized_control_plane,
            CLUSTER,
            changed(AUTOPILOT, EVERY_CLOUD, True),
            EVERY_CLOUD,
            "is true",
            "Set it to false",
        ),
        (
            network_policies,
            CLUSTER,
            changed(STANDARD, DATAPATH, None),
            DATAPATH,
            "networkPolicy.enabled is not set",
            "ADVANCED_DATAPATH",
        ),
        (
            network_policies,
            CLUSTER,
            with_policy(False, datapath="LEGACY_DATAPATH"),
            DATAPATH,
            "is 'LEGACY_DATAPATH'",
            "ADVANCED_DATAPATH",
        ),
        (network_policies, CLUSTER, with_policy(True, True), ADDON, "is true", "Set it to false"),
        (
            vpc_native,
            CLUSTER,
            changed(STANDARD, "networkingMode", "ROUTES"),
            "networkingMode",
            "is 'ROUTES'",
            'Set it to "VPC_NATIVE"',
        ),
        (
            visible_flows,
            CLUSTER,
            changed(STANDARD, VISIBILITY, None),
            VISIBILITY,
            "is not set",
            "Set it to true",
        ),
        (
            visible_flows,
            SUBNETWORK,
            changed(SUBNET, "logConfig", None),
            "logConfig",
            "is not set",
            "VPC flow logs",
        ),
        (
            visible_flows,
            SUBNETWORK,
            changed(SUBNET, "logConfig.flowSampling", 0),
            "logConfig.flowSampling",
            "no flow is logged",
            "0.5",
        ),
    ],
)
def test_an_open_network_is_found_at_its_place(
    rule: Rule, type_: str, properties: dict, where: str, what: str, mend: str
) -> None:
    assert_found(only(rule, type_, properties), where, what, mend)


def test_every_open_range_is_found() -> None:
    blocks = [{"cidrBlock": "0.0.0.0/0"}, {"cidrBlock": "10.0.0.0/8"}, {"cidrBlock": "64.0.0.0/2"}]
    properties = STANDARD | {NETWORKS: {"cidrBlocks": blocks, "gcpPublicCidrsAccessEnabled": True}}

    assert places(authorized_control_plane, CLUSTER, properties) == [
        EVERY_CLOUD,
        BLOCK,
        f"{NETWORKS}.cidrBlocks[2].cidrBlock",
    ]


@pytest.mark.parametrize(
    ("rule", "type_", "properties"),
    [
        (
            authorized_control_plane,
            CLUSTER,
            {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}},
        ),
        (authorized_control_plane, CLUSTER, {NETWORKS: {}}),
        (private_nodes, NODE_POOL, {}),
        (network_policies, CLUSTER, with_policy(True)),
        (network_policies, CLUSTER, with_policy(True, False, "LEGACY_DATAPATH")),
        (vpc_native, CLUSTER, {}),
        (visible_flows, SUBNETWORK, {"purpose": "REGIONAL_MANAGED_PROXY"}),
        (visible_flows, SUBNETWORK, {"purpose": "PRIVATE_NAT"}),
        (visible_flows, SUBNETWORK, {"logConfig": {}}),
    ],
)
def test_what_google_does_by_default_or_cannot_be_otherwise_holds(
    rule: Rule, type_: str, properties: dict
) -> None:
    assert places(rule, type_, properties) == []


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where"),
    [
        (private_nodes, CLUSTER, STANDARD | {"privateClusterConfig": UNKNOWN}, PRIVATE),
        (private_nodes, NODE_POOL, POOL | {"networkConfig": UNKNOWN}, OF_POOL),
        (authorized_control_plane, CLUSTER, STANDARD | {NETWORKS: UNKNOWN}, NETWORKS),
        (
            authorized_control_plane,
            CLUSTER,
            STANDARD | {NETWORKS: {"cidrBlocks": UNKNOWN}},
            f"{NETWORKS}.cidrBlocks",
        ),
        (authorized_control_plane, CLUSTER, with_block(UNKNOWN), BLOCK),
        (
            authorized_control_plane,
            CLUSTER,
            {"controlPlaneEndpointsConfig": UNKNOWN},
            "controlPlaneEndpointsConfig.ipEndpointsConfig.enabled",
        ),
        (network_policies, CLUSTER, STANDARD | {DATAPATH: UNKNOWN}, DATAPATH),
        (network_policies, CLUSTER, with_policy(UNKNOWN), "networkPolicy.enabled"),
        (network_policies, CLUSTER, with_policy(True, UNKNOWN), ADDON),
        (vpc_native, CLUSTER, STANDARD | {"networkingMode": UNKNOWN}, "networkingMode"),
        (visible_flows, CLUSTER, STANDARD | {VISIBILITY: UNKNOWN}, VISIBILITY),
        (visible_flows, SUBNETWORK, SUBNET | {"logConfig": UNKNOWN}, "logConfig"),
        (visible_flows, SUBNETWORK, SUBNET | {"purpose": UNKNOWN}, "purpose"),
    ],
)
def test_what_is_not_known_yet_is_named_and_not_judged(
    rule: Rule, type_: str, properties: dict, where: str
) -> None:
    assert not_known(rule, type_, properties) == [where]
    assert places(rule, type_, properties) == []


def test_an_unknown_range_hides_no_open_one_beside_it() -> None:
    blocks = [{"cidrBlock": UNKNOWN}, UNKNOWN, {"cidrBlock": "0.0.0.0/0"}]
    properties = STANDARD | {NETWORKS: {"cidrBlocks": blocks}}

    assert places(authorized_control_plane, CLUSTER, properties) == [BLOCK.replace("0", "2", 1)]
    assert not_known(authorized_control_plane, CLUSTER, properties) == [
        BLOCK,
        BLOCK.replace("0", "1", 1),
    ]
