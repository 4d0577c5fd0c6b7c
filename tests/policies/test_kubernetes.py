"""K8S-01, K8S-04 and K8S-05: namespaces, their network policies, and who may do what."""

import pytest

from meshwright_policies.kubernetes_access import least_privilege
from meshwright_policies.kubernetes_namespaces import (
    ENFORCE,
    NAMESPACE,
    namespace_network_policies,
    pod_security,
)
from meshwright_policies.rule import Resource, Settings
from meshwright_policies.values import UNKNOWN
from tests.policies.resources import changed, findings, made, not_known, places, violations, where

LABEL = f"metadata.labels[{ENFORCE!r}]"


def namespace(level: object, name: str = "shop") -> dict:
    return {"metadata": {"name": name, "labels": {ENFORCE: level}}}


@pytest.mark.parametrize("level", ["restricted", "baseline"])
def test_a_namespace_that_refuses_unsafe_pods_holds(level: str) -> None:
    assert places(pod_security, NAMESPACE, namespace(level)) == []


@pytest.mark.parametrize("level", ["privileged", None, "Restricted"])
def test_a_namespace_that_lets_everything_in_is_found(level: str | None) -> None:
    (found,) = violations(pod_security, made(NAMESPACE, namespace(level)))

    assert found.where == LABEL
    assert found.what == ("is not set" if level is None else f"is {level!r}")
    assert "restricted" in found.mend


@pytest.mark.parametrize(
    "properties",
    [
        namespace(UNKNOWN),
        {"metadata": {"name": "shop", "labels": UNKNOWN}},
        {"metadata": UNKNOWN},
    ],
)
def test_a_namespace_whose_label_is_not_known_is_said(properties: dict) -> None:
    assert not_known(pod_security, NAMESPACE, properties) == [LABEL]
    assert places(pod_security, NAMESPACE, properties) == []


def test_a_patch_of_a_namespace_may_leave_the_label_alone_but_not_weaken_it() -> None:
    patch = f"{NAMESPACE}Patch"

    assert places(pod_security, patch, {"metadata": {"name": "shop"}}) == []
    assert places(pod_security, patch, namespace("privileged")) == [LABEL]


@pytest.mark.parametrize("name", ["kube-system", "gke-managed-system", "gmp-public"])
def test_the_namespaces_of_kubernetes_and_google_are_left_to_them(name: str) -> None:
    assert places(pod_security, NAMESPACE, namespace(None, name)) == []


NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def in_cluster(type_: str, metadata: object, cluster: str = "east") -> Resource:
    return made(type_, {"metadata": metadata}, name=type_.rpartition(":")[2], cluster=cluster)


SHOP = in_cluster(NAMESPACE, {"name": "shop"})


def release(home: object, names: object) -> Resource:
    properties = {"chart": "shop", "namespace": home, "resourceNames": names}
    return made("kubernetes:helm.sh/v3:Release", properties, name="chart", cluster="east")


def policies(*names: object, kind: str = "NetworkPolicy.networking.k8s.io") -> dict:
    """The names of a Release's objects, as Pulumi's provider groups them."""
    return {f"{kind}/networking.k8s.io/v1": list(names), "Service/v1": ["web"]}


@pytest.mark.parametrize(
    "others",
    [
        [release("shop", policies("deny"))],
        [release("tools", policies("shop/deny"))],
        [release("shop", policies("deny", kind="CiliumNetworkPolicy.cilium.io"))],
        [in_cluster(NETWORK_POLICY, {"namespace": "shop"})],
        [in_cluster("kubernetes:cilium.io/v2:CiliumNetworkPolicy", {"namespace": "shop"})],
        [in_cluster("kubernetes:cilium.io/v2:CiliumClusterwideNetworkPolicy", {})],
    ],
)
def test_a_namespace_with_a_network_policy_holds(others: list[Resource]) -> None:
    assert findings(namespace_network_policies, SHOP, *others) == []


@pytest.mark.parametrize(
    "others",
    [
        [],
        [in_cluster(NETWORK_POLICY, {"namespace": "payments"})],
        [in_cluster(NETWORK_POLICY, {})],
        [in_cluster(NETWORK_POLICY, {"namespace": "shop"}, cluster="west")],
        [release("tools", policies("deny"))],
        [release("shop", {"Service/v1": ["shop/web"]})],
        [release("tools", UNKNOWN)],
    ],
    ids=[
        "none", "other namespace", "default namespace", "other cluster",
        "other Release", "no policy in the Release", "other Release that is not known",
    ],
)  # fmt: skip
def test_a_namespace_without_one_is_found(others: list[Resource]) -> None:
    (found,) = violations(namespace_network_policies, SHOP, *others)

    assert (found.urn, found.where) == (SHOP.urn, "metadata.name")
    assert "'shop' has no NetworkPolicy" in found.what


def test_the_root_namespace_of_the_mesh_needs_none_whatever_it_is_called() -> None:
    root = in_cluster(NAMESPACE, {"name": "istio-system"})
    moved = Settings(root_namespace="mesh")

    assert findings(namespace_network_policies, root) == []
    assert findings(namespace_network_policies, root, settings=moved) != []


