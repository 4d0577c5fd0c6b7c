"""What GKE's controllers make for load balancers, as the compute API shows and keeps it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from meshwright_sandbox.core.app import create_app
from meshwright_sandbox.runtime.interface import LoadBalancer, LoadBalancing
from meshwright_sandbox.runtime.null import NullRuntime

PROJECT, REGION, CLUSTER = "meshwright-dev", "europe-west1", "main"
COMPUTE = f"/compute/compute/v1/projects/{PROJECT}"
GKE = f"/container/v1/projects/{PROJECT}/locations/{REGION}"
PLACE = (PROJECT, REGION, CLUSTER)


class Controllers(NullRuntime):
    """A runtime whose controllers are the test."""

    def use_load_balancing(self, load_balancing: LoadBalancing) -> None:
        self.load_balancing = load_balancing


class Cloud:
    """A sandbox in this process with one cluster, and its compute API."""

    def __init__(self, client: TestClient[Any, Any], balancing: LoadBalancing) -> None:
        self.client, self.balancing = client, balancing

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = await self.client.request(method, path, json=body)
        return answer.status, await answer.json()

    async def make(self, path: str, body: Any) -> None:
        status, answer = await self.call("POST", path, body)
        assert status == 200, answer
        await asyncio.sleep(0)

    async def names(self, path: str) -> list[str]:
        _, answer = await self.call("GET", f"{COMPUTE}/{path}")
        return [item["name"] for item in answer.get("items", [])]

    async def remove(self, path: str) -> str:
        """The refusal; empty where the resource may go."""
        status, answer = await self.call("DELETE", f"{COMPUTE}/{path}")
        return "" if status == 200 else answer["error"]["message"]


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    runtime = Controllers()
    app = create_app(
        tmp_path, runtime=runtime, scale=0, project=PROJECT, project_number=123456789012
    )
    async with TestClient(TestServer(app)) as client:
        cloud = Cloud(client, runtime.load_balancing)
        await cloud.make(
            f"/serviceusage/v1/projects/{PROJECT}/services/container.googleapis.com:enable", {}
        )
        await cloud.make(
            f"{COMPUTE}/global/networks", {"name": "net", "autoCreateSubnetworks": False}
        )
        network = f"projects/{PROJECT}/global/networks/net"
        subnetwork = {"name": "sub", "network": network, "ipCidrRange": "10.0.0.0/20"}
        await _settled(cloud, f"{COMPUTE}/global/operations")
        await cloud.make(f"{COMPUTE}/regions/{REGION}/subnetworks", subnetwork)
        await _settled(cloud, f"{COMPUTE}/regions/{REGION}/operations")
        cluster = {
            "name": CLUSTER,
            "network": network,
            "subnetwork": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub",
            "initialNodeCount": 1,
        }
        await cloud.make(f"{GKE}/clusters", {"cluster": cluster})
        await _settled(cloud, f"{GKE}/operations")
        yield cloud
        runtime.close()


async def _settled(cloud: Cloud, operations: str) -> None:
    """Every operation of a place is done."""
    _, listed = await cloud.call("GET", operations)
    for item in listed.get("items", listed.get("operations", [])):
        status = item["status"]
        while status != "DONE":
            _, polled = await cloud.call("GET", f"{operations}/{item['name']}")
            status = polled["status"]


def service(owner: str = "uid-1", **changes: Any) -> LoadBalancer:
    settings: dict[str, Any] = {
        "kind": "service", "owner": owner, "name": f"shop/{owner}", "address": "127.0.0.9",
        "ports": (443,), **changes,
    }  # fmt: skip
    return LoadBalancer(*PLACE, **settings)


def gateway(**changes: Any) -> LoadBalancer:
    return service("uid-g", kind="gateway", scheme="EXTERNAL_MANAGED", **changes)


async def test_a_rule_with_an_internal_address_is_in_the_clusters_network(cloud: Cloud) -> None:
    reserved = {
        "name": "held",
        "addressType": "INTERNAL",
        "subnetwork": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub",
    }
    await cloud.make(f"{COMPUTE}/regions/{REGION}/addresses", reserved)
    await _settled(cloud, f"{COMPUTE}/regions/{REGION}/operations")
    _, held = await cloud.call("GET", f"{COMPUTE}/regions/{REGION}/addresses/held")

    cloud.balancing.publish(service(scheme="INTERNAL", address=held["address"]))
    _, used = await cloud.call("GET", f"{COMPUTE}/regions/{REGION}/addresses/held")
    (rule,) = await cloud.names(f"regions/{REGION}/forwardingRules")

    assert held["status"] == "RESERVED"
    assert [user.rpartition("/")[2] for user in used["users"]] == [rule]
    assert "is already being used by" in await cloud.remove(f"regions/{REGION}/addresses/held")


async def test_a_service_has_a_forwarding_rule_and_a_firewall_rule(cloud: Cloud) -> None:
    cloud.balancing.publish(service())
    cloud.balancing.publish(service())

    (name,) = await cloud.names(f"regions/{REGION}/forwardingRules")
    _, rule = await cloud.call("GET", f"{COMPUTE}/regions/{REGION}/forwardingRules/{name}")
    assert (rule["IPAddress"], rule["portRange"]) == ("127.0.0.9", "443-443")
    assert rule["target"].endswith(f"/targetPools/{name}")
    assert await cloud.names("global/firewalls") == [f"k8s-fw-{name}"]
    _, inventory = await cloud.call("GET", "/_sandbox/inventory")
    assert {item["type"] for item in inventory} == {
        "networks", "subnetworks", "projects.locations.clusters",
    }  # fmt: skip


async def test_changed_ports_change_what_is_open(cloud: Cloud) -> None:
    cloud.balancing.publish(service())
    cloud.balancing.publish(service(ports=(80, 443)))

    (name,) = await cloud.names("global/firewalls")
    _, rule = await cloud.call("GET", f"{COMPUTE}/global/firewalls/{name}")
    assert rule["allowed"] == [{"IPProtocol": "tcp", "ports": ["80", "443"]}]


@pytest.mark.parametrize(
    ("is_global", "place"), [(True, "global"), (False, f"regions/{REGION}")], ids=["global", "reg"]
)
async def test_a_gateway_has_endpoint_groups_in_each_zone_behind_its_rules(
    cloud: Cloud, is_global: bool, place: str
) -> None:
    cloud.balancing.publish(gateway(ports=(80, 443), is_global=is_global))

    groups = {
        zone: len(await cloud.names(f"zones/{REGION}-{zone}/networkEndpointGroups"))
        for zone in "bcd"
    }
    assert groups == {"b": 1, "c": 1, "d": 1}
    assert len(await cloud.names(f"{place}/forwardingRules")) == 2
    for kind in ("backendServices", "targetHttpProxies", "urlMaps"):
        assert len(await cloud.names(f"{place}/{kind}")) == 1
    (proxy,) = await cloud.names(f"{place}/targetHttpProxies")
    refused = await cloud.remove(f"{place}/targetHttpProxies/{proxy}")
    assert refused.startswith("The target_http_proxy resource ")
    assert "is already being used by" in refused
    cloud.balancing.publish(gateway(ports=(443,), is_global=is_global))
    assert len(await cloud.names(f"{place}/forwardingRules")) == 1


async def test_what_is_left_keeps_network_and_subnetwork(cloud: Cloud) -> None:
    """Also after the cluster is gone, which removes nothing of it."""
    cloud.balancing.publish(service())
    cloud.balancing.publish(gateway(is_global=True))
    status, _ = await cloud.call("DELETE", f"{GKE}/clusters/{CLUSTER}")
    assert status == 200
    await _settled(cloud, f"{GKE}/operations")

    assert "networkEndpointGroups" in await cloud.remove(f"regions/{REGION}/subnetworks/sub")
    assert "is already being used by" in await cloud.remove("global/networks/net")

    for owner in ("uid-1", "uid-g"):
        cloud.balancing.withdraw(*PLACE, owner)
    assert await cloud.remove(f"regions/{REGION}/subnetworks/sub") == ""
    await _settled(cloud, f"{COMPUTE}/regions/{REGION}/operations")
    assert await cloud.remove("global/networks/net") == ""


async def test_objects_that_went_unseen_are_cleaned_up_after(cloud: Cloud) -> None:
    """A controller that was away looks at what is there, kind by kind."""
    for owner in ("uid-1", "uid-2"):
        cloud.balancing.publish(service(owner))
    cloud.balancing.publish(gateway(is_global=True))

    cloud.balancing.keep_only(*PLACE, "service", {"uid-2"})

    rules = await cloud.names(f"regions/{REGION}/forwardingRules")
    assert rules == ["auid2"]
    assert len(await cloud.names("global/forwardingRules")) == 1


async def test_nothing_is_made_for_a_cluster_that_is_not_there(cloud: Cloud) -> None:
    cloud.balancing.publish(
        LoadBalancer(PROJECT, REGION, "other", "service", "u", "a/b", "127.0.0.9", (80,))
    )

    assert await cloud.names("global/firewalls") == []
