"""Calls from outside of the mesh, by way of a gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshwright_sandbox.traffic.calls import Call, call
from tests.mesh.harness import MeshCluster, caller_of, gateway_selector, identity
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

MARKET, GATEWAY, SERVICE, HOST = "market", "entrance", "stalls", "market.example.com"
# Any address of the sandbox's; what a client's would be.
CLIENT = "198.18.7.7"
PORT = 8080


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
