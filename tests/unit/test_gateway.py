"""IngressGateway: its pods, its load balancer, TLS, and who may call it."""

import pulumi
import pytest

from meshwright import ArgumentError, IngressGateway, IngressGatewayArgs
from tests.unit.recording import component_test, record

_HOST = "shop.example.com"


def _args(**more: object) -> IngressGatewayArgs:
    base = {"namespace": "gw", "hosts": [_HOST], "tls_secret": "shop-tls"}
    return {**base, **more}  # type: ignore[typeddict-item]


@component_test
def test_https_is_served_with_the_named_certificate_and_http_redirects():
    """TLS is 1.2 or later; the plain port answers nothing itself."""
    recorder = record()

    gateway = IngressGateway("public", _args())

    def check(values):
        assert values == ["gw/public", "203.0.113.9", "gw/public"]
        spec = recorder.one("Gateway").inputs["spec"]
        assert spec["selector"] == {"app": "public", "istio": "ingressgateway"}
        https, http = spec["servers"]
        assert https["port"] == {"number": 443, "name": "https", "protocol": "HTTPS"}
        assert https["hosts"] == http["hosts"] == [_HOST]
        assert https["tls"] == {
            "mode": "SIMPLE",
            "credentialName": "shop-tls",
            "minProtocolVersion": "TLSV1_2",
        }
        assert http["tls"] == {"httpsRedirect": True}

    return pulumi.Output.all(gateway.gateway, gateway.address, gateway.service_account), check


@component_test
def test_pods_are_injected_and_pass_pod_security_restricted():
    """The mesh's webhook fills in the proxy; the pod asks for no privilege."""
    recorder = record()

    gateway = IngressGateway("public", _args(revision="asm-managed"))

    def check(_):
        pod = recorder.one("Deployment").inputs["spec"]["template"]
        assert pod["metadata"]["annotations"] == {"inject.istio.io/templates": "gateway"}
        assert pod["metadata"]["labels"]["sidecar.istio.io/inject"] == "true"
        assert pod["metadata"]["labels"]["istio.io/rev"] == "asm-managed"
        spec = pod["spec"]
        assert spec["serviceAccountName"] == "public"
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (proxy,) = spec["containers"]
        assert (proxy["name"], proxy["image"]) == ("istio-proxy", "auto")
        assert proxy["securityContext"]["allowPrivilegeEscalation"] is False
        assert proxy["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert "replicas" not in recorder.one("Deployment").inputs["spec"]

    return gateway.address, check


@component_test
def test_anyone_may_call_the_hosts_and_nothing_else():
    """The mesh denies by default, and callers from outside have no identity."""
    recorder = record()

    gateway = IngressGateway("public", _args())

    def check(_):
        spec = recorder.one("AuthorizationPolicy").inputs["spec"]
        assert spec["action"] == "ALLOW"
        assert spec["selector"] == {"matchLabels": {"app": "public", "istio": "ingressgateway"}}
        assert spec["rules"] == [{"to": [{"operation": {"hosts": [_HOST, f"{_HOST}:*"]}}]}]

    return gateway.gateway, check


@component_test
def test_a_wildcard_host_has_no_second_wildcard():
    """Istio would read it as a literal star."""
    recorder = record()

    gateway = IngressGateway("public", _args(hosts=["*.example.com"]))

    def check(_):
        rules = recorder.one("AuthorizationPolicy").inputs["spec"]["rules"]
        assert rules == [{"to": [{"operation": {"hosts": ["*.example.com"]}}]}]

    return gateway.gateway, check


@component_test
def test_the_service_keeps_callers_addresses():
    """Access logs and rules need the caller's own address."""
    recorder = record()

    gateway = IngressGateway(
        "public",
        _args(internal=True, load_balancer_ip="10.0.0.9", allowed_cidrs=["10.0.0.0/8"]),
    )

    def check(_):
        service = recorder.one("Service").inputs
        spec = service["spec"]
        assert spec["type"] == "LoadBalancer"
        assert spec["externalTrafficPolicy"] == "Local"
        assert spec["loadBalancerIP"] == "10.0.0.9"
        assert spec["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
        assert [port["port"] for port in spec["ports"]] == [15021, 80, 443]
        annotations = service["metadata"]["annotations"]
        assert annotations == {"networking.gke.io/load-balancer-type": "Internal"}

    return gateway.address, check


@component_test
def test_it_scales_and_survives_upgrades():
    """Two pods at least, and one may be gone at a time."""
    recorder = record()

    gateway = IngressGateway("public", _args(min_replicas=3, max_replicas=9, gateway="edge"))

    def check(_):
        scaler = recorder.one("HorizontalPodAutoscaler").inputs["spec"]
        assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
        assert scaler["scaleTargetRef"]["name"] == "edge"
        budget = recorder.one("PodDisruptionBudget").inputs
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["metadata"]["name"] == "edge"
        role = recorder.one("Role").inputs
        assert role["rules"][0]["resources"] == ["secrets"]
        assert recorder.one("RoleBinding").inputs["subjects"][0]["name"] == "edge"

    return gateway.address, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"hosts": []}, "hosts", "at least one"),
        ({"hosts": ["*"]}, "hosts[0]", "every host"),
        ({"hosts": ["Shop"]}, "hosts[0]", "not a host name"),
        ({"min_replicas": 6}, "min_replicas", "more than max_replicas 5"),
        ({"gateway": "Edge_1"}, "name", "lower-case"),
    ],
)
def test_open_hosts_and_wrong_bounds_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        IngressGateway("public", _args(**change))

    assert says in dict(raised.value.problems)[path]
