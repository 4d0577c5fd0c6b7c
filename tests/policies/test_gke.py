"""Rules about clusters and node pools: what holds, what does not, and what is said about it."""

import pytest

from meshwright_policies.gke import authorized_control_plane, private_nodes, workload_identity
from meshwright_policies.rule import CLUSTER, NODE_POOL, Rule
from meshwright_policies.values import UNKNOWN
from tests.policies.resources import changed, places

STANDARD = {
    "name": "east",
    "removeDefaultNodePool": True,
    "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True},
    "masterAuthorizedNetworksConfig": {
        "gcpPublicCidrsAccessEnabled": False,
        "cidrBlocks": [{"cidrBlock": "203.0.113.0/24"}],
    },
    "workloadIdentityConfig": {"workloadPool": "acme.svc.id.goog"},
}
AUTOPILOT = {key: value for key, value in STANDARD.items() if key != "workloadIdentityConfig"} | {
    "enableAutopilot": True,
    "removeDefaultNodePool": None,
}
POOL = {"nodeConfig": {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}}
RULES = (private_nodes, authorized_control_plane, workload_identity)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    ("type_", "properties"),
    [(CLUSTER, STANDARD), (CLUSTER, AUTOPILOT), (NODE_POOL, POOL), ("gcp:x/y:Z", {})],
    ids=["standard", "autopilot", "pool", "other"],
)
def test_hardened_resources_hold(rule: Rule, type_: str, properties: dict) -> None:
    assert places(rule, type_, properties) == []


PRIVATE = "privateClusterConfig.enablePrivateNodes"
NETWORKS = "masterAuthorizedNetworksConfig"
METADATA = "nodeConfig.workloadMetadataConfig.mode"
BLOCK = f"{NETWORKS}.cidrBlocks[0].cidrBlock"


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where"),
    [
        (private_nodes, CLUSTER, changed(STANDARD, PRIVATE, False), PRIVATE),
        (private_nodes, CLUSTER, changed(AUTOPILOT, "privateClusterConfig", None), PRIVATE),
        (
            private_nodes,
            NODE_POOL,
            POOL | {"networkConfig": {"enablePrivateNodes": False}},
            "networkConfig.enablePrivateNodes",
        ),
        (authorized_control_plane, CLUSTER, changed(STANDARD, NETWORKS, None), NETWORKS),
        (
            authorized_control_plane,
            CLUSTER,
            changed(STANDARD, f"{NETWORKS}.cidrBlocks.0.cidrBlock", "0.0.0.0/0"),
            BLOCK,
        ),
        (
            authorized_control_plane,
            CLUSTER,
            changed(AUTOPILOT, f"{NETWORKS}.cidrBlocks.0.cidrBlock", "128.0.0.0/1"),
            BLOCK,
        ),
        (
            authorized_control_plane,
            CLUSTER,
            changed(STANDARD, f"{NETWORKS}.gcpPublicCidrsAccessEnabled", True),
            f"{NETWORKS}.gcpPublicCidrsAccessEnabled",
        ),
        (
            workload_identity,
            CLUSTER,
            changed(STANDARD, "workloadIdentityConfig", None),
            "workloadIdentityConfig.workloadPool",
        ),
        (workload_identity, NODE_POOL, {"nodeConfig": {}}, METADATA),
        (workload_identity, NODE_POOL, changed(POOL, METADATA, "GCE_METADATA"), METADATA),
        (workload_identity, CLUSTER, changed(STANDARD, "removeDefaultNodePool", None), METADATA),
        (
            workload_identity,
            CLUSTER,
            STANDARD | {"nodePools": [POOL, {}]},
            f"nodePools[1].{METADATA}",
        ),
    ],
)
def test_a_weakened_resource_is_found_at_its_place(
    rule: Rule, type_: str, properties: dict, where: str
) -> None:
    assert places(rule, type_, properties) == [where]


def test_a_control_plane_without_an_ip_endpoint_needs_no_networks() -> None:
    properties = changed(STANDARD, NETWORKS, None) | {
        "controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}
    }

    assert places(authorized_control_plane, CLUSTER, properties) == []


@pytest.mark.parametrize(
    ("rule", "properties"),
    [
        (private_nodes, STANDARD | {"privateClusterConfig": UNKNOWN}),
        (private_nodes, changed(STANDARD, PRIVATE, UNKNOWN)),
        (authorized_control_plane, STANDARD | {NETWORKS: UNKNOWN}),
        (
            authorized_control_plane,
            changed(STANDARD, f"{NETWORKS}.cidrBlocks.0.cidrBlock", UNKNOWN),
        ),
        (
            workload_identity,
            changed(STANDARD, "workloadIdentityConfig", {"workloadPool": UNKNOWN}),
        ),
    ],
)
def test_what_a_preview_does_not_know_is_not_judged(rule: Rule, properties: dict) -> None:
    assert places(rule, CLUSTER, properties) == []
