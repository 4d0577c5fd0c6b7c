"""MultiClusterGateway and ServiceExport: one load balancer before several clusters."""

import pulumi
import pytest

from meshwright import ArgumentError, MultiClusterGateway, MultiClusterGatewayArgs, ServiceExport
from tests.unit.recording import component_test, record

_BACKEND = {"service": "public", "port": 443}


def _args(**more: object) -> MultiClusterGatewayArgs:
    base = {
        "namespace": "gw",
        "hosts": ["shop.example.com"],
        "load_balancer": {"certificate_map": "shop"},
        "backends": [_BACKEND],
    }
    return {**base, **more}  # type: ignore[typeddict-item]


@component_test
def test_the_gateway_serves_what_the_clusters_export():
    """Its class is one for several clusters, its backend a ServiceImport."""
    recorder = record()
    health = {"health_check_path": "/healthz/ready", "health_check_port": 15021}

    gateway = MultiClusterGateway("global", _args(backends=[{**_BACKEND, **health}]))

    def check(values):
        assert values == ["gw/global", "203.0.113.10"]
        spec = recorder.one("Gateway").inputs["spec"]
        assert spec["gatewayClassName"] == "gke-l7-global-external-managed-mc"
        (rule,) = recorder.one("HTTPRoute", "global-route").inputs["spec"]["rules"]
        assert rule["backendRefs"] == [
            {"group": "net.gke.io", "kind": "ServiceImport", "name": "public", "port": 443}
        ]
        policy = recorder.one("HealthCheckPolicy").inputs["spec"]
        target = {"group": "net.gke.io", "kind": "ServiceImport", "name": "public"}
        assert policy["targetRef"] == target
        assert policy["default"]["config"]["httpHealthCheck"] == {
            "requestPath": "/healthz/ready",
            "portSpecification": "USE_FIXED_PORT",
            "port": 15021,
        }
        assert recorder.one("GCPBackendPolicy").inputs["spec"]["targetRef"] == target

    return pulumi.Output.all(gateway.gateway, gateway.address), check


@component_test
def test_blue_and_green_services_share_the_calls_of_a_path():
    """Weights hold among the backends of one path, and each path is a rule."""
    recorder = record()
    backends = [
        {"service": "shop-blue", "port": 443, "weight": 90},
        {"service": "shop-green", "port": 443, "weight": 10},
        {"service": "docs", "port": 443, "path": "/docs"},
        {"name": "help", "service": "docs", "port": 443, "path": "/help"},
    ]

    gateway = MultiClusterGateway("global", _args(backends=backends))

    def check(_):
        rules = recorder.one("HTTPRoute", "global-route").inputs["spec"]["rules"]
        shares = {
            rule["matches"][0]["path"]["value"]: {
                ref["name"]: ref.get("weight") for ref in rule["backendRefs"]
            }
            for rule in rules
        }
        assert shares == {
            "/": {"shop-blue": 90, "shop-green": 10},
            "/docs": {"docs": None},
            "/help": {"docs": None},
        }
        # Of several for one service GKE would heed the oldest.
        assert len(recorder.of_type("HealthCheckPolicy")) == 3

    return gateway.address, check


@component_test
def test_the_kinds_are_there_before_the_objects():
    """The fleet's features bring them; objects name the feature, and so come after it."""
    recorder = record()
    feature = pulumi.CustomResource("test:index:Feature", "feature", {}).urn

    gateway = MultiClusterGateway("global", _args(feature=feature))
    export = ServiceExport("cart", {"namespace": "shop", "service": "cart", "feature": feature})

    def check(values):
        assert values[1] == "cart"
        made = [("Gateway", None), ("HealthCheckPolicy", None), ("ServiceExport", "cart-export")]
        for kind, name in made:
            assert "feature" in recorder.one(kind, name).depends_on

    return pulumi.Output.all(gateway.gateway, export.service), check


@component_test
def test_a_service_is_exported_under_its_own_name():
    """The fleet knows it by namespace and name."""
    recorder = record()

    export = ServiceExport("west-cart", {"namespace": "shop", "service": "cart"})

    def check(service):
        assert service == "cart"
        made = recorder.one("ServiceExport", "west-cart-export").inputs
        assert made["apiVersion"] == "net.gke.io/v1"
        assert made["metadata"] == {"name": "cart", "namespace": "shop"}

    return export.service, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"backends": [{**_BACKEND, "port": 0}]}, "backends[0].port", "from 1 to 65535"),
        (
            {"backends": [{**_BACKEND, "health_check_port": 70000}]},
            "backends[0].health_check_port",
            "from 1 to 65535",
        ),
        ({"hosts": ["*"]}, "hosts[0]", "every host"),
        ({"backends": []}, "backends", "at least one"),
        ({"backends": [_BACKEND, _BACKEND]}, "backends", "'public'"),
        ({"backends": [{**_BACKEND, "path": "shop"}]}, "backends[0].path", "start with '/'"),
        ({"backends": [{**_BACKEND, "name": "Blue_1"}]}, "backends[0].name", "lower-case letters"),
        (
            {"backends": [_BACKEND, {**_BACKEND, "name": "b", "health_check_path": "/b"}]},
            "backends[1].health_check_path",
            "differs from backends[0]'s",
        ),
        ({"backends": [{**_BACKEND, "weight": 90}]}, "backends", "add up to 90"),
        ({"backends": [{**_BACKEND, "weight": -1}]}, "backends[0].weight", "0 to 100"),
        (
            {"backends": [{**_BACKEND, "weight": 100}, {"service": "b", "port": 1}]},
            "backends",
            "all or none",
        ),
        (
            {"load_balancer": {"gateway_class": "gke-l7-rilb", "certificate_map": "x"}},
            "load_balancer.gateway_class",
            "-mc",
        ),
        (
            {"load_balancer": {"gateway_class": "gke-l7-rilb-mc", "certificate_map": "x"}},
            "load_balancer.certificate_map",
            "takes no map",
        ),
    ],
)
def test_what_cannot_be_served_is_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MultiClusterGateway("global", _args(**change))

    assert says in dict(raised.value.problems)[path]


def test_a_backend_that_is_known_later_needs_a_name_of_its_own():
    """Resource names are fixed before anything is made."""
    record()
    later = pulumi.Output.from_input("public")

    with pytest.raises(ArgumentError) as raised:
        MultiClusterGateway("global", _args(backends=[{"service": later, "port": 443}]))

    assert "needs a name" in dict(raised.value.problems)["backends[0].name"]


def test_an_export_has_the_name_of_a_service():
    """The API server would say so of an object with another name."""
    record()

    with pytest.raises(ArgumentError) as raised:
        ServiceExport("cart", {"namespace": "Shop_1", "service": ""})

    assert set(dict(raised.value.problems)) == {"namespace", "service"}
