"""What all rules about clusters and pools keep: hardened ones hold, mends change only the weak."""

import pytest

from meshwright_policies import RULES
from meshwright_policies.rule import CLUSTER, Rule, Settings
from meshwright_policies.values import UNKNOWN
from tests.policies.gke_resources import HARDENED, STANDARD, WITH_POOLS, remedied
from tests.policies.resources import changed, made, not_known, places, violations

GKE = [rule for rule in RULES if rule.id.startswith("GKE-")]
REMEDIED = [rule for rule in GKE if rule.remedy]
# As weak as a cluster can be written; deliberately no key that another one overrides.
WEAK = {
    "name": "weak",
    "enableLegacyAbac": True,
    "enableShieldedNodes": False,
    "deletionProtection": False,
    "masterAuth": {"clientCertificateConfig": {"issueClientCertificate": True}},
    "releaseChannel": {"channel": "UNSPECIFIED"},
    "securityPostureConfig": {"mode": "DISABLED"},
    "network": UNKNOWN,
    "nodePools": [
        {
            "name": UNKNOWN,
            "management": {"autoRepair": False, "autoUpgrade": False},
            "nodeConfig": {"imageType": "UBUNTU_CONTAINERD", "metadata": {"a": UNKNOWN}},
        }
    ],
}


@pytest.mark.parametrize("rule", GKE, ids=lambda rule: rule.id)
@pytest.mark.parametrize(("type_", "properties"), HARDENED.values(), ids=list(HARDENED))
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_hardened_resources_hold(rule: Rule, type_: str, properties: dict, stack: str) -> None:
    assert places(rule, type_, properties, stack=stack) == []
    assert not_known(rule, type_, properties, stack=stack) == []


@pytest.mark.parametrize("rule", GKE, ids=lambda rule: rule.id)
def test_every_rule_finds_something_in_a_cluster_that_nobody_hardened(rule: Rule) -> None:
    """Or in one that was weakened on purpose, for what Google does well by default."""
    poor = {"networkingMode": "ROUTES", "loggingService": "none", "enableKubernetesAlpha": True}

    assert places(rule, CLUSTER, WEAK | poor, stack="prod")


@pytest.mark.parametrize("rule", REMEDIED, ids=lambda rule: rule.id)
def test_a_mend_leaves_nothing_to_find_and_everything_else_as_it_is(rule: Rule) -> None:
    before = dict(WEAK)
    after = remedied(rule, CLUSTER, before, stack="prod")

    assert after is not None
    mended = violations(rule, made(CLUSTER, after, stack="prod"))
    remaining = {"GKE-21": ["nodePools[0].nodeConfig.bootDiskKmsKey"]}
    assert [item.where for item in mended] == remaining.get(rule.id, [])
    assert before == WEAK
    assert after["network"] is UNKNOWN
    assert after["nodePools"][0]["name"] is UNKNOWN
    assert after["nodePools"][0]["nodeConfig"]["metadata"]["a"] is UNKNOWN
    assert len({key for key in after if after[key] != before.get(key)}) <= 2


@pytest.mark.parametrize("rule", REMEDIED, ids=lambda rule: rule.id)
@pytest.mark.parametrize(("type_", "properties"), HARDENED.values(), ids=list(HARDENED))
def test_what_holds_is_not_mended(rule: Rule, type_: str, properties: dict) -> None:
    assert remedied(rule, type_, properties, stack="prod") is None


@pytest.mark.parametrize("rule", REMEDIED, ids=lambda rule: rule.id)
def test_what_is_not_known_is_not_mended(rule: Rule) -> None:
    unknown = dict.fromkeys([*WEAK, *STANDARD, "nodeConfig"], UNKNOWN)

    assert remedied(rule, CLUSTER, unknown, stack="prod") is None


def test_only_rules_with_one_safe_mend_make_it() -> None:
    mended = {"05", "06", "07", "08", "13", "14", "19", "20", "21"}

    assert {rule.id.removeprefix("GKE-") for rule in REMEDIED} == mended


POOL_RULES = [rule for rule in GKE if rule.id in ("GKE-03", "GKE-04", "GKE-05", "GKE-21")]


@pytest.mark.parametrize("rule", POOL_RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    ("properties", "at"),
    [
        (changed(WITH_POOLS, "nodePools.1.nodeConfig", {}), "nodePools[1].nodeConfig."),
        (
            {k: v for k, v in STANDARD.items() if k != "removeDefaultNodePool"},
            "nodeConfig.",
        ),
    ],
    ids=["inline", "default"],
)
def test_pools_that_stand_in_the_cluster_are_judged_at_their_place(
    rule: Rule, properties: dict, at: str
) -> None:
    (found,) = places(rule, CLUSTER, properties)

    assert found.startswith(at)


@pytest.mark.parametrize("rule", POOL_RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    ("properties", "at"),
    [
        ({"nodePools": UNKNOWN}, "nodePools[*].nodeConfig."),
        ({"nodePools": [{"nodeConfig": UNKNOWN}]}, "nodePools[0].nodeConfig."),
        ({"removeDefaultNodePool": UNKNOWN}, "nodeConfig."),
        ({"enableAutopilot": UNKNOWN}, "nodeConfig."),
    ],
    ids=["pools", "nodes", "default pool", "autopilot"],
)
def test_pools_that_may_be_there_are_left_to_the_update(
    rule: Rule, properties: dict, at: str
) -> None:
    whole = STANDARD | properties

    assert places(rule, CLUSTER, whole) == []
    assert any(path.startswith(at) for path in not_known(rule, CLUSTER, whole))


def test_settings_without_required_labels_ask_for_none() -> None:
    (labels,) = [rule for rule in GKE if rule.id == "GKE-20"]

    assert places(labels, CLUSTER, {}, settings=Settings(required_labels=())) == []
