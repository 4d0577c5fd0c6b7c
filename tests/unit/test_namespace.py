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
def test_ranges_that_are_known_later_are_let_through():
    """Such as a subnet's."""
    recorder = record()
    later = pulumi.Output.from_input("10.0.0.0/20")

    shop = MeshNamespace("shop", _args(egress_cidrs=[later], ingress_cidrs=[later]))

    def check(_):
        spec = recorder.one("NetworkPolicy").inputs["spec"]
        block = {"ipBlock": {"cidr": "10.0.0.0/20"}}
        assert block in spec["ingress"][0]["from"]
        assert block in spec["egress"][0]["to"]

    return shop.namespace, check


@component_test
def test_egress_hosts_scope_what_proxies_learn():
    """The namespace's own and the root namespace's services stay visible."""
    recorder = record()

    shop = MeshNamespace("shop", _args(egress_hosts=["pay/*"]))

    def check(_):
        sidecar = recorder.one("Sidecar").inputs
        assert sidecar["metadata"]["name"] == "default"
        assert sidecar["spec"] == {
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
            "egress": [{"hosts": ["./*", "istio-system/*", "pay/*"]}],
        }

    return shop.namespace, check


_WHO_MAY_CALL_WHOM = [
    {"name": "a", "namespace": "shop", "service_accounts": ["gw/public"]},
    {"name": "b", "namespace": "pay", "service": "cards", "service_accounts": ["shop/checkout"]},
    {"name": "c", "namespace": "pay", "service": "books", "service_accounts": ["batch/night"]},
    {"name": "d", "namespace": "stock", "service": "count", "namespaces": ["shop"]},
    {"name": "e", "namespace": "stock", "namespaces": ["shop"]},
    {"name": "f", "namespace": "shop", "service": "cart", "service_accounts": ["shop/checkout"]},
]


@component_test
def test_scope_and_packets_follow_who_may_call_whom():
    """Proxies learn of what their namespace may call, and of nothing that only others may."""
    recorder = record()

    shop = MeshNamespace("west-shop", _args(namespace="shop", allow=_WHO_MAY_CALL_WHOM))

    def check(_):
        (egress,) = recorder.one("Sidecar").inputs["spec"]["egress"]
        cards = "pay/cards.pay.svc.cluster.local"
        assert egress["hosts"] == ["./*", "istio-system/*", cards, "stock/*"]
        spec = recorder.one("NetworkPolicy").inputs["spec"]
        assert _namespaces(spec["ingress"][0]["from"]) == ["gw"]
        assert _namespaces(spec["egress"][0]["to"]) == ["pay", "stock"]

    return shop.namespace, check


def _namespaces(peers):
    named = [
        peer["namespaceSelector"]["matchLabels"] for peer in peers if "namespaceSelector" in peer
    ]
    return [labels["kubernetes.io/metadata.name"] for labels in named]


@component_test
def test_rules_for_every_namespace_open_packets_to_all_and_tell_callers():
    """`*` and patterns are Istio's; labels of a network policy have no such values."""
    recorder = record()
    rules = [
        {"name": "health", "namespace": "shop", "namespaces": ["*"]},
        {"name": "rates", "namespace": "rates", "namespaces": ["sho*"]},
    ]

    shop = MeshNamespace("shop", _args(allow=rules))

    def check(_):
        spec = recorder.one("NetworkPolicy").inputs["spec"]
        assert spec["ingress"] == [{"from": [{"podSelector": {}}, {"namespaceSelector": {}}]}]
        (egress,) = recorder.one("Sidecar").inputs["spec"]["egress"]
        assert "rates/*" in egress["hosts"]

    return shop.namespace, check


def test_a_pattern_that_no_network_policy_knows_is_refused():
    """The API server would refuse the policy, in words about a label's value."""
    rules = [{"name": "a", "namespace": "shop", "namespaces": ["web", "team-*"]}]

    with pytest.raises(ArgumentError) as raised:
        MeshNamespace("shop", _args(allow=rules))

    ((path, text),) = raised.value.problems
    assert path == "allow[0].namespaces[1]"
    assert "name each, or `*`" in text


@component_test
def test_scope_can_be_left_out_and_packets_still_follow():
    """A mesh too small to need scopes keeps its closed network."""
    recorder = record()

    shop = MeshNamespace("shop", _args(allow=_WHO_MAY_CALL_WHOM, scope=False))

    def check(_):
        assert recorder.of_type("Sidecar") == []
        spec = recorder.one("NetworkPolicy").inputs["spec"]
        assert _namespaces(spec["egress"][0]["to"]) == ["pay", "stock"]

    return shop.namespace, check


@component_test
def test_google_apis_can_be_narrowed_without_losing_the_control_plane():
    """What is left of the internet is Google's own range, and the root namespace's istiod."""
    recorder = record()

    shop = MeshNamespace("shop", _args(google_api_cidrs=["199.36.153.4/30"]))

    def check(_):
        *_, last = recorder.one("NetworkPolicy").inputs["spec"]["egress"]
        assert last["to"][0] == {"ipBlock": {"cidr": "199.36.153.4/30"}}
        assert _namespaces(last["to"][1:]) == ["istio-system"]
        assert {port["port"] for port in last["ports"]} == {443, 15012}

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
        ({"outbound_traffic_policy": "REGISTRY"}, "outbound_traffic_policy", "'REGISTRY_ONLY'"),
        ({"egress_hosts": ["pay"]}, "egress_hosts[0]", "`namespace/host`"),
        ({"namespace": "Shop_1"}, "namespace", "lower-case letters"),
        ({"namespace": "a" * 64}, "namespace", "1 to 63"),
        ({"ingress_cidrs": ["10.0.0.0"]}, "ingress_cidrs[0]", "such as /32"),
        ({"egress_cidrs": ["10.0.0.1/8"]}, "egress_cidrs[0]", "host bits"),
        ({"google_api_cidrs": ["restricted"]}, "google_api_cidrs[0]", "not a range"),
    ],
)
def test_labels_of_others_are_refused(change, path, says):
    """The injection label has one owner."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshNamespace("shop", _args(**change))

    assert says in dict(raised.value.problems)[path]


def test_a_name_that_no_namespace_can_have_is_refused():
    """The component's own stands where none is given."""
    recorder = record()

    with pytest.raises(ArgumentError, match="namespace has 70 characters"):
        MeshNamespace("x" * 70, _args())

    assert recorder.registrations == []


@component_test
def test_labels_that_turn_out_to_be_null_are_none():
    """Such as those that another stack does not export."""
    recorder = record()

    shop = MeshNamespace("shop", _args(labels=pulumi.Output.from_input(None)))

    def check(_):
        labels = recorder.one("Namespace").inputs["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"

    return shop.namespace, check


def test_a_scope_needs_names_that_are_known_now():
    """Whose calls are meant cannot be read from a name that comes later."""
    record()
    later = pulumi.Output.from_input("pay")
    rule = {"name": "a", "namespace": later, "namespaces": ["shop"]}

    with pytest.raises(ArgumentError) as raised:
        MeshNamespace("shop", _args(namespace=pulumi.Output.from_input("shop"), allow=[rule]))

    assert set(dict(raised.value.problems)) == {"namespace", "allow[0].namespace"}
