"""What Google's controllers do for a cluster happens here as well."""

from base64 import b64decode, b64encode
from typing import Any

import pytest
from cryptography import x509
from kubernetes import client

from meshwright_sandbox.runtime.local import LocalRuntime
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]


def service(name: str, kind: str = "LoadBalancer") -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": {"type": kind, "selector": {"app": name}, "ports": [{"port": 443}]},
    }


def test_load_balancer_services_get_an_address_each(
    api: client.ApiClient, make_namespace: Any
) -> None:
    core, namespace = client.CoreV1Api(api), make_namespace()
    for name in ("one", "two"):
        core.create_namespaced_service(namespace, service(name))

    def addresses() -> set[str]:
        items = core.list_namespaced_service(namespace).items
        assert all(s.status.load_balancer.ingress for s in items)
        return {s.status.load_balancer.ingress[0].ip for s in items}

    found = eventually(addresses)
    assert len(found) == 2
    assert all(address.startswith("127.") for address in found)

    core.patch_namespaced_service("one", namespace, {"metadata": {"labels": {"changed": "yes"}}})
    assert eventually(addresses) == found


def test_a_service_that_is_no_load_balancer_any_more_loses_its_address(
    api: client.ApiClient, make_namespace: Any
) -> None:
    core, namespace = client.CoreV1Api(api), make_namespace()
    core.create_namespaced_service(namespace, service("web"))

    def shown() -> list[Any]:
        return core.read_namespaced_service("web", namespace).status.load_balancer.ingress or []

    def has_address(wanted: bool) -> None:
        assert bool(shown()) is wanted

    eventually(lambda: has_address(True))
    core.patch_namespaced_service("web", namespace, {"spec": {"type": "ClusterIP"}})
    eventually(lambda: has_address(False))


def test_a_gateway_of_gkes_class_is_programmed(api: client.ApiClient, make_namespace: Any) -> None:
    place = ("gateway.networking.k8s.io", "v1", make_namespace(), "gateways")
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "public"},
        "spec": {
            "gatewayClassName": "gke-l7-regional-external-managed",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
    }
    objects = client.CustomObjectsApi(api)
    objects.create_namespaced_custom_object(*place, gateway)

    def programmed() -> None:
        status = objects.get_namespaced_custom_object(*place, "public")["status"]
        conditions = {c["type"]: c["status"] for c in status["conditions"]}
        assert conditions["Accepted"] == conditions["Programmed"] == "True"
        assert status["addresses"][0]["value"].startswith("127.")

    eventually(programmed)


def test_gkes_gateway_classes_are_accepted_and_nobody_elses(api: client.ApiClient) -> None:
    objects, place = client.CustomObjectsApi(api), ("gateway.networking.k8s.io", "v1")
    foreign = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "foreign"},
        "spec": {"controllerName": "example.com/gateway"},
    }
    objects.create_cluster_custom_object(*place, "gatewayclasses", foreign)

    def accepted() -> dict[str, str]:
        classes = objects.list_cluster_custom_object(*place, "gatewayclasses")["items"]
        shown = {
            c["metadata"]["name"]: condition["status"]
            for c in classes
            for condition in c["status"]["conditions"]
            if condition["type"] == "Accepted"
        }
        googles = {name: status for name, status in shown.items() if name.startswith("gke-l7-")}
        assert len(googles) == 4
        assert set(googles.values()) == {"True"}
        return shown

    assert eventually(accepted)["foreign"] == "Unknown"
    objects.delete_cluster_custom_object(*place, "gatewayclasses", "foreign")


def istio_gateway(credential: str, *hosts: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "public"},
        "spec": {
            "selector": {"istio": "ingressgateway"},
            "servers": [
                {
                    "hosts": list(hosts),
                    "port": {"number": 443, "name": "https", "protocol": "HTTPS"},
                    "tls": {"mode": "SIMPLE", "credentialName": credential},
                }
            ],
        },
    }


def test_a_gateways_missing_certificate_is_issued_and_goes_with_it(
    runtime: LocalRuntime, api: client.ApiClient, make_namespace: Any
) -> None:
    namespace = make_namespace()
    core, objects = client.CoreV1Api(api), client.CustomObjectsApi(api)
    place = ("networking.istio.io", "v1", namespace, "gateways")
    gateway = istio_gateway("shop-tls", "shop.example.com", f"{namespace}/api.example.com")
    objects.create_namespaced_custom_object(*place, gateway)

    secret = eventually(lambda: core.read_namespaced_secret("shop-tls", namespace))
    assert secret.type == "kubernetes.io/tls"
    chain = x509.load_pem_x509_certificates(b64decode(secret.data["tls.crt"]))
    names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["api.example.com", "shop.example.com"]
    chain[0].verify_directly_issued_by(
        x509.load_pem_x509_certificate(runtime.authority.certificate.encode())
    )

    objects.delete_namespaced_custom_object(*place, "public")

    def gone() -> None:
        assert "shop-tls" not in {
            s.metadata.name for s in core.list_namespaced_secret(namespace).items
        }

    eventually(gone)


def test_a_certificate_of_somebody_else_is_left_alone(
    api: client.ApiClient, make_namespace: Any
) -> None:
    namespace, core = make_namespace(), client.CoreV1Api(api)
    own = b64encode(b"own").decode()
    body = {
        "type": "kubernetes.io/tls",
        "metadata": {"name": "own-tls"},
        "data": {"tls.crt": own, "tls.key": own},
    }
    core.create_namespaced_secret(namespace, body)
    objects = client.CustomObjectsApi(api)
    for name, credential in (("first", "own-tls"), ("second", "issued-tls")):
        gateway = istio_gateway(credential, "shop.example.com")
        gateway["metadata"]["name"] = name
        objects.create_namespaced_custom_object(
            "networking.istio.io", "v1", namespace, "gateways", gateway
        )
    # Gateways are handled in the order they come, so the first one is done by now.
    eventually(lambda: core.read_namespaced_secret("issued-tls", namespace))
    assert core.read_namespaced_secret("own-tls", namespace).data["tls.crt"] == own
