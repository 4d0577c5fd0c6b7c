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


_ISSUER = {
    "issuer": "https://accounts.example.com",
    "jwks_uri": "https://accounts.example.com/keys",
    "audiences": ["shop"],
}
_JWT = {"name": "users", "namespace": "shop", "issuers": [_ISSUER]}
_PLAIN = {"name": "legacy", "namespace": "shop", "workload": {"app": "cart"}, "ports": [8080]}


@component_test
def test_a_jwt_rule_refuses_wrong_tokens_and_missing_ones():
    """Istio checks a token that is there; the second object asks for one."""
    recorder = record()
    rule = {**_JWT, "workload": {"app": "cart"}, "exempt_paths": ["/healthz"]}

    security = MeshSecurity("security", _args(jwt=[rule], default_deny=False))

    def check(_):
        selector = {"matchLabels": {"app": "cart"}}
        authentication = recorder.one("RequestAuthentication").inputs
        assert authentication["metadata"] == {"name": "users", "namespace": "shop"}
        assert authentication["spec"] == {
            "selector": selector,
            "jwtRules": [
                {
                    "issuer": "https://accounts.example.com",
                    "jwksUri": "https://accounts.example.com/keys",
                    "audiences": ["shop"],
                    "forwardOriginalToken": True,
                }
            ],
        }
        policy = recorder.one("AuthorizationPolicy").inputs["spec"]
        assert (policy["selector"], policy["action"]) == (selector, "DENY")
        (denied,) = policy["rules"]
        assert denied["from"] == [{"source": {"notRequestPrincipals": ["*"]}}]
        assert denied["to"] == [{"operation": {"notPaths": ["/healthz"]}}]

    return security.root_namespace, check


@component_test
def test_a_plaintext_exception_opens_its_ports_alone():
    """Every other port of the workload stays STRICT, and the callers' range can be named."""
    recorder = record()

    security = MeshSecurity(
        "security",
        _args(plaintext=[{**_PLAIN, "from_cidrs": ["10.9.0.0/24"]}], default_deny=False),
    )

    def check(_):
        spec = recorder.one("PeerAuthentication", "security-plaintext-legacy-mtls").inputs["spec"]
        assert spec == {
            "selector": {"matchLabels": {"app": "cart"}},
            "mtls": {"mode": "STRICT"},
            "portLevelMtls": {"8080": {"mode": "PERMISSIVE"}},
        }
        (rule,) = recorder.one("AuthorizationPolicy").inputs["spec"]["rules"]
        assert rule["to"] == [{"operation": {"ports": ["8080"]}}]
        assert rule["from"] == [{"source": {"ipBlocks": ["10.9.0.0/24"]}}]

    return security.root_namespace, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"jwt": [{**_JWT, "issuers": []}]}, "jwt[0].issuers", "every call would be denied"),
        ({"jwt": [_JWT, _JWT]}, "jwt", "'users'"),
        (
            {"jwt": [{**_JWT, "issuers": [{**_ISSUER, "audiences": []}]}]},
            "jwt[0].issuers[0].audiences",
            "another audience",
        ),
        (
            {"jwt": [{**_JWT, "issuers": [{**_ISSUER, "jwks_uri": "http://x/keys"}]}]},
            "jwt[0].issuers[0].jwks_uri",
            "https://",
        ),
        (
            {"jwt": [{**_JWT, "exempt_paths": ["/a*b"]}]},
            "jwt[0].exempt_paths[0]",
            "matches no call",
        ),
        ({"jwt": [{**_JWT, "name": "Users"}]}, "jwt[0].name", "lower-case"),
        ({"plaintext": [{**_PLAIN, "ports": []}]}, "plaintext[0].ports", "is empty"),
        ({"plaintext": [{**_PLAIN, "ports": [0]}]}, "plaintext[0].ports[0]", "1 to 65535"),
        ({"plaintext": [{**_PLAIN, "from_cidrs": []}]}, "plaintext[0].from_cidrs", "is empty"),
        ({"plaintext": [{**_PLAIN, "workload": {}}]}, "plaintext[0].workload", "named workloads"),
        (
            {"plaintext": [{**_PLAIN, "from_cidrs": ["10.0.0.1/8"]}]},
            "plaintext[0].from_cidrs[0]",
            "host bits",
        ),
    ],
)
def test_open_exceptions_and_tokens_of_anyone_are_refused(change, path, says):
    """What would open more than it says, or close everything, is an error."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshSecurity("security", _args(**change))

    assert says in dict(raised.value.problems)[path]


_RULE = {"name": "front", "namespace": "shop", "service_accounts": ["web/front"]}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"methods": ["get"]}, "allow[0].methods[0]"),
        ({"methods": ["GET", "PUT POST"]}, "allow[0].methods[1]"),
        ({"paths": ["/a/*/b"]}, "allow[0].paths[0]"),
        ({"paths": ["*a*"]}, "allow[0].paths[0]"),
        ({"paths": ["charge"]}, "allow[0].paths[0]"),
        ({"ports": [70000]}, "allow[0].ports[0]"),
        ({"namespaces": ["Shop"]}, "allow[0].namespaces[0]"),
        ({"service_accounts": ["web/Front"]}, "allow[0].service_accounts[0]"),
        ({"name": "From front"}, "allow[0].name"),
        ({"name": "deny-all"}, "allow[0].name"),
    ],
)
def test_permissions_that_no_call_could_use_are_refused(change, path):
    """Istio takes most of them, and then denies what they were to allow."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshSecurity("security", _args(allow=[{**_RULE, **change}]))

    assert path in dict(raised.value.problems)


@component_test
def test_every_form_of_a_permission_that_istio_has_is_taken():
    """The checks refuse nothing that works."""
    recorder = record()
    paths = ["/charge", "/charge/*", "*/info", "*", "/{*}/a/{**}"]
    rule = {
        **_RULE,
        "name": "front.2",
        "methods": ["GET", "*"],
        "paths": paths,
        "namespaces": ["web", "*"],
        "ports": [1, 65535],
    }

    security = MeshSecurity("security", _args(allow=[rule], default_deny=False))

    def check(_):
        (allowed,) = recorder.one("AuthorizationPolicy").inputs["spec"]["rules"]
        assert allowed["to"][0]["operation"]["paths"] == paths

    return security.root_namespace, check


@pytest.mark.parametrize(
    "others",
    [
        {"jwt": [{**_JWT, "name": "front"}], "allow": [{**_RULE, "name": "front-required"}]},
        {
            "plaintext": [{**_PLAIN, "name": "front"}],
            "allow": [{**_RULE, "name": "front-plaintext"}],
        },
    ],
)
def test_two_rules_are_never_one_policy(others):
    """The later one would overwrite the earlier, in silence."""
    record()

    with pytest.raises(ArgumentError, match="two rules make an AuthorizationPolicy"):
        MeshSecurity("security", _args(**others))
