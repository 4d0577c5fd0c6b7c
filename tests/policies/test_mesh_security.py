"""MESH-01 to 03 and 09: clusters in the mesh are encrypted and closed, and tokens stay apart."""

import dataclasses

import pytest

from meshwright_policies.mesh_authorization import patterns_that_fail_closed
from meshwright_policies.mesh_destinations import destination_tls
from meshwright_policies.mesh_normalization import normalised_values
from meshwright_policies.mesh_security import (
    default_deny,
    no_weaker_mtls,
    own_output_headers,
    strict_mtls,
)
from meshwright_policies.rule import Resource, Rule, Settings, Unjudged
from meshwright_policies.values import UNKNOWN
from tests.policies.resources import findings, not_known, places, violations


def thing(
    kind: str, spec: object, *, cluster: str = "east", namespace: object = "istio-system"
) -> Resource:
    properties = {"metadata": {"name": "default", "namespace": namespace}, "spec": spec}
    return Resource(f"urn:{cluster}:{kind}", f"kubernetes:{kind}", kind, properties, cluster)


def strict(mode: object = "STRICT", **where: object) -> Resource:
    return thing("security.istio.io/v1:PeerAuthentication", {"mtls": {"mode": mode}}, **where)


def policy(spec: object, **where: object) -> Resource:
    return thing("security.istio.io/v1:AuthorizationPolicy", spec, **where)


def route(**where: object) -> Resource:
    return thing("networking.istio.io/v1:VirtualService", {}, **where)


def injected(labels: dict[str, str]) -> Resource:
    properties = {"metadata": {"name": "shop", "labels": labels}}
    return Resource("urn:ns", "kubernetes:core/v1:Namespace", "shop", properties, "east")


def urns(rule: Rule, *resources: Resource, settings: Settings | None = None) -> list[str]:
    return [violation.urn for violation in violations(rule, *resources, settings=settings)]


WHOLE = [strict(), policy({}), route()]


@pytest.mark.parametrize("rule", [strict_mtls, default_deny], ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    "resources",
    [
        WHOLE,
        [],
        [injected({"team": "shop"})],
        [Resource("urn:c", "gcp:container/cluster:Cluster", "c", {})],
        [strict(namespace=UNKNOWN), policy(UNKNOWN), route()],
        [strict(mode=UNKNOWN), policy({"action": "ALLOW", "rules": UNKNOWN}), route()],
    ],
    ids=["whole", "empty", "no mesh", "no objects", "unknown namespace", "unknown spec"],
)
def test_a_closed_mesh_holds(rule: Rule, resources: list[Resource]) -> None:
    assert urns(rule, *resources) == []


EVERY_WORKLOAD = ({}, {"matchLabels": {}}, {"matchLabels": None})


@pytest.mark.parametrize("selector", EVERY_WORKLOAD)
def test_a_selector_without_labels_is_mesh_wide(selector: dict) -> None:
    spec = {"mtls": {"mode": "STRICT"}, "selector": selector}
    whole = [thing("security.istio.io/v1:PeerAuthentication", spec), route()]

    assert urns(strict_mtls, *whole) == []
    assert urns(default_deny, policy({"selector": selector}), route()) == []


@pytest.mark.parametrize("spec", [{"selector": UNKNOWN}, {"targetRefs": UNKNOWN}])
def test_an_unknown_selector_is_judged_later(spec: dict) -> None:
    closed = policy(spec)
    found = findings(default_deny, closed, route())

    assert found == [Unjudged("spec", closed.urn)]
    of_all = thing("security.istio.io/v1:PeerAuthentication", {"mtls": {"mode": "STRICT"}} | spec)
    assert findings(strict_mtls, of_all, route()) == [Unjudged("spec.mtls.mode", of_all.urn)]


@pytest.mark.parametrize(
    "weak",
    [
        [],
        [strict(namespace="shop")],
        [thing("security.istio.io/v1:PeerAuthentication", {
            "mtls": {"mode": "STRICT"}, "selector": {"matchLabels": {"app": "a"}},
        })],
    ],
    ids=["none", "other namespace", "one workload"],
)  # fmt: skip
def test_a_mesh_without_mesh_wide_strict_mtls_is_found(weak: list[Resource]) -> None:
    assert urns(strict_mtls, *weak, policy({}), route())


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DISABLE", "UNSET", None])
def test_a_weaker_mesh_wide_mode_is_found_even_beside_a_strict_one(mode: object) -> None:
    weak = strict(mode)

    assert urns(strict_mtls, strict(), weak, route()) == [weak.urn]


