"""MeshSecurity: STRICT mutual TLS, default deny, and who may call whom."""

import pytest

from meshwright import AllowRuleArgs, ArgumentError, MeshSecurity, MeshSecurityArgs
from tests.unit.recording import component_test, record


def _args(**more: object) -> MeshSecurityArgs:
    return more  # type: ignore[return-value]


@component_test
def test_the_mesh_is_strict_and_denies_by_default():
    """Two objects in the root namespace make it so."""
    recorder = record()

    security = MeshSecurity("security", _args(revision="asm-managed"))

    def check(root):
        assert root == "istio-system"
        mtls = recorder.one("PeerAuthentication").inputs
        assert mtls["apiVersion"] == "security.istio.io/v1"
        assert mtls["metadata"]["name"] == "default"
        assert mtls["metadata"]["namespace"] == "istio-system"
        assert mtls["spec"] == {"mtls": {"mode": "STRICT"}}
        deny = recorder.one("AuthorizationPolicy").inputs
        assert deny["metadata"]["namespace"] == "istio-system"
        assert deny["spec"] == {}

    return security.root_namespace, check


@component_test
def test_a_rule_names_callers_calls_and_workloads():
    """Callers are OR-ed, the limits of a call AND-ed."""
    recorder = record()
    rule: AllowRuleArgs = {
        "name": "gateway-to-checkout",
        "namespace": "shop",
        "workload": {"app": "checkout"},
        "service_accounts": ["shop-ingress/public"],
        "namespaces": ["batch"],
        "methods": ["GET", "POST"],
        "paths": ["/checkout/*"],
        "ports": [8080],
    }

    security = MeshSecurity("security", _args(allow=[rule], trust_domain="p1.svc.id.goog"))

    def check(_):
        policy = recorder.one("AuthorizationPolicy", "security-allow-gateway-to-checkout").inputs
        assert policy["metadata"] == {"name": "gateway-to-checkout", "namespace": "shop"}
        principal = "p1.svc.id.goog/ns/shop-ingress/sa/public"
        assert policy["spec"] == {
            "action": "ALLOW",
            "selector": {"matchLabels": {"app": "checkout"}},
            "rules": [
                {
                    "from": [
                        {"source": {"principals": [principal]}},
                        {"source": {"namespaces": ["batch"]}},
                    ],
                    "to": [
                        {
                            "operation": {
                                "methods": ["GET", "POST"],
                                "paths": ["/checkout/*"],
                                "ports": ["8080"],
                            }
                        }
                    ],
                }
            ],
        }

    return security.root_namespace, check


@component_test
def test_a_rule_without_limits_allows_every_call_of_its_callers():
    """`to` is left out: an empty one would match nothing."""
    recorder = record()
    rule: AllowRuleArgs = {"name": "a", "namespace": "shop", "service_accounts": ["x/y"]}

    security = MeshSecurity("security", _args(allow=[rule], default_deny=False))

    def check(_):
        spec = recorder.one("AuthorizationPolicy").inputs["spec"]
        source = {"source": {"principals": ["cluster.local/ns/x/sa/y"]}}
        assert spec == {"action": "ALLOW", "rules": [{"from": [source]}]}

    return security.root_namespace, check


@pytest.mark.parametrize(
    ("rule", "path", "says"),
    [
        ({}, "allow[0]", "names no caller"),
        ({"service_accounts": ["x"]}, "allow[0].service_accounts[0]", "namespace/service-account"),
        ({"service_accounts": ["*/y"]}, "allow[0].service_accounts[0]", "'*/y'"),
        ({"namespaces": ["x"], "methods": []}, "allow[0].methods", "is empty"),
    ],
)
def test_open_rules_are_refused(rule, path, says):
    """A rule that names nobody would allow everybody."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshSecurity("security", _args(allow=[{"name": "a", "namespace": "shop", **rule}]))

    assert says in dict(raised.value.problems)[path]


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"mtls_mode": "DISABLE"}, "mtls_mode", "STRICT, PERMISSIVE"),
        (
            {"allow": [{"name": "a", "namespace": "n", "namespaces": ["x"]}] * 2},
            "allow",
            "'a'",
        ),
    ],
)
def test_wrong_modes_and_names_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshSecurity("security", _args(**change))

    assert says in dict(raised.value.problems)[path]
