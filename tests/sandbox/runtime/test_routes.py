"""HTTPRoutes on Gateways of GKE's classes, and TrafficRoute's objects before the real istiod."""

import json
import re
from typing import Any

import pytest
from kubernetes import client

from meshwright.traffic import unsupported
from tests.sandbox.runtime.conftest import eventually
from tests.unit.routes import PARTS, PROTOCOLS, made, part_of_route

pytestmark = pytest.mark.cluster

GATEWAYS = ("gateway.networking.k8s.io", "v1")


def gateway(allowed: str) -> dict[str, Any]:
    listener = {
        "name": "http",
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": allowed}},
    }
    return {
        "apiVersion": "/".join(GATEWAYS),
        "kind": "Gateway",
        "metadata": {"name": "public"},
        "spec": {
            "gatewayClassName": "gke-l7-global-external-managed",
            "listeners": [listener],
        },
    }


def route(gateways: str, backend: str) -> dict[str, Any]:
    return {
        "apiVersion": "/".join(GATEWAYS),
        "kind": "HTTPRoute",
        "metadata": {"name": "web"},
        "spec": {
            "parentRefs": [
                {"group": "", "kind": "Service", "name": "web", "port": 80},
                {"kind": "Gateway", "namespace": gateways, "name": "public"},
            ],
            "rules": [{"backendRefs": [{"name": backend, "port": 80}]}],
        },
    }


@pytest.mark.parametrize(
    ("allowed", "backend", "accepted", "resolved"),
    [
        ("All", "web", "Accepted", "ResolvedRefs"),
        ("Same", "web", "NotAllowedByListeners", "ResolvedRefs"),
        ("All", "gone", "Accepted", "BackendNotFound"),
    ],
)
def test_a_route_is_told_what_its_gateway_makes_of_it(
    api: client.ApiClient,
    make_namespace: Any,
    allowed: str,
    backend: str,
    accepted: str,
    resolved: str,
) -> None:
    """Beside what istiod tells of the same route for callers in the mesh."""
    # istiod judges what is of its revision.
    home, shop = make_namespace(), make_namespace({"istio.io/rev": "asm-managed"})
    objects = client.CustomObjectsApi(api)
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
    client.CoreV1Api(api).create_namespaced_service(shop, service)
    objects.create_namespaced_custom_object(*GATEWAYS, home, "gateways", gateway(allowed))
    place = (*GATEWAYS, shop, "httproutes")

    objects.create_namespaced_custom_object(*place, route(home, backend))

    def judged() -> None:
        status = objects.get_namespaced_custom_object(*place, "web").get("status", {})
        reasons = {
            parent["controllerName"]: {c["type"]: c["reason"] for c in parent["conditions"]}
            for parent in status.get("parents", [])
        }
        expected = {"Accepted": accepted, "ResolvedRefs": resolved}
        assert reasons.get("networking.gke.io/gateway") == expected
        assert "istio.io/gateway-controller" in reasons

    eventually(judged)


PLURALS = {
    "HTTPRoute": "httproutes",
    "GRPCRoute": "grpcroutes",
    "VirtualService": "virtualservices",
    "DestinationRule": "destinationrules",
}


def test_the_api_server_and_istiod_take_whatever_a_route_renders(
    api: client.ApiClient, make_namespace: Any
) -> None:
    """Each part of a route's arguments, before the CRDs' rules and istiod's webhook."""
    namespace, objects, taken = make_namespace(), client.CustomObjectsApi(api), set[str]()

    def send(kind: str, inputs: dict[str, Any]) -> None:
        group, version = inputs["apiVersion"].split("/")
        # The engine's numbers are floating point; plugins send whole ones as such.
        whole = re.sub(r"(?<=\d)\.0(?=[,}\]])", "", json.dumps(inputs))
        body = json.loads(whole) | {"metadata": {"name": inputs["metadata"]["name"]}}
        objects.create_namespaced_custom_object(
            group, version, namespace, PLURALS[kind], body, dry_run="All", field_validation="Strict"
        )
        taken.add(kind)

    def refused() -> None:
        spec = {"hosts": ["a"], "http": [{"route": [{"destination": {"host": "a"}, "weight": -1}]}]}
        wrong = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "spec": spec}
        with pytest.raises(client.ApiException, match="weight"):
            send("VirtualService", wrong | {"metadata": {"name": "wrong"}})

    eventually(refused)  # the webhook is asked
    for rendering in ("istio", "gateway-api"):
        for protocol in PROTOCOLS:
            for _, part in PARTS.values():
                args = part_of_route(rendering, protocol, part)
                if unsupported(args):
                    continue
                for item in made(args).registrations:
                    kind = item.type.rsplit(":", 1)[-1]
                    if kind in PLURALS:
                        send(kind, item.inputs)
    assert taken == set(PLURALS)