@pytest.mark.parametrize(
    "open_",
    [
        [],
        [policy({}, namespace="shop")],
        [policy({"selector": {"matchLabels": {"app": "a"}}})],
        [policy({"rules": [{}]})],
        [policy({"action": "DENY"})],
    ],
    ids=["none", "other namespace", "one workload", "allows all", "denies nothing"],
)
def test_a_mesh_that_is_open_by_default_is_found(open_: list[Resource]) -> None:
    assert urns(default_deny, strict(), *open_, route())


def test_a_patch_that_injects_makes_its_cluster_a_mesh_too() -> None:
    patch = injected({"istio-injection": "enabled"})
    patch = dataclasses.replace(patch, type="kubernetes:core/v1:NamespacePatch")

    assert urns(strict_mtls, patch) == ["urn:ns"]


@pytest.mark.parametrize(
    "labels", [{"istio-injection": "enabled"}, {"istio.io/rev": "asm-managed"}]
)
def test_an_injected_namespace_alone_makes_its_cluster_a_mesh(labels: dict[str, str]) -> None:
    assert urns(strict_mtls, injected(labels)) == ["urn:ns"]


def test_each_cluster_answers_for_itself() -> None:
    other = route(cluster="west")

    assert urns(default_deny, *WHOLE, other) == [other.urn]


def test_the_root_namespace_can_be_named() -> None:
    settings = Settings(root_namespace="mesh-root")

    assert urns(strict_mtls, *WHOLE, settings=settings)
    assert not urns(strict_mtls, strict(namespace="mesh-root"), route(), settings=settings)


PLANNED = Resource("urn:x", "kubernetes:security.istio.io/v1:PeerAuthentication", "x", UNKNOWN, "a")
PLANNED_POLICY = Resource(
    "urn:x", "kubernetes:security.istio.io/v1:AuthorizationPolicy", "x", UNKNOWN, "a"
)


@pytest.mark.parametrize(
    ("rule", "resource"),
    [
        (strict_mtls, PLANNED),
        (strict_mtls, strict(UNKNOWN)),
        (strict_mtls, strict(namespace=UNKNOWN)),
        (default_deny, PLANNED_POLICY),
        (default_deny, policy({"rules": UNKNOWN})),
        (default_deny, policy({}, namespace=UNKNOWN)),
    ],
)
def test_what_a_preview_does_not_know_of_the_mesh_is_judged_later(
    rule: Rule, resource: Resource
) -> None:
    (found,) = findings(rule, resource, route(cluster=resource.cluster))

    assert isinstance(found, Unjudged)
    assert found.urn == resource.urn


def test_one_known_default_deny_is_enough() -> None:
    assert findings(default_deny, policy({}), policy({"rules": UNKNOWN}), route()) == []


PEER = "kubernetes:security.istio.io/v1beta1:PeerAuthentication"
SELECTED = {"selector": {"matchLabels": {"app": "orders"}}}


def peer(spec: object, namespace: object = "shop") -> dict:
    return {"metadata": {"namespace": namespace}, "spec": spec}


@pytest.mark.parametrize(
    "properties",
    [
        peer({"mtls": {"mode": "STRICT"}}),
        peer({"mtls": {"mode": "UNSET"}}),
        peer({}),
        peer(SELECTED | {"portLevelMtls": {"8080": {"mode": "STRICT"}}}),
        peer({"mtls": {"mode": "PERMISSIVE"}}, "istio-system"),
    ],
    ids=["strict", "unset", "empty", "port", "mesh-wide is MESH-01's"],
)
def test_policies_that_weaken_nothing_hold(properties: dict) -> None:
    assert places(no_weaker_mtls, PEER, properties) == []


