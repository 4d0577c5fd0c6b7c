"""MESH-04 to MESH-06: policies that fail closed, compare what proxies see, and name callers."""

import pytest

from meshwright_policies.mesh_authorization import named_callers, patterns_that_fail_closed
from meshwright_policies.mesh_normalization import normalised_values
from meshwright_policies.rule import Resource, Rule
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import (
    NETWORKING,
    SECURITY,
    open_,
    planned,
    thing,
    what,
    wrong,
)
from tests.policies.resources import not_known, places, violations

POLICY = f"{SECURITY}:AuthorizationPolicy"
CALLER = {"from": [{"source": {"principals": ["acme.svc.id.goog/ns/shop/sa/checkout"]}}]}


def policy(*rules: object, **spec: object) -> dict:
    return {"spec": {"action": "ALLOW", "rules": list(rules)} | spec}


def source(**fields: object) -> dict:
    return {"from": [{"source": fields}]}


def operation(**fields: object) -> dict:
    return {"to": [{"operation": fields}]}


WHEN = {"key": "request.auth.claims[group]"}
SOUND = policy(CALLER | operation(paths=["/charge", "/charge/*"], methods=["POST"]))


@pytest.mark.parametrize(
    "properties",
    [
        SOUND,
        policy(CALLER | {"when": [WHEN | {"values": ["admins"]}]}),
        policy(source(notRequestPrincipals=["*"]), action="DENY"),
        policy(operation(notPaths=["/healthz"]), action="DENY"),
        policy({}, action="DENY"),
        policy(operation(notPaths=["/x"]), action="CUSTOM"),
        {"spec": {}},
    ],
)
def test_a_policy_that_fails_closed_holds(properties: dict) -> None:
    assert places(patterns_that_fail_closed, POLICY, properties) == []


@pytest.mark.parametrize(
    ("properties", "where", "mend"),
    [
        (
            policy(source(notNamespaces=["legacy"])),
            "spec.rules[0].from[0].source.notNamespaces",
            "by namespaces",
        ),
        (
            policy(CALLER, CALLER | operation(notPaths=["/admin"])),
            "spec.rules[1].to[0].operation.notPaths",
            "by paths",
        ),
        (
            policy({"when": [WHEN | {"notValues": ["guests"]}]}),
            "spec.rules[0].when[0].notValues",
            "by values",
        ),
        (
            policy(operation(paths=["/admin"]), action="DENY"),
            "spec.rules[0].to[0].operation.paths",
            "by notPaths",
        ),
        (
            policy(source(ipBlocks=["192.0.2.0/24"]), action="DENY"),
            "spec.rules[0].from[0].source.ipBlocks",
            "by notIpBlocks",
        ),
    ],
)
def test_a_policy_that_fails_open_is_found_with_the_field_to_use(
    properties: dict, where: str, mend: str
) -> None:
    assert places(patterns_that_fail_closed, POLICY, properties) == [where]
    assert mend in what(patterns_that_fail_closed, Resource("u", POLICY, "n", properties))


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        ({"spec": UNKNOWN}, "spec"),
        (policy(CALLER, action=UNKNOWN), "spec.action"),
        (policy(operation(notPaths=UNKNOWN)), "spec.rules[0].to[0].operation.notPaths"),
    ],
)
def test_an_unknown_pattern_is_judged_later(properties: dict, where: str) -> None:
    assert places(patterns_that_fail_closed, POLICY, properties) == []
    assert not_known(patterns_that_fail_closed, POLICY, properties) == [where]


@pytest.mark.parametrize(
    "properties",
    [
        SOUND,
        policy(operation(hosts=["shop.example.com", "shop.example.com:*", "*"])),
        policy(operation(paths=["*/info", "/orders/{*}", "/a.b/..c"], notMethods=["GET"])),
        {"spec": {}},
    ],
)
def test_normalised_values_hold(properties: dict) -> None:
    assert places(normalised_values, POLICY, properties) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("paths", "/admin//users", "repeats a slash"),
        ("paths", "/admin/../users", "dot segment"),
        ("paths", "/admin/.", "dot segment"),
        ("notPaths", "/a\\b", "backslash"),
        ("paths", "/a%2fb", "percent-encoded"),
        ("paths", "/a?b=c", "query"),
        ("paths", "admin", "does not begin with a slash"),
        ("methods", "get", "upper case"),
        ("hosts", "Shop.example.com", "upper-case"),
    ],
)
def test_a_value_that_no_request_has_is_found(field: str, value: str, said: str) -> None:
    properties = policy(operation(**{field: ["/sound" if "aths" in field else "*", value]}))

    (found,) = violations(normalised_values, Resource("u", POLICY, "n", properties))

    assert found.where == f"spec.rules[0].to[0].operation.{field}[1]"
    assert said in found.what


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        ({"spec": UNKNOWN}, ["spec.rules"]),
        (policy(operation(paths=UNKNOWN)), ["spec.rules[0].to[0].operation.paths"]),
        (policy(operation(paths=["/a", UNKNOWN])), ["spec.rules[0].to[0].operation.paths[1]"]),
    ],
)
def test_an_unknown_value_is_judged_later(properties: dict, where: list[str]) -> None:
    assert places(normalised_values, POLICY, properties) == []
    assert not_known(normalised_values, POLICY, properties) == where


