"""Lists of Kubernetes objects: every rule meets the objects in them, and tells their places."""

from typing import Any

import pytest
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_OBJECT_VALUE

from tests.policies.analyzer import Pack, struct, urn

QUIET = {"meshwright": "disabled", "not-known-yet": "disabled"}
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
ADMIN = {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": []}
VIEW = {"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": []}


def said(diagnostics: list[Any]) -> dict[str, list[str]]:
    """Which places each rule names."""
    found: dict[str, list[str]] = {}
    for one in diagnostics:
        place = one.message.splitlines()[1].partition(": ")[0]
        found.setdefault(one.policyName, []).append(place)
    return found


def stacked(kind: str, name: str, properties: dict) -> proto.AnalyzerResource:
    return proto.AnalyzerResource(
        type=kind, name=name, urn=urn(kind, name), properties=struct(properties)
    )


@pytest.mark.parametrize(
    ("kind", "items", "rule", "places"),
    [
        (f"{RBAC}:ClusterRoleBindingList", [VIEW, ADMIN], "K8S-05", ["items[1].roleRef.name"]),
        (
            f"{RBAC}:RoleList",
            [{"rules": [{"verbs": ["*"]}]}],
            "K8S-05",
            ["items[0].rules[0].verbs[0]"],
        ),
        (
            "kubernetes:core/v1:NamespaceList",
            [{"metadata": {"name": "shop"}}],
            "K8S-01",
            ["items[0].metadata.labels['pod-security.kubernetes.io/enforce']"],
        ),
        (
            "kubernetes:core/v1:SecretList",
            [{"stringData": {"user": "shop"}}],
            "SEC-01",
            ["items[0].stringData.user"],
        ),
        (
            "kubernetes:core/v1:PodList",
            [{"metadata": {"namespace": "shop"}, "spec": {"hostPID": True}}],
            "K8S-02",
            ["items[0].spec.hostPID"],
        ),
        (
            "kubernetes:security.istio.io/v1beta1:PeerAuthenticationList",
            [{"metadata": {"namespace": "shop"}, "spec": {"mtls": {"mode": "PERMISSIVE"}}}],
            "MESH-02",
            ["items[0].spec.mtls.mode"],
        ),
    ],
)
def test_each_object_of_a_list_is_judged_once_and_at_its_place(
    kind: str, items: list, rule: str, places: list[str]
) -> None:
    found = Pack(QUIET).analyze(kind, "several", {"items": items})

    assert said(found)[rule] == places
    assert {one.urn for one in found} == {urn(kind, "several")}


def test_a_rule_over_a_stack_sees_the_objects_of_lists() -> None:
    namespaces = [{"metadata": {"name": name}} for name in ("shop", "tools")]
    policies = [{"metadata": {"name": "closed", "namespace": "shop"}, "spec": {"podSelector": {}}}]
    kind = "kubernetes:core/v1:NamespaceList"

    (found,) = Pack(QUIET).finish(
        stacked(kind, "all", {"items": namespaces}),
        stacked("kubernetes:networking.k8s.io/v1:NetworkPolicyList", "all", {"items": policies}),
    )

    assert (found.policyName, found.urn) == ("K8S-04", urn(kind, "all"))
    assert "items[1].metadata.name: 'tools' has no NetworkPolicy" in found.message


def test_what_is_missing_in_a_cluster_keeps_its_words() -> None:
    routes = {"items": [{"metadata": {"name": "a", "namespace": "shop"}, "spec": {}}]}
    kind = "kubernetes:networking.istio.io/v1:SidecarList"

    found = said(Pack(QUIET).finish(stacked(kind, "all", routes)))

    assert found == {name: ["cluster (default provider)"] for name in ("MESH-01", "MESH-03")}


def test_an_exemption_of_a_list_is_for_its_objects() -> None:
    kind = f"{RBAC}:ClusterRoleBindingList"
    accepted = {"urn": urn(kind, "several"), "reason": "r", "expires": "2999-01-01"}
    tried = Pack(QUIET | {"K8S-05": {"exemptions": [accepted]}})

    assert tried.analyze(kind, "several", {"items": [ADMIN]}) == []


@pytest.mark.parametrize(
    ("properties", "first"),
    [
        ({"items": UNKNOWN_ARRAY_VALUE}, "items of several"),
        ({"items": [VIEW, UNKNOWN_OBJECT_VALUE]}, "items[1] of several"),
    ],
)
def test_what_is_not_known_of_a_list_is_judged_later(properties: dict, first: str) -> None:
    tried = Pack()

    assert tried.analyze(f"{RBAC}:ClusterRoleBindingList", "several", properties) == []
    assert any(first in one.message for one in tried.finish() if "K8S-05" in one.message)


def test_a_kind_that_is_no_list_of_objects_is_left_whole() -> None:
    kind = "kubernetes:example.com/v1:AllowList"
    found = Pack(QUIET).analyze(kind, "ips", {"spec": {"password": "hunter2"}})

    assert said(found) == {"SEC-01": ["spec.password"]}
