"""MeshNamespace: injection, Pod Security, default deny and network policy."""

import pulumi
import pytest

from meshwright import ArgumentError, MeshNamespace, MeshNamespaceArgs
from tests.unit.recording import component_test, record


def _args(**more: object) -> MeshNamespaceArgs:
    return more  # type: ignore[return-value]


@component_test
def test_a_default_namespace_is_injected_restricted_and_closed():
    """No argument is needed for a namespace that is in the mesh and denies by default."""
    recorder = record()

    shop = MeshNamespace("shop", _args())

    def check(name):
        assert name == "shop"
        assert recorder.one("Namespace").inputs["metadata"] == {
            "name": "shop",
            "labels": {
                "istio-injection": "enabled",
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/warn": "restricted",
            },
        }
        deny = recorder.one("AuthorizationPolicy").inputs
        assert deny["metadata"] == {"name": "deny-all", "namespace": "shop"}
        assert deny["spec"] == {}
        assert recorder.of_type("Sidecar") == []

    return shop.namespace, check


@component_test
def test_a_revision_takes_the_place_of_the_injection_label():
    """Both labels at once would contradict each other."""
    recorder = record()

    shop = MeshNamespace(
        "west-shop", _args(namespace="shop", revision="asm-managed", labels={"team": "shop"})
    )

    def check(_):
        labels = recorder.one("Namespace").inputs["metadata"]["labels"]
        assert labels["istio.io/rev"] == "asm-managed"
        assert labels["team"] == "shop"
        assert "istio-injection" not in labels
        meta = recorder.one("AuthorizationPolicy").inputs["metadata"]
        assert meta["annotations"] == {"meshwright/mesh-revision": "asm-managed"}

    return shop.namespace, check


@component_test
def test_the_network_policy_lets_in_and_out_what_is_named():
    """Pods keep DNS, metadata and the control plane, whatever else is closed."""
    recorder = record()

    shop = MeshNamespace(
        "shop", _args(ingress_from=["gw"], ingress_cidrs=["203.0.113.0/24"], egress_to=["pay"])
    )

    def check(_):
        spec = recorder.one("NetworkPolicy").inputs["spec"]
        assert spec["podSelector"] == {}
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        named = {"matchLabels": {"kubernetes.io/metadata.name": "gw"}}
        assert spec["ingress"] == [
            {
                "from": [
                    {"podSelector": {}},
                    {"namespaceSelector": named},
                    {"ipBlock": {"cidr": "203.0.113.0/24"}},
                ]
            }
        ]
        ports = [{port["port"] for port in rule.get("ports", [])} for rule in spec["egress"]]
        assert ports == [set(), {53}, {80, 988}, {443, 15012}]
        assert spec["egress"][0]["to"][1]["namespaceSelector"]["matchLabels"] == {
            "kubernetes.io/metadata.name": "pay"
        }

    return shop.namespace, check


@component_test
def test_egress_hosts_scope_what_proxies_learn():
    """The namespace's own and the root namespace's services stay visible."""
    recorder = record()

    shop = MeshNamespace("shop", _args(egress_hosts=["pay/*"]))

    def check(_):
        sidecar = recorder.one("Sidecar").inputs
        assert sidecar["metadata"]["name"] == "default"
        assert sidecar["spec"] == {"egress": [{"hosts": ["./*", "istio-system/*", "pay/*"]}]}

    return shop.namespace, check


@component_test
def test_workloads_wait_for_the_policies():
    """No pod may start before the namespace is closed."""
    recorder = record()
    shop = MeshNamespace("shop", _args())

    pod = pulumi.CustomResource("test:index:Pod", "pod", {"x": shop.namespace})

    def check(_):
        waits = recorder.one("Pod").depends_on
        assert {"shop-namespace", "shop-deny", "shop-network-policy"} <= waits

    return pod.urn, check


@component_test
def test_policies_can_be_left_out():
    """A namespace that is opened up on purpose."""
    recorder = record()

    shop = MeshNamespace(
        "shop", _args(default_deny=False, network_policy=False, pod_security="baseline")
    )

    def check(_):
        assert set(recorder.children("shop")) == {"shop-namespace"}

    return shop.namespace, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"pod_security": "strict"}, "pod_security", "restricted, baseline, privileged"),
        ({"labels": {"istio-injection": "disabled"}}, "labels.istio-injection", "this component"),
        ({"labels": {"istio.io/rev": "x"}}, "labels.istio.io/rev", "use `revision`"),
    ],
)
def test_labels_of_others_are_refused(change, path, says):
    """The injection label has one owner."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshNamespace("shop", _args(**change))

    assert says in dict(raised.value.problems)[path]
