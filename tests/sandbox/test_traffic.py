"""What carries traffic in the sandbox, part by part: echo service, pods' networks, settings."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network, open_network
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.traffic import containers
from meshwright_sandbox.traffic.addresses import Addresses
from meshwright_sandbox.traffic.calls import Answer, Call, call
from meshwright_sandbox.traffic.echo import SETTINGS_PATH, Echo, settings_of
from meshwright_sandbox.traffic.pod_network import open_pod_network
from tests.sandbox.runtime.conftest import eventually

PODS, SERVICES = "10.16.0.0/16", "10.17.0.0/20"


@pytest.fixture
async def echo() -> AsyncIterator[TestClient[Any, Any]]:
    settings = settings_of({"ECHO_VERSION": "v1", "PATH": "/usr/bin"})
    async with TestClient(TestServer(Echo("checkout-1", settings).application())) as served:
        yield served


async def test_the_echo_service_says_what_it_is_and_what_it_saw(
    echo: TestClient[Any, Any],
) -> None:
    await echo.get("/")
    answer = await (await echo.post("/cart", headers={"X-Group": "b"})).json()
    assert (answer["pod"], answer["version"], answer["requests"]) == ("checkout-1", "v1", 2)
    assert answer["headers"]["x-group"] == "b"


async def test_the_echo_service_fails_as_often_as_it_is_told(echo: TestClient[Any, Any]) -> None:
    await echo.put(SETTINGS_PATH, json={"error_rate": 1, "error_status": 503})
    assert {(await echo.get("/")).status for _ in range(10)} == {503}
    await echo.put(SETTINGS_PATH, json={"error_rate": 0})
    assert {(await echo.get("/")).status for _ in range(10)} == {200}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"error_rate": 1.5}, "error_rate"),
        ({"latency": 1}, "latency"),
        ({"latency_seconds": -1}, "latency_seconds"),
        ([1], ""),
    ],
)
async def test_the_echo_service_refuses_settings_that_make_no_sense(
    echo: TestClient[Any, Any], wrong: object, named: str
) -> None:
    refused = await echo.put(SETTINGS_PATH, json=wrong)
    assert refused.status == 400
    assert named in (await refused.json())["error"]
    assert (await echo.get("/")).status == 200


def test_a_container_gets_the_variables_that_its_kubelet_would_give() -> None:
    container = {
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            {
                "name": "MEMORY",
                "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}},
            },
            {"name": "DOMAIN", "value": "$(POD_NAME).shop $(UNKNOWN)"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        ],
        "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}},
    }
    pod = {
        "metadata": {"name": "checkout-1", "labels": {"app": "checkout"}},
        "status": {"podIP": "10.16.0.7"},
    }
    assert containers.environment(pod, container) == {
        "HOSTNAME": "checkout-1",
        "POD_NAME": "checkout-1",
        "APP": "checkout",
        "IP": "10.16.0.7",
        "CPU": "2",
        "MEMORY": "1024",
        "DOMAIN": "checkout-1.shop $(UNKNOWN)",
    }


def test_each_pod_keeps_an_address_of_its_own() -> None:
    addresses = Addresses(PODS)
    first, second = addresses.of("a"), addresses.of("b")
    assert first != second
    assert addresses.of("a") == first
    addresses.keep({"b"})
    assert addresses.of("c") == first


def test_more_pods_than_addresses_are_refused() -> None:
    addresses = Addresses("10.16.0.0/24")
    given = {addresses.of(str(number)) for number in range(14)}
    assert len(given) == 14
    with pytest.raises(RuntimeFailure, match="no address is left"):
        addresses.of("14")


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[ProcessTable]:
    table = ProcessTable(tmp_path)
    yield table
    table.stop(*table.entries())


@pytest.fixture
def network(tmp_path: Path, processes: ProcessTable) -> Network:
    opened = open_network(tmp_path, processes)
    if opened.kind == "host":
        pytest.skip(opened.limits)
    opened.add_range(PODS)
    return opened


def joined(network: Network, processes: ProcessTable, number: int, *captured: str) -> Network:
    """The network of the pod 10.16.0.NUMBER."""
    return open_pod_network(
        network,
        processes,
        f"pod-{number}",
        device=f"pod-{number}",
        address=f"10.16.0.{number}",
        captured=captured,
    )


def serve(place: Network, processes: ProcessTable, port: int, folder: Path) -> None:
    """Files of ``folder`` on this port of a pod."""
    command = [sys.executable, "-m", "http.server", str(port), "--directory", str(folder)]
    processes.spawn(f"server-{port}-{place.holder}", place.command(command))


def body(place: Network, address: str) -> str:
    """What an address answers to a caller in that place."""

    def answered() -> Answer:
        (answer,) = call(place, Call(f"http://{address}/who", timeout_seconds=2))
        assert answer.status == 200, answer.error
        return answer

    return eventually(answered).body


def test_pods_and_the_sandbox_reach_a_pod_by_its_address(
    network: Network, processes: ProcessTable, tmp_path: Path
) -> None:
    one, two = joined(network, processes, 1), joined(network, processes, 2)
    (tmp_path / "who").write_text("one")
    serve(one, processes, 8080, tmp_path)
    for caller in (one, two, network):
        assert body(caller, "10.16.0.1:8080") == "one"


def test_a_pods_connections_are_led_to_its_sidecar(
    network: Network, processes: ProcessTable, tmp_path: Path
) -> None:
    """Those to Services and those that come in; its own to other pods are not."""
    pod, other = joined(network, processes, 1, SERVICES), joined(network, processes, 2)
    for place, name, port in (
        (pod, "outbound", 15001),
        (pod, "inbound", 15006),
        (pod, "status", 15021),
        (other, "other", 8080),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "who").write_text(name)
        serve(place, processes, port, tmp_path / name)
    assert body(pod, "10.17.0.9:80") == "outbound"
    assert body(other, "10.16.0.1:8080") == "inbound"
    assert body(other, "10.16.0.1:15021") == "status"
    assert body(pod, "10.16.0.2:8080") == "other"
