"""IngressGateway: its pods, its load balancer, TLS, and who may call it."""

import pulumi
import pytest

from meshwright import ArgumentError, IngressGateway, IngressGatewayArgs
from tests.unit.recording import component_test, record

_HOST = "shop.example.com"
_PODS = {"app": "public", "istio": "ingressgateway", "meshwright/gateway-namespace": "gw"}


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
        assert spec["selector"] == _PODS
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
        assert recorder.one("ServiceAccount").inputs["automountServiceAccountToken"] is False
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
        assert spec["selector"] == {"matchLabels": _PODS}
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


_MAP = {"certificate_map": "shop-example-com"}
_USERS = {
    "issuer": "https://accounts.example.com",
    "jwks_uri": "https://accounts.example.com/keys",
    "audiences": ["shop"],
}


@component_test
def test_googles_load_balancer_stands_before_the_pods():
    """It ends the users' TLS with the map's certificate, and speaks TLS to the pods again."""
    recorder = record()

    gateway = IngressGateway("public", _args(load_balancer={**_MAP, "ssl_policy": "modern"}))

    def check(address):
        assert address == "203.0.113.10"
        edge = recorder.one("Gateway", "public-load-balancer").inputs
        assert edge["apiVersion"] == "gateway.networking.k8s.io/v1"
        annotations = edge["metadata"]["annotations"]
        assert annotations["networking.gke.io/certmap"] == "shop-example-com"
        assert edge["spec"]["gatewayClassName"] == "gke-l7-global-external-managed"
        listeners = {item["name"]: item for item in edge["spec"]["listeners"]}
        assert {name: item["port"] for name, item in listeners.items()} == {
            "https": 443,
            "http": 80,
        }
        assert "tls" not in listeners["https"]
        service = recorder.one("Service").inputs["spec"]
        assert service["type"] == "ClusterIP"
        https = next(port for port in service["ports"] if port["port"] == 443)
        assert https["appProtocol"] == "HTTPS"
        route = recorder.one("HTTPRoute", "public-route").inputs["spec"]
        assert route["hostnames"] == [_HOST]
        assert route["parentRefs"] == [{"name": "public", "sectionName": "https"}]
        ((backend,),) = [rule["backendRefs"] for rule in route["rules"]]
        assert (backend["kind"], backend["name"], backend["port"]) == ("Service", "public", 443)
        redirect = recorder.one("HTTPRoute", "public-redirect").inputs["spec"]
        assert redirect["parentRefs"] == [{"name": "public", "sectionName": "http"}]
        ((answer,),) = [rule["filters"] for rule in redirect["rules"]]
        assert answer["requestRedirect"] == {"scheme": "https", "statusCode": 301}
        policy = recorder.one("GCPGatewayPolicy").inputs["spec"]
        assert policy["default"] == {"sslPolicy": "modern"}
        health = recorder.one("HealthCheckPolicy").inputs["spec"]
        assert health["default"]["config"]["httpHealthCheck"]["port"] == 15021
        assert health["targetRef"] == {"group": "", "kind": "Service", "name": "public"}

    return gateway.address, check


@component_test
def test_certificates_of_the_load_balancer_can_be_secrets():
    """A regional load balancer takes no map."""
    recorder = record()
    balancer = {
        "gateway_class": "gke-l7-regional-external-managed",
        "certificate_secrets": ["shop-tls", "more-tls"],
        "address_name": "shop",
    }

    gateway = IngressGateway("public", _args(load_balancer=balancer))

    def check(_):
        spec = recorder.one("Gateway", "public-load-balancer").inputs["spec"]
        https = next(item for item in spec["listeners"] if item["name"] == "https")
        assert https["tls"] == {
            "mode": "Terminate",
            "certificateRefs": [{"name": "shop-tls"}, {"name": "more-tls"}],
        }
        assert spec["addresses"] == [{"type": "NamedAddress", "value": "shop"}]

    return gateway.address, check


@component_test
def test_no_secrets_beside_a_map_leave_the_listener_to_the_map():
    """The Gateway API refuses a listener whose certificates are an empty list."""
    recorder = record()

    gateway = IngressGateway("public", _args(load_balancer={**_MAP, "certificate_secrets": []}))

    def check(_):
        spec = recorder.one("Gateway", "public-load-balancer").inputs["spec"]
        assert all("tls" not in listener for listener in spec["listeners"])

    return gateway.address, check


