"""EgressGateway: who may call what outside, by which way, and that there is no other."""

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from meshwright import ArgumentError, EgressGateway, EgressGatewayArgs
from tests.unit.recording import Recorder, component_test, record

_HOST = {"host": "api.example.net", "callers": ["shop/checkout"]}
_PLAIN = {"host": "old.example.net", "callers": ["batch/night"], "originate_tls": True}
_SERVICE = "out.egress.svc.cluster.local"


def _args(**more: object) -> EgressGatewayArgs:
    return {"namespace": "egress", "hosts": [_HOST], **more}  # type: ignore[typeddict-item]


def _spec(recorder: Recorder, kind: str, role: str):
    return recorder.one(kind, f"out-{role}").inputs["spec"]


@component_test
def test_tls_of_callers_goes_through_the_gateway_unread():
    """The caller's proxy sends by server name to the gateway, which sends on to the host."""
    recorder = record()

    gateway = EgressGateway("out", _args())

    def check(path):
        assert path == "egress/out"
        route = _spec(recorder, "VirtualService", "api-example-net-route")
        assert route["gateways"] == ["mesh", "egress/out"]
        (first,) = route["tls"]
        assert first["match"][0]["sniHosts"] == ["api.example.net"]
        assert first["route"][0]["destination"]["host"] == _SERVICE
        (second,) = route["tcp"]
        assert second["match"][0]["gateways"] == ["egress/out"]
        assert second["route"][0]["destination"] == {
            "host": "api.example.net",
            "port": {"number": 443},
        }
        assert "http" not in route

    return gateway.gateway, check


@component_test
def test_every_hop_to_the_gateway_is_mutual_tls_and_routed_by_name():
    """The gateway knows its caller; the server name tells one host's calls from another's."""
    recorder = record()

    gateway = EgressGateway("out", _args(hosts=[_HOST, _PLAIN]))

    def check(_):
        servers = _spec(recorder, "Gateway", "gateway")["servers"]
        assert {server["tls"]["mode"] for server in servers} == {"ISTIO_MUTUAL"}
        rule = _spec(recorder, "DestinationRule", "mtls")
        assert rule["host"] == _SERVICE
        subsets = {item["name"]: item["trafficPolicy"] for item in rule["subsets"]}
        (setting,) = subsets["api-example-net"]["portLevelSettings"]
        assert setting["tls"] == {"mode": "ISTIO_MUTUAL", "sni": "api.example.net"}
        for host, server in zip(("api-example-net", "old-example-net"), servers, strict=True):
            (setting,) = subsets[host]["portLevelSettings"]
            assert setting["port"]["number"] == server["port"]["number"]

    return gateway.gateway, check


@component_test
def test_the_gateway_speaks_tls_for_callers_that_cannot():
    """It checks the host's certificate: without a bundle Envoy would take any."""
    recorder = record()

    gateway = EgressGateway("out", _args(hosts=[{**_PLAIN, "port": 8443}]))

    def check(_):
        inner, outer = _spec(recorder, "VirtualService", "old-example-net-route")["http"]
        assert inner["match"] == [{"gateways": ["mesh"], "port": 80}]
        assert outer["route"][0]["destination"]["port"] == {"number": 8443}
        (setting,) = _spec(recorder, "DestinationRule", "old-example-net-tls")["trafficPolicy"][
            "portLevelSettings"
        ]
        assert setting["port"] == {"number": 8443}
        assert setting["tls"]["mode"] == "SIMPLE"
        assert setting["tls"]["subjectAltNames"] == ["old.example.net"]
        assert setting["tls"]["caCertificates"].startswith("/etc/ssl/")

    return gateway.gateway, check


@component_test
def test_only_named_callers_may_use_a_host():
    """Identity and host together: who may call one host may not call another."""
    recorder = record()

    gateway = EgressGateway("out", _args(hosts=[_HOST, _PLAIN], trust_domain="p.svc.id.goog"))

    def check(_):
        policy = _spec(recorder, "AuthorizationPolicy", "api-example-net-policy")
        assert policy["action"] == "ALLOW"
        assert policy["selector"]["matchLabels"]["istio"] == "egressgateway"
        assert policy["rules"] == [
            {
                "from": [{"source": {"principals": ["p.svc.id.goog/ns/shop/sa/checkout"]}}],
                "when": [{"key": "connection.sni", "values": ["api.example.net"]}],
            }
        ]
        entry = _spec(recorder, "ServiceEntry", "old-example-net-entry")
        assert entry["exportTo"] == [".", "batch"]
        assert entry["location"] == "MESH_EXTERNAL"

    return gateway.gateway, check