RELEASE = "kubernetes:helm.sh/v3:Release"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


def chart(values: object, name: object = "istiod") -> tuple[str, dict]:
    return RELEASE, {"chart": name, "values": values}


def config_map(mesh: object, name: str = "istio-canary") -> tuple[str, dict]:
    metadata = {"name": name, "namespace": "istio-system"}
    return CONFIG_MAP, {"metadata": metadata, "data": {"mesh": mesh}}


MERGED = {"meshConfig": {"pathNormalization": {"normalization": "MERGE_SLASHES"}}}


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        chart(MERGED),
        chart({}, "base"),
        chart(None, "prometheus"),
        config_map("pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}"),
        config_map("accessLogFile: ''", "other"),
        (CONFIG_MAP, {"metadata": {"name": "istio", "namespace": "shop"}, "data": {"mesh": "{}"}}),
        (CONFIG_MAP, {"metadata": {"name": "istio", "namespace": "istio-system"}, "data": {}}),
    ],
)
def test_a_mesh_that_normalises_paths_holds(type_: str, properties: dict) -> None:
    assert places(normalised_values, type_, properties) == []


VALUES = "values.meshConfig.pathNormalization.normalization"
DATA = "data.mesh.pathNormalization.normalization"


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (chart({}), VALUES),
        (chart({"meshConfig": {"pathNormalization": {"normalization": "NONE"}}}), VALUES),
        (chart({}, "charts/istio-control/istio-discovery"), VALUES),
        (chart({}, "https://example.com/istiod-1.31.1.tgz"), VALUES),
        (config_map("accessLogFile: /dev/stdout"), DATA),
        (config_map("{"), DATA),
    ],
)
def test_a_mesh_config_without_path_normalisation_is_found(
    resource: tuple[str, dict], where: str
) -> None:
    assert places(normalised_values, *resource) == [where]


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (chart({}, UNKNOWN), "chart"),
        (chart({"meshConfig": UNKNOWN}), VALUES),
        (config_map(UNKNOWN), DATA),
    ],
)
def test_an_unknown_mesh_config_is_judged_later(resource: tuple[str, dict], where: str) -> None:
    assert places(normalised_values, *resource) == []
    assert not_known(normalised_values, *resource) == [where]


@pytest.mark.parametrize(
    "rule", [patterns_that_fail_closed, normalised_values], ids=lambda rule: rule.id
)
@pytest.mark.parametrize(
    ("rules", "where"),
    [
        (UNKNOWN, "spec.rules"),
        ([{}, UNKNOWN], "spec.rules[1]"),
        ([{"from": UNKNOWN}], "spec.rules[0].from"),
        ([{"to": [UNKNOWN]}], "spec.rules[0].to[0]"),
        ([{"from": [{"source": UNKNOWN}]}], "spec.rules[0].from[0].source"),
        ([{"to": [{"operation": UNKNOWN}]}], "spec.rules[0].to[0].operation"),
        ([{"when": [UNKNOWN]}], "spec.rules[0].when[0]"),
    ],
)
def test_a_part_of_a_rule_that_is_not_known_is_said_once(
    rule: Rule, rules: object, where: str
) -> None:
    properties = {"spec": {"rules": rules}}

    assert places(rule, POLICY, properties) == []
    assert not_known(rule, POLICY, properties) == [where]


FILES = {"valueYamlFiles": [{"path": "values.yaml"}]}


def test_a_chart_whose_values_stand_in_files_is_judged_by_what_it_says_itself() -> None:
    kind, silent = chart({})
    none = chart({"meshConfig": {"pathNormalization": {"normalization": "NONE"}}})[1]

    assert places(normalised_values, kind, silent | FILES) == []
    assert not_known(normalised_values, kind, silent | FILES) == ["valueYamlFiles"]
    assert places(normalised_values, kind, none | FILES) == [VALUES]