@pytest.mark.parametrize(
    "resources",
    [
        [SHOP, in_cluster(NETWORK_POLICY, {"namespace": UNKNOWN})],
        [SHOP, made(NETWORK_POLICY, UNKNOWN, cluster="east")],
        [in_cluster(NAMESPACE, {"name": UNKNOWN})],
        [made(NAMESPACE, UNKNOWN, cluster="east")],
        [SHOP, release("shop", UNKNOWN)],
        [SHOP, release(UNKNOWN, policies("deny"))],
    ],
)
def test_namespaces_that_cannot_be_told_apart_yet_are_said(resources: list[Resource]) -> None:
    assert violations(namespace_network_policies, *resources) == []
    assert where(findings(namespace_network_policies, *resources)) == ["metadata.name"]


ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
READER = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
BOUND = {
    "roleRef": {"kind": "ClusterRole", "name": "pod-reader"},
    "subjects": [{"kind": "Group", "name": "sre@example.com"}],
}


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        (ROLE, {"rules": [READER]}),
        (ROLE, {"aggregationRule": {"clusterRoleSelectors": []}}),
        (ROLE, {"rules": [READER | {"verbs": ["impersonate"], "resourceNames": ["ci"]}]}),
        (ROLE, {"rules": [READER | {"verbs": ["bind"], "resourceNames": ["pod-reader"]}]}),
        (BINDING, BOUND),
        (BINDING.replace("Cluster", ""), BOUND),
    ],
)
def test_roles_as_wide_as_their_work_hold(type_: str, properties: dict) -> None:
    assert findings(least_privilege, made(type_, properties)) == []


@pytest.mark.parametrize(
    ("type_", "properties", "place", "what"),
    [
        (ROLE, {"rules": [READER, READER | {"verbs": ["*"]}]}, "rules[1].verbs[0]", "'*'"),
        (ROLE, {"rules": [READER | {"resources": ["*"]}]}, "rules[0].resources[0]", "'*'"),
        (ROLE, {"rules": [READER | {"resources": ["*/*"]}]}, "rules[0].resources[0]", "'*/*'"),
        (
            ROLE,
            {"rules": [{"nonResourceURLs": ["/*"], "verbs": ["get"]}]},
            "rules[0].nonResourceURLs[0]",
            "'/*'",
        ),
        (ROLE, {"rules": [READER | {"apiGroups": ["", "*"]}]}, "rules[0].apiGroups[1]", "'*'"),
        (
            ROLE,
            {"rules": [{"nonResourceURLs": ["*"], "verbs": ["get"]}]},
            "rules[0].nonResourceURLs[0]",
            "'*'",
        ),
        (ROLE, {"rules": [READER | {"verbs": ["get", "bind"]}]}, "rules[0].verbs[1]", "'bind'"),
        (
            ROLE,
            {"rules": [READER | {"verbs": ["bind"], "resourceNames": ["cluster-admin"]}]},
            "rules[0].verbs[0]",
            "'bind'",
        ),
        (
            ROLE,
            {"rules": [READER | {"verbs": ["escalate"], "resourceNames": ["pod-reader"]}]},
            "rules[0].verbs[0]",
            "'escalate'",
        ),
        (
            ROLE,
            {"rules": [READER | {"verbs": ["impersonate"], "resourceNames": ["system:masters"]}]},
            "rules[0].verbs[0]",
            "'impersonate'",
        ),
        (BINDING, changed(BOUND, "roleRef.name", "cluster-admin"), "roleRef.name", "everything"),
        (
            BINDING.replace("Cluster", ""),
            changed(BOUND, "roleRef.name", "cluster-admin"),
            "roleRef.name",
            "everything",
        ),
        (
            BINDING,
            changed(BOUND, "subjects.0.name", "system:masters"),
            "subjects[0].name",
            "system:masters",
        ),
    ],
)
def test_ways_to_all_rights_are_found(type_: str, properties: dict, place: str, what: str) -> None:
    (found,) = violations(least_privilege, made(type_, properties))

    assert found.where == place
    assert what in found.what
    assert found.mend


@pytest.mark.parametrize(
    ("type_", "properties", "place"),
    [
        (ROLE, {"rules": UNKNOWN}, "rules"),
        (ROLE, {"rules": [UNKNOWN]}, "rules[0]"),
        (ROLE, {"rules": [READER | {"verbs": UNKNOWN}]}, "rules[0].verbs"),
        (ROLE, {"rules": [READER | {"verbs": [UNKNOWN]}]}, "rules[0].verbs[0]"),
        (
            ROLE,
            {"rules": [READER | {"verbs": ["bind"], "resourceNames": UNKNOWN}]},
            "rules[0].verbs[0]",
        ),
        (BINDING, changed(BOUND, "roleRef.name", UNKNOWN), "roleRef.name"),
        (BINDING, BOUND | {"subjects": UNKNOWN}, "subjects"),
        (BINDING, changed(BOUND, "subjects.0.name", UNKNOWN), "subjects[0].name"),
    ],
)
def test_rights_that_are_not_known_yet_are_said(type_: str, properties: dict, place: str) -> None:
    assert not_known(least_privilege, type_, properties) == [place]
    assert places(least_privilege, type_, properties) == []