PORT = 'spec.portLevelMtls["8080"].mode'


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        (peer({"mtls": {"mode": "PERMISSIVE"}}), ["spec.mtls.mode"]),
        (peer(SELECTED | {"mtls": {"mode": "DISABLE"}}, "istio-system"), ["spec.mtls.mode"]),
        (peer({"portLevelMtls": {"8080": {"mode": "PERMISSIVE"}}}), [PORT]),
        (
            peer({"mtls": {"mode": "DISABLE"}, "portLevelMtls": {"8080": {"mode": "DISABLE"}}}),
            ["spec.mtls.mode", PORT],
        ),
    ],
)
def test_a_weaker_namespace_workload_or_port_is_found(properties: dict, where: list[str]) -> None:
    assert places(no_weaker_mtls, PEER, properties) == where


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        (peer(UNKNOWN), "spec"),
        (peer({"mtls": {"mode": UNKNOWN}}), "spec.mtls.mode"),
        (peer({"portLevelMtls": UNKNOWN}), "spec.portLevelMtls"),
        (peer({"portLevelMtls": {"8080": {"mode": UNKNOWN}}}), PORT),
    ],
)
def test_an_unknown_mode_is_judged_later(properties: dict, where: str) -> None:
    assert places(no_weaker_mtls, PEER, properties) == []
    assert not_known(no_weaker_mtls, PEER, properties) == [where]


REQUEST = "kubernetes:security.istio.io/v1:RequestAuthentication"
HEADER = "spec.jwtRules[0].outputPayloadToHeader"
CLAIM = "spec.jwtRules[0].outputClaimToHeaders[0].header"


def tokens(**rule: object) -> dict:
    return {"spec": {"jwtRules": [{"issuer": "https://accounts.example.com"} | rule]}}


@pytest.mark.parametrize(
    "properties",
    [
        tokens(),
        tokens(outputPayloadToHeader="x-jwt-payload"),
        tokens(outputClaimToHeaders=[{"header": "x-group", "claim": "group"}]),
        {"spec": {}},
    ],
)
def test_headers_of_their_own_hold(properties: dict) -> None:
    assert places(own_output_headers, REQUEST, properties) == []


@pytest.mark.parametrize(
    "header", ["Authorization", "cookie", "X-Forwarded-For", ":authority", "host", "x-b3-traceid"]
)
def test_a_header_that_others_trust_is_found(header: str) -> None:
    claim = tokens(outputClaimToHeaders=[{"header": header, "claim": "sub"}])

    assert places(own_output_headers, REQUEST, tokens(outputPayloadToHeader=header)) == [HEADER]
    assert places(own_output_headers, REQUEST, claim) == [CLAIM]


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        ({"spec": UNKNOWN}, "spec.jwtRules"),
        (tokens(outputPayloadToHeader=UNKNOWN), HEADER),
        (tokens(outputClaimToHeaders=[{"header": UNKNOWN}]), CLAIM),
    ],
)
def test_an_unknown_header_is_judged_later(properties: dict, where: str) -> None:
    assert places(own_output_headers, REQUEST, properties) == []
    assert not_known(own_output_headers, REQUEST, properties) == [where]


@pytest.mark.parametrize(
    ("rule", "type_", "spec", "where"),
    [
        (no_weaker_mtls, PEER, {"mtls": {"mode": "PERMISSIVE"}}, "spec.mtls.mode"),
        (
            own_output_headers,
            REQUEST,
            {"jwtRules": [{"outputPayloadToHeader": "Cookie"}]},
            HEADER,
        ),
        (
            patterns_that_fail_closed,
            "kubernetes:security.istio.io/v1:AuthorizationPolicy",
            {"rules": [{"to": [{"operation": {"notPaths": ["/a"]}}]}]},
            "spec.rules[0].to[0].operation.notPaths",
        ),
        (
            normalised_values,
            "kubernetes:security.istio.io/v1:AuthorizationPolicy",
            {"rules": [{"to": [{"operation": {"paths": ["a"]}}]}]},
            "spec.rules[0].to[0].operation.paths[0]",
        ),
        (
            destination_tls,
            "kubernetes:networking.istio.io/v1:DestinationRule",
            {"trafficPolicy": {"tls": {"mode": "DISABLE"}}},
            "spec.trafficPolicy.tls.mode",
        ),
    ],
)
def test_a_patch_is_judged_by_what_it_says(rule: Rule, type_: str, spec: dict, where: str) -> None:
    """Also one of the mesh-wide policy, which MESH-01 does not look into."""
    properties = {"metadata": {"namespace": "istio-system"}, "spec": spec}

    assert places(rule, f"{type_}Patch", properties) == [where]
    assert places(rule, f"{type_}Patch", {"spec": {}}) == []
