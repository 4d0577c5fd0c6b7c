"""MESH-10, 12, 13 and 14: calls to a destination, ports, the way out, and APIs that may change."""

import pytest

from meshwright_policies.mesh_destinations import destination_tls, named_protocols
from meshwright_policies.mesh_egress import egress_boundary
from meshwright_policies.mesh_extensions import stable_apis
from meshwright_policies.rule import Resource, Settings
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import (
    CORE,
    NETWORKING,
    namespace,
    open_,
    planned,
    service,
    thing,
    what,
    wrong,
)
from tests.policies.resources import made, not_known, places

RULE = f"{NETWORKING}:DestinationRule"
CA = "/etc/ssl/certs/ca-certificates.crt"


def tls(**settings: object) -> dict:
    return {"spec": {"host": "ledger", "trafficPolicy": {"tls": settings}}}


@pytest.mark.parametrize(
    "properties",
    [
        {"spec": {"host": "ledger"}},
        {"spec": {"host": "ledger", "trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}}}},
        tls(mode="ISTIO_MUTUAL"),
        tls(mode="SIMPLE", caCertificates=CA),
        tls(mode="MUTUAL", credentialName="bank"),
        tls(mode="SIMPLE", caCertificates=CA, insecureSkipVerify=False),
    ],
)
def test_encrypted_and_verified_destinations_hold(properties: dict) -> None:
    assert places(destination_tls, RULE, properties) == []


POLICY = "spec.trafficPolicy"


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        (tls(mode="DISABLE"), f"{POLICY}.tls.mode"),
        (tls(sni="x"), f"{POLICY}.tls.mode"),
        (tls(mode="SIMPLE"), f"{POLICY}.tls.caCertificates"),
        (tls(mode="MUTUAL", clientCertificate="/c"), f"{POLICY}.tls.caCertificates"),
        (
            tls(mode="SIMPLE", caCertificates=CA, insecureSkipVerify=True),
            f"{POLICY}.tls.insecureSkipVerify",
        ),
        (
            {"spec": {"trafficPolicy": {"portLevelSettings": [{}, {"tls": {"mode": "DISABLE"}}]}}},
            f"{POLICY}.portLevelSettings[1].tls.mode",
        ),
        (
            {"spec": {"subsets": [{"trafficPolicy": {"tls": {"mode": "DISABLE"}}}]}},
            "spec.subsets[0].trafficPolicy.tls.mode",
        ),
    ],
)
def test_an_open_or_unverified_destination_is_found(properties: dict, where: str) -> None:
    assert places(destination_tls, RULE, properties) == [where]


@pytest.mark.parametrize(
    ("properties", "where"),
    [
        ({"spec": UNKNOWN}, "spec"),
        ({"spec": {"trafficPolicy": UNKNOWN}}, POLICY),
        ({"spec": {"trafficPolicy": {"tls": UNKNOWN}}}, f"{POLICY}.tls"),
        (tls(mode=UNKNOWN), f"{POLICY}.tls.mode"),
        (tls(mode="SIMPLE", caCertificates=UNKNOWN), f"{POLICY}.tls.caCertificates"),
    ],
)
def test_an_unknown_tls_setting_is_judged_later(properties: dict, where: str) -> None:
    assert places(destination_tls, RULE, properties) == []
    assert not_known(destination_tls, RULE, properties) == [where]


MESH = thing(f"{NETWORKING}:VirtualService", "route")


@pytest.mark.parametrize(
    "port",
    [
        {"name": "http"},
        {"name": "grpc-orders"},
        {"name": "web", "appProtocol": "http"},
        {"name": "dns", "protocol": "UDP"},
        {"name": "status-port", "port": 15021},
    ],
)
def test_a_port_that_says_its_protocol_holds(port: dict) -> None:
    assert wrong(named_protocols, MESH, service("ledger", **port)) == []


@pytest.mark.parametrize("name", ["web", "httpx", "my-http", None])
def test_a_port_of_unknown_protocol_is_found(name: object) -> None:
    resources = [MESH, service("ledger", name=name)]

    assert wrong(named_protocols, *resources) == [("ledger", "spec.ports[0].appProtocol")]
    assert repr(name) in what(named_protocols, *resources)


def test_ports_outside_the_mesh_and_of_the_system_need_no_protocol() -> None:
    web = service("web", name="web")
    system = service("dns", name="web", namespace="kube-system")

    assert wrong(named_protocols, web) == []
    assert wrong(named_protocols, MESH, system) == []


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (planned(f"{CORE}:Service", "ledger"), "spec.ports"),
        (service("ledger", name=UNKNOWN), "spec.ports[0].appProtocol"),
        (service("ledger", name="web", appProtocol=UNKNOWN), "spec.ports[0].appProtocol"),
    ],
)
def test_an_unknown_port_is_judged_later(resource: Resource, where: str) -> None:
    assert wrong(named_protocols, MESH, resource) == []
    assert open_(named_protocols, MESH, resource) == [("ledger", where)]


NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def sidecar(mode: object = "REGISTRY_ONLY", home: object = "shop", **more: object) -> Resource:
    spec = {"outboundTrafficPolicy": {"mode": mode}}
    return thing(f"{NETWORKING}:Sidecar", "scope", spec, namespace=home, **more)


def network_policy(home: str = "shop", **spec: object) -> Resource:
    whole = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} | spec
    return thing(NETWORK_POLICY, "packets", whole, namespace=home)


def entry(*hosts: object, **spec: object) -> Resource:
    return thing(f"{NETWORKING}:ServiceEntry", "bank", {"hosts": list(hosts)} | spec)


