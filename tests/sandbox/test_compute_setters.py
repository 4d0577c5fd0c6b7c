"""Methods that change one part of a load balancer: its URL map, certificates, Armor policy."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import finish

LAST = 2147483647


class LoadBalancer:
    """Collections of a project, each change awaited."""

    def __init__(self, compute: Any, project: str) -> None:
        self._compute = compute
        self._project = project

    def do(self, collection: str, method: str, **arguments: Any) -> None:
        """Call a method and wait for what it starts."""
        called = getattr(getattr(self._compute, collection)(), method)
        started = called(project=self._project, **arguments).execute()
        finish(self._compute.globalOperations(), started, project=self._project)

    def get(self, collection: str, **item: str) -> Any:
        """A resource."""
        return getattr(self._compute, collection)().get(project=self._project, **item).execute()

    def link(self, collection: str, name: str) -> str:
        """The partial link to a global resource."""
        return f"projects/{self._project}/global/{collection}/{name}"


@pytest.fixture
def balancer(compute: Any, project: str) -> LoadBalancer:
    """One backend service with two URL maps; the first is a proxy's."""
    made = LoadBalancer(compute, project)
    check = {"name": "check", "type": "HTTP", "httpHealthCheck": {"port": 80}}
    made.do("healthChecks", "insert", body=check)
    backend = {"name": "shop", "healthChecks": [made.link("healthChecks", "check")]}
    made.do("backendServices", "insert", body=backend)
    service = made.link("backendServices", "shop")
    for name in ("blue", "green"):
        made.do("urlMaps", "insert", body={"name": name, "defaultService": service})
    proxy = {"name": "proxy", "urlMap": made.link("urlMaps", "blue")}
    made.do("targetHttpProxies", "insert", body=proxy)
    return made


def test_a_proxy_turns_to_another_url_map(balancer: LoadBalancer) -> None:
    """From then on the other one cannot go, and the first one can."""
    green = {"urlMap": balancer.link("urlMaps", "green")}
    balancer.do("targetHttpProxies", "setUrlMap", targetHttpProxy="proxy", body=green)

    turned = balancer.get("targetHttpProxies", targetHttpProxy="proxy")["urlMap"]
    assert turned.endswith("/global/urlMaps/green")
    with pytest.raises(HttpError, match="already being used"):
        balancer.do("urlMaps", "delete", urlMap="green")
    balancer.do("urlMaps", "delete", urlMap="blue")


def test_what_a_setter_names_must_exist(balancer: LoadBalancer) -> None:
    """And nothing changes where it does not."""
    absent = {"urlMap": balancer.link("urlMaps", "absent")}
    with pytest.raises(HttpError, match="urlMaps/absent' was not found"):
        balancer.do("targetHttpProxies", "setUrlMap", targetHttpProxy="proxy", body=absent)

    proxy = balancer.get("targetHttpProxies", targetHttpProxy="proxy")
    assert proxy["urlMap"].endswith("/global/urlMaps/blue")


def test_a_forwarding_rule_turns_to_another_proxy(balancer: LoadBalancer) -> None:
    """`setTarget` holds its target as an insert does."""
    second = {"name": "second", "urlMap": balancer.link("urlMaps", "blue")}
    balancer.do("targetHttpProxies", "insert", body=second)
    target = balancer.link("targetHttpProxies", "proxy")
    rule = {"name": "web", "target": target, "portRange": "80"}
    balancer.do("globalForwardingRules", "insert", body=rule)
    turned = {"target": balancer.link("targetHttpProxies", "second")}
    balancer.do("globalForwardingRules", "setTarget", forwardingRule="web", body=turned)

    balancer.do("targetHttpProxies", "delete", targetHttpProxy="proxy")
    with pytest.raises(HttpError, match="already being used"):
        balancer.do("targetHttpProxies", "delete", targetHttpProxy="second")


def test_a_rule_that_balances_no_load_has_no_scheme(balancer: LoadBalancer) -> None:
    """One that leads to Google's APIs inside a network; the official provider replaces others."""
    rule = {"name": "apis", "target": "all-apis", "IPAddress": "10.3.0.5"}
    balancer.do("globalForwardingRules", "insert", body=rule)

    assert "loadBalancingScheme" not in balancer.get("globalForwardingRules", forwardingRule="apis")


def test_an_armor_policy_stands_before_a_backend_until_it_is_taken_away(
    balancer: LoadBalancer,
) -> None:
    """An empty body clears what is set."""
    balancer.do("securityPolicies", "insert", body={"name": "armor"})
    armor = {"securityPolicy": balancer.link("securityPolicies", "armor")}
    balancer.do("backendServices", "setSecurityPolicy", backendService="shop", body=armor)

    guarded = balancer.get("backendServices", backendService="shop")["securityPolicy"]
    assert guarded.endswith("/global/securityPolicies/armor")
    with pytest.raises(HttpError, match="already being used"):
        balancer.do("securityPolicies", "delete", securityPolicy="armor")
    balancer.do("backendServices", "setSecurityPolicy", backendService="shop", body={})
    balancer.do("securityPolicies", "delete", securityPolicy="armor")
    assert "securityPolicy" not in balancer.get("backendServices", backendService="shop")


def test_rules_of_an_armor_policy_come_change_and_go(balancer: LoadBalancer, compute: Any) -> None:
    """They stand in the order of their priorities, and the last one is there from the start."""
    balancer.do("securityPolicies", "insert", body={"name": "armor"})
    ranges = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["198.51.100.0/24"]}}
    rule = {"priority": 1000, "action": "deny(403)", "match": ranges}
    of = {"securityPolicy": "armor"}
    balancer.do("securityPolicies", "addRule", **of, body=rule)
    milder = {"action": "deny(404)"}
    balancer.do("securityPolicies", "patchRule", **of, priority=1000, body=milder)

    rules = balancer.get("securityPolicies", **of)["rules"]
    assert [(r["priority"], r["action"]) for r in rules] == [(1000, "deny(404)"), (LAST, "allow")]
    assert rules[0]["match"] == ranges
    with pytest.raises(HttpError, match="the same priorities"):
        balancer.do("securityPolicies", "addRule", **of, body=rule)
    with pytest.raises(HttpError, match="default rule"):
        balancer.do("securityPolicies", "removeRule", **of, priority=LAST)
    balancer.do("securityPolicies", "removeRule", **of, priority=1000)
    with pytest.raises(HttpError, match="does not contain a rule"):
        balancer.do("securityPolicies", "removeRule", **of, priority=1000)


def test_a_cache_is_told_to_forget(balancer: LoadBalancer) -> None:
    """The operation ends well, as there is nothing to forget."""
    balancer.do("urlMaps", "invalidateCache", urlMap="blue", body={"path": "/*"})

    assert balancer.get("urlMaps", urlMap="blue")["name"] == "blue"
