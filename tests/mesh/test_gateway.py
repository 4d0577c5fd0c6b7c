"""Calls from outside of the mesh, by way of a gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from kubernetes import client

from meshwright import IngressGateway
from meshwright_sandbox.traffic.calls import Call, call
from tests.mesh.harness import MeshCluster, caller_of, gateway_selector, identity
from tests.sandbox.runtime.conftest import eventually
from tests.unit.recording import record

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

MARKET, GATEWAY, SERVICE, HOST = "market", "entrance", "stalls", "market.example.com"
# Any address of the sandbox's; what a client's would be.
CLIENT = "198.18.7.7"
PORT = 8080
# Two namespaces, each with a gateway of the component's and of the same name.
DOOR = "door"
DOORS = {"quay": "quay.example.com", "pier": "pier.example.com"}


@pytest.fixture(scope="module")
def cluster(west: MeshCluster) -> Iterator[MeshCluster]:
    """A service that lets in nobody but by mutual TLS, behind a gateway."""
    west.namespace(MARKET)
    west.deploy(MARKET, SERVICE)
    west.serve(MARKET, SERVICE)
    west.deploy_gateway(MARKET, GATEWAY)
    west.create(MARKET, "PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
    server = {"port": {"number": PORT, "name": "http", "protocol": "HTTP"}, "hosts": [HOST]}
    gateway = {"selector": gateway_selector(MARKET, GATEWAY), "servers": [server]}
    west.create(MARKET, "Gateway", GATEWAY, gateway)
    route = {"route": [{"destination": {"host": SERVICE, "port": {"number": 80}}}]}
    hosts = {"hosts": [HOST], "gateways": [GATEWAY], "http": [route]}
    west.create(MARKET, "VirtualService", SERVICE, hosts)
    west.wait(MARKET, SERVICE, GATEWAY)
    yield west
    west.core.delete_namespace(MARKET)


def test_a_gateway_brings_calls_in_and_names_who_made_them(cluster: MeshCluster) -> None:
    (pod,) = cluster.traffic.pods(MARKET, GATEWAY)
    url = f"http://{pod['status']['podIP']}:{PORT}/"

    def answered() -> None:
        (answer,) = call(cluster.network, Call(url, headers={"host": HOST}, source=CLIENT))
        assert answer.status == 200
        assert caller_of(answer) == identity(MARKET, "default")
        assert answer.json()["headers"]["x-forwarded-for"] == CLIENT

    eventually(answered)
    (other,) = call(cluster.network, Call(url, headers={"host": "other.example.com"}))
    assert other.status == 404


@pytest.fixture(scope="module")
def doors(west: MeshCluster) -> Iterator[MeshCluster]:
    """Both gateways as the component makes them, the Gateway objects before any pod."""
    made = {namespace: _made(namespace, host) for namespace, host in DOORS.items()}
    for namespace, objects in made.items():
        west.namespace(namespace)
        west.core.create_namespaced_service_account(namespace, {"metadata": {"name": DOOR}})
        west.create(namespace, "Gateway", DOOR, objects["Gateway"]["spec"])
    for namespace, objects in made.items():
        client.AppsV1Api(west.api).create_namespaced_deployment(namespace, objects["Deployment"])
    for namespace in made:
        west.wait(namespace, DOOR)
    yield west
    for namespace in made:
        west.core.delete_namespace(namespace)


def test_gateways_of_one_name_in_two_namespaces_serve_each_its_own_hosts(
    doors: MeshCluster,
) -> None:
    """The plain port redirects for a host it serves, and knows no other."""
    for namespace, host in DOORS.items():
        (pod,) = doors.traffic.pods(namespace, DOOR)
        url = f"http://{pod['status']['podIP']}:80/"

        def status(wanted: str, url: str = url) -> int:
            (answer,) = call(doors.network, Call(url, headers={"host": wanted}))
            return answer.status

        def serves_its_own(host: str = host) -> None:
            assert status(host) == 301

        eventually(serves_its_own)
        for other in DOORS.values():
            assert status(other) == (301 if other == host else 404)


def _made(namespace: str, host: str) -> dict[str, dict[str, Any]]:
    """The bodies of the Gateway and the Deployment of a component with that namespace and host."""
    recorder = record()

    @pulumi.runtime.test
    def program() -> pulumi.Output[str]:
        given = {"namespace": namespace, "hosts": [host], "tls_secret": DOOR}
        return IngressGateway(DOOR, given).gateway  # type: ignore[arg-type]

    program()
    return {kind: recorder.one(kind).body() for kind in ("Gateway", "Deployment")}
