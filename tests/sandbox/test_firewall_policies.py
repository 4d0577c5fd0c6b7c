"""Firewall policies of networks, as google-api-python-client sees them."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import finish
from tests.sandbox.vpc import make_network

DENY = {
    "priority": 1000,
    "action": "deny",
    "direction": "INGRESS",
    "match": {"srcIpRanges": ["198.51.100.0/24"], "layer4Configs": [{"ipProtocol": "tcp"}]},
}


class Policy:
    """The policy `edge` of a project, each change awaited."""

    def __init__(self, compute: Any, project: str) -> None:
        self._compute, self._project = compute, project
        self._policies = compute.networkFirewallPolicies()
        self._where = {"project": project, "firewallPolicy": "edge"}
        self._wait(self._policies.insert(project=project, body={"name": "edge"}))

    def _wait(self, request: Any) -> None:
        finish(self._compute.globalOperations(), request.execute(), project=self._project)

    def do(self, verb: str, **arguments: Any) -> None:
        """Call a method and wait for what it starts."""
        self._wait(getattr(self._policies, verb)(**self._where, **arguments))

    def get(self, verb: str = "get", **arguments: Any) -> Any:
        """What a method that changes nothing answers."""
        return getattr(self._policies, verb)(**self._where, **arguments).execute()


@pytest.fixture
def policy(compute: Any, project: str) -> Policy:
    """A policy without rules of its own."""
    return Policy(compute, project)


def test_what_no_rule_decides_goes_on_to_the_networks_own(policy: Policy) -> None:
    rules = policy.get()["rules"]

    assert {(rule["action"], rule["direction"]) for rule in rules} == {
        ("goto_next", "EGRESS"),
        ("goto_next", "INGRESS"),
    }
    assert [rule["priority"] for rule in rules] == list(range(2147483644, 2147483648))


def test_rules_come_change_and_go(policy: Policy) -> None:
    """They stand in the order of their priorities."""
    policy.do("addRule", body=DENY | {"priority": 2000})
    policy.do("addRule", body=DENY)
    policy.do("patchRule", priority=1000, body={"enableLogging": True})

    rules = policy.get()["rules"]
    assert [rule["priority"] for rule in rules[:2]] == [1000, 2000]
    assert policy.get("getRule", priority=1000)["enableLogging"] is True
    assert policy.get("getRule", priority=1000)["match"] == DENY["match"]
    with pytest.raises(HttpError, match="the same priorities"):
        policy.do("addRule", body=DENY)
    with pytest.raises(HttpError, match="the same priorities"):
        policy.do("patchRule", priority=1000, body={"priority": 2000})
    with pytest.raises(HttpError, match="Cannot find field"):
        policy.do("addRule", body=DENY | {"protocol": "tcp"})
    with pytest.raises(HttpError, match="default rule"):
        policy.do("removeRule", priority=2147483647)
    policy.do("removeRule", priority=1000)
    with pytest.raises(HttpError, match="firewall policy does not contain a rule"):
        policy.get("getRule", priority=1000)


def test_networks_that_a_rule_names_stay_as_they_are_written(
    policy: Policy, compute: Any, project: str
) -> None:
    network = make_network(compute, project)
    of_networks = {"srcNetworkType": "VPC_NETWORKS", "srcNetworks": [network]}
    policy.do("addRule", body=DENY | {"match": DENY["match"] | of_networks})

    assert policy.get("getRule", priority=1000)["match"]["srcNetworks"] == [network]
    gone = of_networks | {"srcNetworks": [f"projects/{project}/global/networks/gone"]}
    body = DENY | {"priority": 1, "match": DENY["match"] | gone}
    with pytest.raises(HttpError, match="was not found"):
        policy.do("addRule", body=body)


def test_a_network_and_its_policy_hold_each_other(
    policy: Policy, compute: Any, project: str
) -> None:
    network = make_network(compute, project)
    policy.do("addAssociation", body={"name": "net", "attachmentTarget": network})

    held = policy.get("getAssociation", name="net")
    assert held["attachmentTarget"].endswith(network)
    assert held["firewallPolicyId"] == policy.get()["id"]
    with pytest.raises(HttpError, match="already being used"):
        policy.do("delete")
    with pytest.raises(HttpError, match="already being used"):
        compute.networks().delete(project=project, network="net").execute()
    policy.do("removeAssociation", name="net")
    with pytest.raises(HttpError, match="does not have an association"):
        policy.get("getAssociation", name="net")
    policy.do("delete")


def test_wrong_associations_are_refused(policy: Policy, compute: Any, project: str) -> None:
    network = make_network(compute, project)
    policy.do("addAssociation", body={"name": "net", "attachmentTarget": network})
    gone = f"projects/{project}/global/networks/gone"
    cases = [
        ({"name": "net", "attachmentTarget": network}, "already exists"),
        ({"name": "two", "attachmentTarget": gone}, "networks/gone' was not found"),
        ({"name": "two", "attachmentTarget": f"projects/{project}"}, "attachmentTarget"),
        ({"name": "two"}, "attachmentTarget"),
        ({"name": "two", "network": network}, "Cannot find field"),
    ]
    for body, says in cases:
        with pytest.raises(HttpError, match=says):
            policy.do("addAssociation", body=body)

    other = make_network(compute, project, "other")
    replaced = {"name": "net", "attachmentTarget": other}
    policy.do("addAssociation", body=replaced, replaceExistingAssociation=True)
    assert policy.get("getAssociation", name="net")["attachmentTarget"].endswith(other)