@component_test
def test_identity_aware_proxy_is_on_and_its_users_alone_get_in():
    """Whoever goes around the load balancer has no token of IAP, and is denied by the pods."""
    recorder = record()
    audience = "/projects/1/global/backendServices/2"
    iap = {"audiences": [audience], "client_id": "id", "client_secret_name": "oauth"}

    gateway = IngressGateway("public", _args(load_balancer={**_MAP, "iap": iap}))

    def check(_):
        policy = recorder.one("GCPBackendPolicy").inputs["spec"]
        assert policy["default"]["iap"] == {
            "enabled": True,
            "clientID": "id",
            "oauth2ClientSecret": {"name": "oauth"},
        }
        (rule,) = recorder.one("RequestAuthentication").inputs["spec"]["jwtRules"]
        assert rule["issuer"] == "https://cloud.google.com/iap"
        assert rule["fromHeaders"] == [{"name": "x-goog-iap-jwt-assertion"}]
        assert rule["audiences"] == [audience]
        (allowed,) = recorder.one("AuthorizationPolicy").inputs["spec"]["rules"]
        assert allowed["from"] == [
            {"source": {"requestPrincipals": ["https://cloud.google.com/iap/*"]}}
        ]
        assert _HOST in allowed["to"][0]["operation"]["hosts"]

    return gateway.gateway, check


@component_test
def test_users_tokens_are_asked_for_at_the_gateway():
    """A call without a token of the issuer matches no rule, and the mesh denies by default."""
    recorder = record()

    gateway = IngressGateway("public", _args(jwt=[_USERS]))

    def check(_):
        (rule,) = recorder.one("RequestAuthentication").inputs["spec"]["jwtRules"]
        assert (rule["issuer"], rule["audiences"]) == ("https://accounts.example.com", ["shop"])
        (allowed,) = recorder.one("AuthorizationPolicy").inputs["spec"]["rules"]
        assert allowed["from"] == [
            {"source": {"requestPrincipals": ["https://accounts.example.com/*"]}}
        ]

    return gateway.gateway, check


@component_test
def test_an_exported_gateway_has_no_load_balancer_of_its_own():
    """A MultiClusterGateway stands before the pods of every cluster."""
    recorder = record()

    gateway = IngressGateway("public", _args(exported=True))

    def check(values):
        assert values == ["", "public"]
        export = recorder.one("ServiceExport").inputs
        assert export["apiVersion"] == "net.gke.io/v1"
        assert export["metadata"] == {"name": "public", "namespace": "gw"}
        assert recorder.one("Service").inputs["spec"]["type"] == "ClusterIP"

    return pulumi.Output.all(gateway.address, gateway.service), check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"hosts": []}, "hosts", "at least one"),
        ({"hosts": ["*"]}, "hosts[0]", "every host"),
        ({"hosts": ["Shop"]}, "hosts[0]", "not a host name"),
        ({"hosts": ["shop.example.com"] * 2}, "hosts", "named twice"),
        (
            {"hosts": [f"h{i}.example.com" for i in range(17)], "load_balancer": _MAP},
            "hosts",
            "takes 16",
        ),
        ({"allowed_cidrs": ["203.0.113.7"]}, "allowed_cidrs[0]", "such as /32"),
        ({"min_replicas": 6}, "min_replicas", "more than max_replicas 5"),
        ({"min_replicas": 0}, "min_replicas", "at least 1 pod"),
        ({"hosts": ["a" * 64 + ".example.com"]}, "hosts[0]", "is not a host name"),
        ({"gateway": "Edge_1"}, "name", "lower-case"),
        ({"service_type": "NodePort"}, "service_type", "LoadBalancer, ClusterIP"),
        (
            {"load_balancer": _MAP, "service_type": "LoadBalancer"},
            "service_type",
            "already stands",
        ),
        ({"load_balancer": _MAP, "internal": True}, "internal", "network load balancer"),
        ({"load_balancer": {}}, "load_balancer.certificate_map", "name one of"),
        (
            {"load_balancer": {**_MAP, "gateway_class": "gke-l7-rilb"}},
            "load_balancer.certificate_map",
            "takes no map",
        ),
        (
            {"load_balancer": {**_MAP, "gateway_class": "gke-l7-global-external-managed-mc"}},
            "load_balancer.gateway_class",
            "must be one of",
        ),
        (
            {"load_balancer": {**_MAP, "iap": {"client_id": "x"}}},
            "load_balancer.iap.client_secret_name",
            "go together",
        ),
        (
            {"load_balancer": {**_MAP, "iap": {"audiences": ["me"]}}},
            "load_balancer.iap.audiences[0]",
            "backendServices",
        ),
        ({"jwt": [{**_USERS, "audiences": []}]}, "jwt[0].audiences", "is empty"),
    ],
)
def test_open_hosts_and_wrong_bounds_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        IngressGateway("public", _args(**change))

    assert says in dict(raised.value.problems)[path]