@component_test
def test_proxies_refuse_hosts_that_nobody_named():
    """The root namespace's Sidecar holds wherever a namespace has none of its own."""
    recorder = record()

    gateway = EgressGateway("out", _args(revision="asm-managed"))

    def check(scope):
        assert scope == "egress/*"
        sidecar = recorder.one("Sidecar").inputs
        assert sidecar["metadata"]["namespace"] == "istio-system"
        assert sidecar["metadata"]["name"] == "default"
        assert sidecar["spec"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
        assert sidecar["spec"]["egress"] == [{"hosts": ["*/*"]}]

    return gateway.scope, check


@component_test
def test_a_cluster_s_root_sidecar_has_one_owner():
    """With two, the one that goes first would take it away from the other."""
    recorder = record()
    first = EgressGateway("out", _args())

    with pytest.raises(ArgumentError, match="'out' owns the Sidecar of istio-system"):
        EgressGateway("more", _args(namespace="more"))
    EgressGateway("spare", _args(namespace="more", registry_only=False))

    def check(_):
        assert [item.parent for item in recorder.of_type("Sidecar")] == ["out"]

    return first.scope, check


@component_test
def test_each_cluster_and_each_run_of_a_program_has_a_root_sidecar_of_its_own():
    """Also where one process runs several programs: nothing of the one before counts."""
    record()
    EgressGateway("before", _args())
    recorder = record()
    here = EgressGateway("here", _args())
    other = pulumi.ResourceOptions(provider=kubernetes.Provider("other"))

    there = EgressGateway("there", _args(), other)

    def check(_):
        assert {item.parent for item in recorder.of_type("Sidecar")} == {"here", "there"}

    return pulumi.Output.all(here.scope, there.scope), check


@component_test
def test_the_network_keeps_the_gateway_from_what_is_inside():
    """Callers' namespaces come in; out go the hosts' ports, and never to private addresses."""
    recorder = record()

    gateway = EgressGateway(
        "out", _args(hosts=[_HOST, {**_PLAIN, "port": 8443}], registry_only=False)
    )

    def check(_):
        spec = recorder.one("NetworkPolicy").inputs["spec"]
        labels = {"app": "out", "istio": "egressgateway"}
        assert spec["podSelector"] == {"matchLabels": labels}
        named = [peer["namespaceSelector"]["matchLabels"] for peer in spec["ingress"][0]["from"]]
        assert [item["kubernetes.io/metadata.name"] for item in named] == ["batch", "shop"]
        (out,) = spec["egress"]
        assert [port["port"] for port in out["ports"]] == [443, 8443]
        assert "10.0.0.0/8" in out["to"][0]["ipBlock"]["except"]
        assert recorder.of_type("Sidecar") == []
        assert recorder.one("Service").inputs["spec"]["type"] == "ClusterIP"

    return gateway.gateway, check


@component_test
def test_hosts_with_long_or_like_names_have_names_that_istio_takes_and_tells_apart():
    """Subsets and ports are named after hosts, and have 63 characters at most."""
    recorder = record()
    long = "acme-production-artifacts.s3.dualstack.eu-central-1.amazonaws.com"
    names = ["a.b.example.net", "a-b.example.net", long, long.replace("acme", "beta")]

    gateway = EgressGateway(
        "out", _args(hosts=[{"host": name, "callers": ["shop/checkout"]} for name in names])
    )

    def check(_):
        assert len({item.name for item in recorder.of_type("VirtualService")}) == len(names)
        subsets = _spec(recorder, "DestinationRule", "mtls")["subsets"]
        ports = [
            server["port"]["name"] for server in _spec(recorder, "Gateway", "gateway")["servers"]
        ]
        for told in ([subset["name"] for subset in subsets], ports):
            assert len(set(told)) == len(names)
            assert max(map(len, told)) <= 63
        first = _spec(recorder, "VirtualService", "a-b-example-net-route")
        assert first["hosts"] == ["a.b.example.net"]

    return gateway.gateway, check


@pytest.mark.parametrize(
    ("hosts", "path", "says"),
    [
        ([], "hosts", "at least one"),
        ([_HOST, _HOST], "hosts", "named twice"),
        ([{**_HOST, "host": "*.example.net"}], "hosts[0].host", "not a host name"),
        ([{**_HOST, "callers": []}], "hosts[0].callers", "nobody may call"),
        ([{**_HOST, "callers": ["*/x"]}], "hosts[0].callers[0]", "namespace/service-account"),
        ([{**_HOST, "callers": ["Shop/web"]}], "hosts[0].callers[0]", "namespace/service-account"),
        ([{**_HOST, "host": "192.0.2.1"}], "hosts[0].host", "is not a host name"),
        ([{**_PLAIN, "port": 80}], "hosts[0].port", "speaks TLS"),
        ([{**_HOST, "port": 0}], "hosts[0].port", "from 1 to 65535"),
    ],
)
def test_open_ways_out_are_refused(hosts, path, says):
    """A wildcard or a host for nobody in particular is no rule."""
    record()

    with pytest.raises(ArgumentError) as raised:
        EgressGateway("out", _args(hosts=hosts))

    assert says in dict(raised.value.problems)[path]
