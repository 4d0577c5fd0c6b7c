"""GKE-11, 12, 21: what is encrypted, which images start, and what cannot be destroyed."""

import pytest

from meshwright_policies.gke_protection import (
    binary_authorization,
    encrypted_secrets,
    kept_and_encrypted,
)
from meshwright_policies.rule import CLUSTER, NODE_POOL, Rule, Settings
from meshwright_policies.values import UNKNOWN
from tests.policies.gke_resources import (
    AUTO_PROVISIONED,
    AUTOPILOT,
    POOL,
    STANDARD,
    assert_found,
    only,
    remedied,
)
from tests.policies.resources import changed, not_known, places

STATE = "databaseEncryption.state"
KEY = "databaseEncryption.keyName"
MODE = "binaryAuthorization.evaluationMode"
DISK = "nodeConfig.bootDiskKmsKey"
ENFORCE = "PROJECT_SINGLETON_POLICY_ENFORCE"


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where", "what", "mend"),
    [
        (
            encrypted_secrets,
            CLUSTER,
            changed(STANDARD, "databaseEncryption", None),
            STATE,
            "is not set",
            "databaseEncryption.keyName to a key",
        ),
        (
            encrypted_secrets,
            CLUSTER,
            changed(AUTOPILOT, STATE, "DECRYPTED"),
            STATE,
            "is 'DECRYPTED'",
            'Set it to "ENCRYPTED"',
        ),
        (encrypted_secrets, CLUSTER, changed(STANDARD, KEY, None), KEY, "is not set", "projects/P"),
        (
            binary_authorization,
            CLUSTER,
            changed(AUTOPILOT, "binaryAuthorization", None),
            MODE,
            "is not set",
            f'Set it to "{ENFORCE}"',
        ),
        (
            binary_authorization,
            CLUSTER,
            changed(STANDARD, MODE, "DISABLED"),
            MODE,
            "'DISABLED'",
            ENFORCE,
        ),
        (
            binary_authorization,
            CLUSTER,
            changed(STANDARD, MODE, "POLICY_BINDINGS"),
            MODE,
            "is 'POLICY_BINDINGS'",
            "ENFORCE",
        ),
        (
            binary_authorization,
            CLUSTER,
            {"binaryAuthorization": {"enabled": True, "evaluationMode": "DISABLED"}},
            MODE,
            "is 'DISABLED'",
            "ENFORCE",
        ),
        (
            kept_and_encrypted,
            NODE_POOL,
            changed(POOL, DISK, None),
            DISK,
            "is not set",
            "Compute Engine's service agent",
        ),
        (
            kept_and_encrypted,
            CLUSTER,
            changed(
                AUTO_PROVISIONED, "clusterAutoscaling.autoProvisioningDefaults.bootDiskKmsKey", None
            ),
            "clusterAutoscaling.autoProvisioningDefaults.bootDiskKmsKey",
            "is not set",
            "Name a key",
        ),
    ],
)
def test_a_missing_protection_is_found_at_its_place(
    rule: Rule, type_: str, properties: dict, where: str, what: str, mend: str
) -> None:
    assert_found(only(rule, type_, properties), where, what, mend)


@pytest.mark.parametrize(
    "properties",
    [
        {"binaryAuthorization": {"enabled": True}},
        {"enableBinaryAuthorization": True},
        {
            "binaryAuthorization": {
                "evaluationMode": "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE"
            }
        },
    ],
)
def test_other_ways_to_enforce_binary_authorization_hold(properties: dict) -> None:
    assert places(binary_authorization, CLUSTER, properties) == []


UNPROTECTED = STANDARD | {"deletionProtection": False}


@pytest.mark.parametrize("stack", ["prod", "prod-eu", "eu-prod", "production"])
def test_a_production_cluster_that_can_be_destroyed_is_found(stack: str) -> None:
    found = only(kept_and_encrypted, CLUSTER, UNPROTECTED, stack=stack)

    assert (found.where, found.what) == ("deletionProtection", "is false")
    assert found.mend == "Set it to true"


def test_which_stacks_are_production_can_be_set() -> None:
    live = Settings(production_stacks=("live",))

    assert places(kept_and_encrypted, CLUSTER, UNPROTECTED, stack="live", settings=live)
    assert places(kept_and_encrypted, CLUSTER, UNPROTECTED, stack="prod", settings=live) == []


def test_other_stacks_may_destroy_their_clusters_and_are_not_mended() -> None:
    assert places(kept_and_encrypted, CLUSTER, UNPROTECTED, stack="dev") == []
    assert remedied(kept_and_encrypted, CLUSTER, UNPROTECTED, stack="dev") is None
    after = remedied(kept_and_encrypted, CLUSTER, UNPROTECTED, stack="prod")
    assert after == STANDARD


def test_the_provider_protects_what_says_nothing() -> None:
    silent = changed(STANDARD, "deletionProtection", None)

    assert places(kept_and_encrypted, CLUSTER, silent, stack="prod") == []


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where"),
    [
        (encrypted_secrets, CLUSTER, STANDARD | {"databaseEncryption": UNKNOWN}, STATE),
        (binary_authorization, CLUSTER, changed(STANDARD, MODE, UNKNOWN), MODE),
        (
            binary_authorization,
            CLUSTER,
            {"binaryAuthorization": {"enabled": UNKNOWN}},
            "binaryAuthorization.enabled",
        ),
        (
            kept_and_encrypted,
            CLUSTER,
            STANDARD | {"deletionProtection": UNKNOWN},
            "deletionProtection",
        ),
        (kept_and_encrypted, NODE_POOL, changed(POOL, DISK, UNKNOWN), DISK),
    ],
)
def test_what_is_not_known_yet_is_named_and_not_judged(
    rule: Rule, type_: str, properties: dict, where: str
) -> None:
    assert not_known(rule, type_, properties, stack="prod") == [where]
    assert places(rule, type_, properties, stack="prod") == []


def test_a_key_that_is_made_in_the_same_update_counts_as_named() -> None:
    planned = changed(STANDARD, KEY, UNKNOWN)

    assert places(encrypted_secrets, CLUSTER, planned) == []
    assert not_known(encrypted_secrets, CLUSTER, planned) == []
