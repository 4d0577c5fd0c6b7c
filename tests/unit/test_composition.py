"""The composition: what dev's spec becomes, in which cluster, by which project."""

from typing import Any

import pulumi
import pytest

from stacks.composition import build
from stacks.spec import load
from tests.inputs.specs import edited
from tests.unit.recording import Recorder, component_test, record


def _composed(edits: dict[str, Any] | None = None) -> tuple[Recorder, pulumi.Output[Any]]:
    recorder = record()
    return recorder, pulumi.Output.all(build(load(edited(edits or {}))))


@component_test
def test_dev_in_its_clusters():
    """Each service stands in the clusters its spec names, and only there."""
    recorder, outputs = _composed()

    def check(_: object) -> None:
        deployments = {item.name: item.provider for item in recorder.of_type("Deployment")}
        services = {name: place for name, place in deployments.items() if "-shop-" in name}
        assert {name: place for name, place in services.items() if "ingress" not in name} == {
            "autopilot-shop-checkout-v1": "autopilot",
            "autopilot-shop-checkout-v2": "autopilot",
            "autopilot-shop-payments-v1": "autopilot",
            "standard-shop-payments-v1": "standard",
        }
        assert [item.name for item in recorder.of_type("Gateway")] == [
            "autopilot-shop-ingress-public-gateway"
        ]

    return outputs, check


@component_test
def test_weights_come_from_the_spec():
    """The route's shares are those of the spec."""
    weights = "namespaces[1].services[0].route.weights"
    recorder, outputs = _composed({f"{weights}[0].weight": 75, f"{weights}[1].weight": 25})

    def check(_: object) -> None:
        shares = recorder.one("VirtualService", "autopilot-shop-checkout-shares")
        (http,) = shares.inputs["spec"]["http"]
        assert [share["weight"] for share in http["route"]] == [75, 25]
        assert (http["timeout"], http["retries"]["perTryTimeout"]) == ("10s", "3s")

    return outputs, check


@pytest.mark.parametrize(
    ("changes", "failing_over"),
    [
        ({}, {"autopilot-shop-payments", "standard-shop-payments"}),
        ({"namespaces[1].services[1].outlier_detection": {"enabled": False}}, set()),
        ({"namespaces[1].services[1].clusters": ["standard"]}, set()),
        (
            {"namespaces[1].services[0].outlier_detection": {"interval_seconds": 1}},
            {"autopilot-shop-checkout", "autopilot-shop-payments", "standard-shop-payments"},
        ),
    ],
)
@component_test
def test_calls_fail_over_where_several_clusters_run_a_service(
    changes: dict[str, object], failing_over: set[str]
):
    """Whether the spec has a route or not; and where it is asked for."""
    recorder, outputs = _composed(changes)

    def check(_: object) -> None:
        rules = recorder.of_type("DestinationRule")
        left = [rule.name for rule in rules if "trafficPolicy" in rule.inputs["spec"]]
        assert {name.removesuffix("-subsets") for name in left} == failing_over

    return outputs, check


@component_test
def test_calls_become_permissions():
    """Each call is one ALLOW rule by the caller's identity; everything else stays denied."""
    recorder, outputs = _composed()

    def check(_: object) -> None:
        rules = {
            item.inputs["metadata"]["name"]: item.inputs["spec"]
            for item in recorder.of_type("AuthorizationPolicy")
            if item.name.startswith("autopilot-security-allow")
        }
        assert set(rules) == {"checkout-from-shop-ingress-public", "payments-from-checkout"}
        (rule,) = rules["payments-from-checkout"]["rules"]
        assert "shop/sa/checkout" in str(rule["from"])
        assert rule["to"][0]["operation"]["methods"] == ["POST"]

    return outputs, check


@component_test
def test_services_of_one_name_in_two_namespaces_have_permissions_of_their_own():
    """Calls and users' tokens alike; each rule stands in the namespace that is called."""
    image = "us-docker.pkg.dev/google-samples/containers/gke/hello-app:1.0"
    twins = [
        {"name": name, "port": 8080, "versions": [{"name": "v1", "image": image}]}
        for name in ("checkout", "payments")
    ]
    token = {"issuer": "x", "jwks_uri": "https://example.com/keys", "audiences": ["a"]}
    recorder, outputs = _composed(
        {
            "namespaces[+]": {"name": "store", "clusters": ["autopilot"], "services": twins},
            "security.calls[+]": {"from": "store/checkout", "to": "store/payments"},
            "security.jwt": [
                {"service": f"{namespace}/payments", **token} for namespace in ("shop", "store")
            ],
        }
    )

    def check(_: object) -> None:
        callers = {
            item.inputs["metadata"]["namespace"]: str(item.inputs["spec"]["rules"][0]["from"])
            for item in recorder.of_type("AuthorizationPolicy")
            if "payments-from-checkout" in item.inputs["metadata"]["name"]
            and item.name.startswith("autopilot")
        }
        assert "ns/shop/sa/checkout" in callers["shop"]
        assert "ns/store/sa/checkout" in callers["store"]
        asked = {
            item.inputs["metadata"]["namespace"]
            for item in recorder.of_type("RequestAuthentication")
            if item.name.startswith("autopilot")
        }
        assert asked == {"shop", "store"}

    return outputs, check


@component_test
def test_pods_meet_pod_security_restricted():
    """No pod of a service needs more than the level `restricted` gives."""
    recorder, outputs = _composed()

    def check(_: object) -> None:
        pod = recorder.one("Deployment", "autopilot-shop-checkout-v1").inputs["spec"]["template"]
        (container,) = pod["spec"]["containers"]
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["allowPrivilegeEscalation"] is False

    return outputs, check


@component_test
def test_the_project_is_the_spec_s():
    """Every Google Cloud resource uses the provider that names the spec's project."""
    recorder, outputs = _composed({"project": "another-project"})

    def check(_: object) -> None:
        google = [item for item in recorder.registrations if item.type.startswith("gcp:")]
        assert {item.provider for item in google} == {"gcp"}
        provider = next(i for i in recorder.registrations if i.type == "pulumi:providers:gcp")
        assert provider.inputs["project"] == "another-project"

    return outputs, check


@component_test
def test_plaintext_only_on_the_named_port():
    """A permissive mesh opens the port that a service names and keeps its others strict."""
    recorder, outputs = _composed(
        {"security.mtls": "PERMISSIVE", "namespaces[1].services[1].plaintext_ports": [8080]}
    )

    def check(_: object) -> None:
        name = "standard-security-plaintext-payments-plaintext-mtls"
        spec = recorder.one("PeerAuthentication", name).inputs["spec"]
        assert spec["mtls"] == {"mode": "STRICT"}
        assert spec["portLevelMtls"] == {"8080": {"mode": "PERMISSIVE"}}

    return outputs, check
