"""MESH-11 and MESH-16: what gateways publish and how routes split."""

import pytest

from meshwright_policies.mesh_gateways import gateway_hosts_and_tls
from meshwright_policies.mesh_routes import route_weights
from meshwright_policies.rule import Settings
from meshwright_policies.values import UNKNOWN
from tests.policies.resources import made, not_known, places

GATEWAY = "kubernetes:networking.istio.io/v1:Gateway"
VIRTUAL_SERVICE = "kubernetes:networking.istio.io/v1:VirtualService"
SERVICE_ROUTE = "gcp:networkservices/httpRoute:HttpRoute"


def server(protocol: str = "HTTPS", hosts: object = ("shop.example.com",), **tls: object) -> dict:
    return {"port": {"protocol": protocol}, "hosts": list(hosts), "tls": tls}


def gateway(*servers: object) -> dict:
    return {"spec": {"servers": list(servers)}}


@pytest.mark.parametrize(
    "properties",
    [
        gateway(server(mode="SIMPLE", credentialName="shop", minProtocolVersion="TLSV1_2")),
        gateway(server(mode="MUTUAL", credentialName="shop")),
        gateway(server("HTTP", httpsRedirect=True)),
        gateway(server("TLS", ["*.local"], mode="AUTO_PASSTHROUGH")),
        gateway(server("HTTPS", [UNKNOWN], mode=UNKNOWN)),
        {"spec": UNKNOWN},
    ],
)
def test_a_gateway_with_named_hosts_and_tls_holds(properties: dict) -> None:
    assert places(gateway_hosts_and_tls, GATEWAY, properties) == []


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        (server(hosts=["*"], mode="SIMPLE"), "spec.servers[0].hosts[0]"),
        (server(hosts=["a.example.com", "shop/*"], mode="SIMPLE"), "spec.servers[0].hosts[1]"),
        (server("HTTP"), "spec.servers[0].tls"),
        (server("HTTP", httpsRedirect=False), "spec.servers[0].tls"),
        (server("TCP"), "spec.servers[0].tls"),
        (
            server(mode="SIMPLE", minProtocolVersion="TLSV1_1"),
            "spec.servers[0].tls.minProtocolVersion",
        ),
    ],
)
def test_an_open_gateway_is_found(bad: dict, where: str) -> None:
    assert places(gateway_hosts_and_tls, GATEWAY, gateway(bad)) == [where]
    assert places(gateway_hosts_and_tls, f"{GATEWAY}Patch", gateway(bad)) == [where]


def virtual_service(*weights: object, **more: object) -> tuple[str, dict]:
    route = [{"destination": {"host": "checkout"}, "weight": weight} for weight in weights]
    return VIRTUAL_SERVICE, {"spec": {"http": [{"route": route} | more]}}


def api_route(kind: str, *weights: object) -> tuple[str, dict]:
    rules = [{"backendRefs": [{"weight": w} for w in weights]}]
    return f"kubernetes:gateway.networking.k8s.io/{kind}", {"spec": {"rules": rules}}


def http_route(*weights: object) -> tuple[str, dict]:
    return api_route("v1:HTTPRoute", *weights)


def service_route(*weights: object, **more: object) -> tuple[str, dict]:
    action = {"destinations": [{"weight": weight} for weight in weights]} | more
    return SERVICE_ROUTE, {"rules": [{"action": action}]}


@pytest.mark.parametrize("shape", [virtual_service, http_route, service_route])
@pytest.mark.parametrize(
    "weights", [(90, 10), (100.0, 0.0), (34, 33, 33), (None,), (100,), (UNKNOWN, 10)]
)
def test_whole_splits_hold(shape, weights: tuple) -> None:
    assert places(route_weights, *shape(*weights)) == []


@pytest.mark.parametrize("weights", [(1,), (99, None), (98, None, None)])
def test_the_gateway_apis_default_weight_counts(weights: tuple) -> None:
    assert places(route_weights, *http_route(*weights)) == []


@pytest.mark.parametrize("shape", [http_route, service_route])
def test_calls_are_shared_evenly_where_no_target_has_a_weight(shape) -> None:
    assert places(route_weights, *shape(None, None, None)) == []


def test_googles_routes_have_weights_for_all_destinations_or_for_none() -> None:
    """Otherwise the API refuses them: a missing weight is no 0 there, and no 1."""
    assert places(route_weights, *service_route(100, None)) == [
        "rules[0].action.destinations[1].weight"
    ]


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (virtual_service(90, 9), "spec.http[0].route"),
        (virtual_service(0, 0), "spec.http[0].route"),
        (virtual_service(None, None), "spec.http[0].route"),
        (virtual_service(50), "spec.http[0].route"),
        (virtual_service(110, 20), "spec.http[0].route[0].weight"),
        (virtual_service(99.5, 1), "spec.http[0].route[0].weight"),
        (virtual_service(True, 10), "spec.http[0].route[0].weight"),
        (virtual_service("90", 10), "spec.http[0].route[0].weight"),
        (http_route(90, 20), "spec.rules[0].backendRefs"),
        (http_route(100, None), "spec.rules[0].backendRefs"),
        (http_route(0), "spec.rules[0].backendRefs"),
        (api_route("v1:GRPCRoute", 90, 20), "spec.rules[0].backendRefs"),
        (api_route("v1alpha2:TCPRoute", 90, 20), "spec.rules[0].backendRefs"),
        (api_route("v1:TLSRoute", 90, 20), "spec.rules[0].backendRefs"),
        (service_route(60, 60), "rules[0].action.destinations"),
        (
            ("gcp:networkservices/grpcRoute:GrpcRoute", service_route(9)[1]),
            "rules[0].action.destinations",
        ),
        (
            ("gcp:networkservices/tcpRoute:TcpRoute", service_route(60, 60)[1]),
            "rules[0].action.destinations",
        ),
    ],
)
def test_a_wrong_split_is_found(resource: tuple[str, dict], where: str) -> None:
    assert places(route_weights, *resource) == [where]


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (virtual_service(90, 9), "spec.http[0].route"),
        (http_route(90, 20), "spec.rules[0].backendRefs"),
    ],
)
def test_a_patch_of_a_route_has_whole_splits(resource: tuple[str, dict], where: str) -> None:
    """A list is patched as a whole, so that what stands in it is all there will be."""
    type_, properties = resource

    assert places(route_weights, f"{type_}Patch", properties) == [where]
    assert places(route_weights, f"{type_}Patch", {"metadata": {"name": "checkout"}}) == []