def gateway(*hosts: object) -> Resource:
    return thing(f"{NETWORKING}:Gateway", "out", {"servers": [{"hosts": list(hosts)}]})


def api_gateway(*hosts: object) -> Resource:
    listeners = [{"name": f"l{i}", "hostname": host} for i, host in enumerate(hosts)]
    return thing("kubernetes:gateway.networking.k8s.io/v1:Gateway", "out", {"listeners": listeners})


BANK = "api.bank.example.net"
IN_MESH = {"istio-injection": "enabled"}


def patched(labels: dict) -> Resource:
    metadata = {"name": "shop", "labels": labels}
    return made(f"{CORE}:NamespacePatch", {"metadata": metadata}, name="patch", cluster="east")


def by_waypoint(waypoint: str) -> Resource:
    labels = {"istio.io/use-waypoint": waypoint}
    return thing(f"{NETWORKING}:ServiceEntry", "bank", {"hosts": [BANK]}, labels=labels)


@pytest.mark.parametrize(
    "resources",
    [
        [sidecar(), network_policy()],
        [sidecar(), network_policy(policyTypes=None, egress=[{"to": []}])],
        [sidecar("ALLOW_ANY")],
        [sidecar(None)],
        [sidecar(home="istio-system"), namespace("shop", IN_MESH), network_policy()],
        [entry(BANK), gateway(BANK)],
        [entry(BANK), gateway("shop/*.bank.example.net")],
        [entry(BANK), api_gateway("*.bank.example.net")],
        [entry(BANK), namespace("shop", {"istio.io/use-waypoint": "egress"})],
        [entry(BANK), patched({"istio.io/use-waypoint": "egress"})],
        [by_waypoint("egress")],
        [entry("ledger.shop.internal", location="MESH_INTERNAL")],
    ],
)
def test_a_boundary_around_the_mesh_holds(resources: list[Resource]) -> None:
    assert wrong(egress_boundary, *resources) == []


MODE = "spec.outboundTrafficPolicy.mode"


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([sidecar()], ("scope", MODE)),
        ([sidecar(), network_policy("other")], ("scope", MODE)),
        ([sidecar(), network_policy(policyTypes=["Ingress"])], ("scope", MODE)),
        ([sidecar(), network_policy(podSelector={"matchLabels": {"a": "b"}})], ("scope", MODE)),
        ([sidecar(home="istio-system"), namespace("shop", IN_MESH)], ("scope", MODE)),
        ([sidecar(cluster="west"), network_policy()], ("scope", MODE)),
        ([entry(BANK)], ("bank", "spec.hosts[0]")),
        ([entry(BANK), api_gateway("other.example.net")], ("bank", "spec.hosts[0]")),
        ([by_waypoint("none")], ("bank", "spec.hosts[0]")),
        (
            [by_waypoint("none"), namespace("shop", {"istio.io/use-waypoint": "egress"})],
            ("bank", "spec.hosts[0]"),
        ),
        ([entry("a.example.net", BANK), gateway("a.example.net")], ("bank", "spec.hosts[1]")),
    ],
)
def test_a_gap_in_the_boundary_is_found(resources: list[Resource], expected: tuple) -> None:
    assert wrong(egress_boundary, *resources) == [expected]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([planned(f"{NETWORKING}:Sidecar", "scope")], ("scope", MODE)),
        ([sidecar(), planned(NETWORK_POLICY, "packets")], ("scope", MODE)),
        ([planned(f"{NETWORKING}:ServiceEntry", "bank")], ("bank", "spec.hosts")),
        ([entry(UNKNOWN)], ("bank", "spec.hosts[0]")),
        ([entry(BANK), planned(f"{NETWORKING}:Gateway", "out")], ("bank", "spec.hosts[0]")),
    ],
)
def test_an_unknown_boundary_is_judged_later(resources: list[Resource], expected: tuple) -> None:
    assert wrong(egress_boundary, *resources) == []
    assert open_(egress_boundary, *resources) == [expected]


ENVOY_FILTER = "kubernetes:networking.istio.io/v1alpha3:EnvoyFilter"
UNSTABLE = [
    (ENVOY_FILTER, "kind"),
    ("kubernetes:networking.istio.io/v1:EnvoyFilter", "kind"),
    ("kubernetes:extensions.istio.io/v1alpha1:WasmPlugin", "apiVersion"),
    ("kubernetes:networking.istio.io/v1alpha3:VirtualService", "apiVersion"),
    ("kubernetes:gateway.networking.k8s.io/v1alpha2:TCPRoute", "apiVersion"),
]


@pytest.mark.parametrize(("type_", "where"), UNSTABLE)
@pytest.mark.parametrize("properties", [{}, UNKNOWN], ids=["known", "unknown"])
def test_an_unstable_api_in_production_is_found(type_: str, where: str, properties: object) -> None:
    assert places(stable_apis, type_, properties, stack="prod") == [where]


@pytest.mark.parametrize(("type_", "where"), UNSTABLE)
def test_an_unstable_api_elsewhere_holds(type_: str, where: str) -> None:
    assert places(stable_apis, type_, {}) == []
    assert places(stable_apis, type_, {}, settings=Settings(production_stacks=("dev",))) == [where]


@pytest.mark.parametrize(
    "type_",
    [
        "kubernetes:networking.istio.io/v1beta1:ProxyConfig",
        "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
        "kubernetes:resource.k8s.io/v1alpha3:DeviceClass",
    ],
)
def test_stable_apis_and_those_of_others_hold_in_production(type_: str) -> None:
    assert places(stable_apis, type_, {}, stack="prod") == []
