"""The pack around the rules: levels, unknown values, clusters, exemptions and their end."""

import datetime

import pytest
from pulumi_policy import (
    EnforcementLevel,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    StackValidationArgs,
)
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE, UNKNOWN_STRING_VALUE, unknown_checking_proxy

from meshwright_policies import RULES, pack
from meshwright_policies.rule import Severity
from meshwright_policies.values import UNKNOWN, at, plain

CLUSTER = "gcp:container/cluster:Cluster"
URN = f"urn:pulumi:dev::shop::{CLUSTER}::east"
OPTIONS = PolicyResourceOptions(False, [], False, [], None, [])
TODAY = datetime.datetime.now(datetime.UTC).date()
YESTERDAY = TODAY - datetime.timedelta(days=1)


def judge(rule_id: str, properties: dict, config: dict | None = None) -> list[str]:
    """The messages that the engine would get for a cluster."""
    policy = next(p for p in pack.policies() if p.name == rule_id)
    props = unknown_checking_proxy(properties)
    args = ResourceValidationArgs(CLUSTER, props, URN, "east", OPTIONS, None, config)
    messages: list[str] = []
    policy.validate(args, lambda message, urn=None: messages.append(message))
    return messages


def accept(**entry: str) -> dict:
    whole = {"urn": URN, "reason": "moves in March", "expires": TODAY.isoformat()} | entry
    return {"exemptions": [whole]}


def test_ids_are_unique_and_each_rule_says_why_and_whose_it_is() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(rule.title and rule.source for rule in RULES)


def test_critical_and_high_rules_stop_an_update_and_lesser_ones_advise() -> None:
    levels = {policy.name: policy.enforcement_level for policy in pack.policies()}

    assert set(Severity) == set(pack.LEVELS)
    for rule in RULES:
        serious = rule.severity in (Severity.CRITICAL, Severity.HIGH)
        expected = EnforcementLevel.MANDATORY if serious else EnforcementLevel.ADVISORY
        assert levels[rule.id] == expected


def test_a_violation_says_where_what_and_how_to_mend_it() -> None:
    (message,) = judge("GKE-01", {"privateClusterConfig": {"enablePrivateNodes": False}})

    assert "privateClusterConfig.enablePrivateNodes: is False" in message
    assert "Set it to true" in message
    assert "CIS GKE 1.9 5.6.5" in message


def test_an_unknown_value_is_left_to_the_update() -> None:
    unknown = {"privateClusterConfig": {"enablePrivateNodes": UNKNOWN_BOOLEAN_VALUE}}

    assert judge("GKE-01", unknown) == []


def test_unknown_values_become_markers_at_every_depth() -> None:
    guarded = unknown_checking_proxy(
        {"a": UNKNOWN_STRING_VALUE, "b": [{"c": UNKNOWN_STRING_VALUE, "d": 1}]}
    )

    value = plain(guarded)

    assert value == {"a": UNKNOWN, "b": [{"c": UNKNOWN, "d": 1}]}
    assert at(value, "a", "deeper") is UNKNOWN
    assert at(value, "b", "deeper") is None


@pytest.mark.parametrize("urn", [URN, "*::east"])
def test_an_exemption_covers_its_resource_until_its_last_day(urn: str) -> None:
    assert judge("GKE-01", {}, accept(urn=urn)) == []


def test_an_exemption_covers_no_other_resource() -> None:
    assert judge("GKE-01", {}, accept(urn="*::west"))


def test_an_expired_exemption_is_a_violation_that_names_its_day_and_reason() -> None:
    (message,) = judge("GKE-01", {}, accept(expires=YESTERDAY.isoformat()))

    assert f"ended on {YESTERDAY} (moves in March)" in message


@pytest.mark.parametrize(
    ("entry", "said"), [({"expires": "2027-02-30"}, "is no day"), ({"reason": "  "}, "is blank")]
)
def test_a_broken_exemption_exempts_nothing_and_is_named(entry: dict, said: str) -> None:
    messages = judge("GKE-01", {}, accept(**entry))

    assert len(messages) == 2
    assert said in messages[1]


def provider(name: str, **props: str) -> PolicyProviderResource:
    return PolicyProviderResource("pulumi:providers:kubernetes", props, f"urn:{name}", name)


def kubernetes(name: str, provider: PolicyProviderResource | None) -> PolicyResource:
    kind = "kubernetes:networking.istio.io/v1:VirtualService"
    return PolicyResource(kind, {}, f"urn:{name}", name, OPTIONS, provider, None, [], {})


def test_providers_with_the_same_access_are_one_cluster() -> None:
    access = {"kubeconfig": "{}", "context": "east"}
    resources = [
        kubernetes("a", provider("east", **access)),
        kubernetes("b", provider("east-again", **access)),
        kubernetes("c", provider("west", kubeconfig="{}", context="west")),
        kubernetes("d", provider("unread-1")),
        kubernetes("e", provider("unread-2")),
        kubernetes("f", None),
    ]

    clusters = [resource.cluster for resource in pack.seen(resources)]

    assert clusters == ["east", "east", "west", "unread-1", "unread-2", "(default provider)"]


def test_a_stack_rule_reports_at_the_resource_and_takes_exemptions() -> None:
    policy = next(p for p in pack.policies() if p.name == "MESH-01")
    resources = [kubernetes("routes", provider("east"))]
    reported: list[str | None] = []

    for config in ({}, accept(urn="urn:routes")):
        args = StackValidationArgs(resources, config)
        policy.validate(args, lambda message, urn=None: reported.append(urn))

    assert reported == ["urn:routes"]


def test_config_replaces_the_defaults() -> None:
    settings = pack.settings({"rootNamespace": "mesh", "productionStacks": ["live"]})

    assert (settings.root_namespace, settings.production_stacks) == ("mesh", ("live",))


def test_objects_of_a_planned_cluster_are_unknown() -> None:
    """While a provider's settings are unknown, the engine shows its objects without properties."""
    kind = "kubernetes:security.istio.io/v1:PeerAuthentication"
    planned = PolicyResource(kind, {}, f"{URN}-mtls", "mtls", OPTIONS, None, None, [], {})

    (resource,) = pack.seen([planned])

    assert resource.properties is UNKNOWN