FAULTS = [
    (virtual_service(100, fault={"abort": {"httpStatus": 500}}), "spec.http[0].fault"),
    (
        service_route(100, faultInjectionPolicy={"delay": {"percentage": 5}}),
        "rules[0].action.faultInjectionPolicy",
    ),
]


@pytest.mark.parametrize(("resource", "where"), FAULTS)
@pytest.mark.parametrize("stack", ["prod", "prod-eu", "production"])
def test_fault_injection_in_production_is_found(resource, where: str, stack: str) -> None:
    assert places(route_weights, *resource, stack=stack) == [where]


@pytest.mark.parametrize(("resource", "where"), FAULTS)
def test_fault_injection_elsewhere_holds(resource, where: str) -> None:
    assert places(route_weights, *resource, stack="dev") == []


def test_every_wrong_weight_is_found() -> None:
    first, second = (f"spec.http[0].route[{index}].weight" for index in (0, 1))

    assert places(route_weights, *virtual_service(110, -10)) == [first, second]
    assert places(route_weights, *virtual_service(110, UNKNOWN)) == [first]
    assert not_known(route_weights, *virtual_service(110, UNKNOWN)) == [second]


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        ((VIRTUAL_SERVICE, {"spec": UNKNOWN}), "spec"),
        ((VIRTUAL_SERVICE, {"spec": {"http": [{"route": UNKNOWN}]}}), "spec.http[0].route"),
        (virtual_service(UNKNOWN, 10), "spec.http[0].route[0].weight"),
        (service_route(10, UNKNOWN), "rules[0].action.destinations[1].weight"),
        (virtual_service(100, fault=UNKNOWN), "spec.http[0].fault"),
    ],
)
def test_an_unknown_split_or_fault_is_judged_later(resource: tuple[str, dict], where: str) -> None:
    assert places(route_weights, *resource, stack="prod") == []
    assert not_known(route_weights, *resource, stack="prod") == [where]


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        ({"spec": UNKNOWN}, ["spec.servers"]),
        (gateway(UNKNOWN), ["spec.servers[0]"]),
        (gateway(server(mode="SIMPLE") | {"hosts": UNKNOWN}), ["spec.servers[0].hosts"]),
        (gateway(server("HTTPS", [UNKNOWN], mode="SIMPLE")), ["spec.servers[0].hosts[0]"]),
        (gateway(server() | {"tls": UNKNOWN}), ["spec.servers[0].tls"]),
        (gateway(server(mode=UNKNOWN)), ["spec.servers[0].tls.mode"]),
        (gateway(server("HTTP", httpsRedirect=UNKNOWN)), ["spec.servers[0].tls.httpsRedirect"]),
        (
            gateway(server(mode="SIMPLE", minProtocolVersion=UNKNOWN)),
            ["spec.servers[0].tls.minProtocolVersion"],
        ),
    ],
)
def test_an_unknown_part_of_a_gateway_is_judged_later(properties: dict, where: list[str]) -> None:
    assert places(gateway_hosts_and_tls, GATEWAY, properties) == []
    assert not_known(gateway_hosts_and_tls, GATEWAY, properties) == where


def test_the_remedy_takes_old_versions_of_tls_away_and_touches_nothing_else() -> None:
    old = server(mode="SIMPLE", minProtocolVersion="TLSV1_0", credentialName=UNKNOWN)
    sound = server(mode="SIMPLE", minProtocolVersion="TLSV1_3")
    before = gateway(old, sound) | {"metadata": UNKNOWN}
    assert gateway_hosts_and_tls.remedy

    after = gateway_hosts_and_tls.remedy(made(GATEWAY, before), Settings())

    mended = old | {"tls": old["tls"] | {"minProtocolVersion": "TLSV1_2"}}
    assert after == gateway(mended, sound) | {"metadata": UNKNOWN}
    assert places(gateway_hosts_and_tls, GATEWAY, after) == []
    assert old["tls"]["minProtocolVersion"] == "TLSV1_0"


@pytest.mark.parametrize("properties", [gateway(server(mode="SIMPLE")), {"spec": UNKNOWN}])
def test_the_remedy_leaves_a_sound_gateway_alone(properties: dict) -> None:
    assert gateway_hosts_and_tls.remedy
    assert gateway_hosts_and_tls.remedy(made(GATEWAY, properties), Settings()) is None