def allow(*rules: object, **spec: object) -> Resource:
    return thing(POLICY, "rule", policy(*rules, **spec)["spec"])


FROM_SHOP = {"key": "source.principal", "values": ["acme.svc.id.goog/ns/shop/sa/checkout"]}
GATEWAY = thing(f"{NETWORKING}:Gateway", "front", {"selector": {"app": "front"}})
ANYONE = operation(hosts=["shop.example.com"])


@pytest.mark.parametrize(
    "policies",
    [
        [allow(CALLER)],
        [allow(source(namespaces=["shop"]))],
        [allow(source(serviceAccounts=["shop/checkout"]))],
        [allow(source(principals=["*/ns/shop/sa/checkout", "acme.svc.id.goog/ns/shop/*"]))],
        [allow(operation(paths=["/x"]) | {"when": [FROM_SHOP]})],
        [allow(source(ipBlocks=["10.0.0.0/8"]) | {"when": [WHEN | {"values": ["a"]}, FROM_SHOP]})],
        [allow()],
        [allow(operation(notPaths=["/healthz"]), action="DENY")],
        [GATEWAY, allow(ANYONE, selector={"matchLabels": {"app": "front", "tier": "edge"}})],
        [allow(ANYONE, selector={"matchLabels": {"istio": "ingressgateway"}})],
        [allow(ANYONE, selector={"matchLabels": {"gateway.networking.k8s.io/gateway-name": "x"}})],
        [allow(ANYONE, targetRefs=[{"kind": "Gateway", "name": "front"}])],
    ],
)
def test_named_callers_and_gateways_hold(policies: list[Resource]) -> None:
    assert wrong(named_callers, *policies) == []


FROM = "spec.rules[0].from"


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({}, FROM),
        (operation(paths=["/x"]), FROM),
        (source(ipBlocks=["10.0.0.0/8"]), f"{FROM}[0].source"),
        (source(requestPrincipals=["issuer/*"]), f"{FROM}[0].source"),
        (source(principals=["*"]), f"{FROM}[0].source.principals[0]"),
        (source(principals=["acme.svc.id.goog/*"]), f"{FROM}[0].source.principals[0]"),
        (source(principals=["acme.svc.id.goog/ns/shop*"]), f"{FROM}[0].source.principals[0]"),
        (source(principals=["*/sa/checkout"]), f"{FROM}[0].source.principals[0]"),
        (source(namespaces=["shop", "shop-*"]), f"{FROM}[0].source.namespaces[1]"),
        ({"when": [{"key": "source.namespace", "notValues": ["legacy"]}]}, FROM),
        ({"when": [FROM_SHOP | {"values": ["*"]}]}, "spec.rules[0].when[0].values[0]"),
    ],
)
def test_a_rule_that_names_nobody_is_found(rule: dict, where: str) -> None:
    assert wrong(named_callers, allow(rule)) == [("rule", where)]


def test_labels_of_a_gateway_in_another_cluster_excuse_nothing() -> None:
    west = thing(f"{NETWORKING}:Gateway", "w", {"selector": {"app": "front"}}, cluster="west")
    east = allow(ANYONE, selector={"matchLabels": {"app": "front"}})

    assert wrong(named_callers, west, east) == [("rule", FROM)]


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (planned(POLICY, "rule"), "spec.rules"),
        (allow(CALLER, action=UNKNOWN), "spec.rules"),
        (allow({"from": UNKNOWN}), FROM),
        (allow({"when": UNKNOWN}), "spec.rules[0].when"),
        (allow({"when": [FROM_SHOP | {"values": UNKNOWN}]}), "spec.rules[0].when"),
        (allow(source(principals=UNKNOWN)), f"{FROM}[0].source"),
        (allow(source(principals=[UNKNOWN])), f"{FROM}[0].source.principals[0]"),
    ],
)
def test_unknown_callers_are_judged_later(resource: Resource, where: str) -> None:
    assert wrong(named_callers, resource) == []
    assert open_(named_callers, resource) == [("rule", where)]


def test_what_is_known_beside_an_unknown_value_is_judged() -> None:
    rule = source(principals=[UNKNOWN, "*"])

    assert wrong(named_callers, allow(rule)) == [("rule", f"{FROM}[0].source.principals[1]")]
