"""Peerings of networks, driven by google-api-python-client and gcloud: they take two sides."""

from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import Sandbox, finish
from tests.sandbox.vpc import make_network, make_subnetwork


class Peerings:
    """Two networks, and calls about the peerings of each."""

    def __init__(self, compute: Any, project: str) -> None:
        self.networks, self.operations = compute.networks(), compute.globalOperations()
        self.project = project
        self.left, self.right = (make_network(compute, project, n) for n in ("left", "right"))

    def add(self, network: str, name: str, peer: str, **fields: Any) -> None:
        peering = {"name": name, "network": peer, "exchangeSubnetRoutes": True} | fields
        self._call("addPeering", network, {"networkPeering": peering})

    def update(self, network: str, name: str, /, **fields: Any) -> None:
        self._call("updatePeering", network, {"networkPeering": {"name": name} | fields})

    def remove(self, network: str, name: str) -> None:
        self._call("removePeering", network, {"name": name})

    def of(self, network: str) -> list[dict[str, Any]]:
        read = self.networks.get(project=self.project, network=network.rpartition("/")[2])
        return read.execute().get("peerings", [])

    def states(self) -> list[list[str]]:
        return [[each["state"] for each in self.of(side)] for side in (self.left, self.right)]

    def _call(self, verb: str, network: str, body: dict[str, Any]) -> None:
        where = {"project": self.project, "network": network.rpartition("/")[2]}
        operation = getattr(self.networks, verb)(**where, body=body).execute()
        assert operation["operationType"] == verb
        ended = finish(self.operations, operation, project=self.project)
        assert "error" not in ended


@pytest.fixture
def peerings(compute: Any, project: str) -> Peerings:
    return Peerings(compute, project)


def test_a_peering_is_active_once_both_sides_are_there(peerings: Peerings) -> None:
    peerings.add(peerings.left, "there", peerings.right)
    [waiting] = peerings.of(peerings.left)
    assert (waiting["state"], peerings.of(peerings.right)) == ("INACTIVE", [])
    assert waiting["stateDetails"] == "Waiting for peer network to connect."

    peerings.add(peerings.right, "back", peerings.left, importCustomRoutes=True)
    assert peerings.states() == [["ACTIVE"], ["ACTIVE"]]
    assert peerings.of(peerings.left)[0]["peerMtu"] == 1460

    peerings.remove(peerings.right, "back")
    assert peerings.states() == [["INACTIVE"], []]


def test_a_peering_says_what_it_does_by_default(peerings: Peerings) -> None:
    peerings.add(peerings.left, "there", peerings.right)

    [shown] = peerings.of(peerings.left)

    assert shown["network"].endswith(peerings.right)
    assert shown["exportSubnetRoutesWithPublicIp"] is True
    assert {shown[f"{way}portCustomRoutes"] for way in ("im", "ex")} == {False}
    assert (shown["stackType"], shown["updateStrategy"]) == ("IPV4_ONLY", "INDEPENDENT")


def test_an_update_changes_what_it_names(peerings: Peerings) -> None:
    peerings.add(peerings.left, "there", peerings.right, importCustomRoutes=True)

    peerings.update(peerings.left, "there", exportCustomRoutes=True)

    [shown] = peerings.of(peerings.left)
    assert (shown["importCustomRoutes"], shown["exportCustomRoutes"]) == (True, True)
    with pytest.raises(HttpError, match="cannot be changed"):
        peerings.update(peerings.left, "there", network=peerings.left)
    with pytest.raises(HttpError, match="There is no peering 'none'"):
        peerings.update(peerings.left, "none", exportCustomRoutes=True)


def test_a_peer_may_be_missing_and_may_go(compute: Any, project: str, peerings: Peerings) -> None:
    networks = compute.networks()
    peerings.add(peerings.left, "early", f"projects/{project}/global/networks/later")
    peerings.add(peerings.left, "there", peerings.right)
    peerings.add(peerings.right, "back", peerings.left)
    patch = networks.patch(project=project, network="left", body={"mtu": 1500})
    finish(compute.globalOperations(), patch.execute(), project=project)
    assert peerings.of(peerings.right)[0]["peerMtu"] == 1500

    gone = networks.delete(project=project, network="right").execute()
    assert "error" not in finish(compute.globalOperations(), gone, project=project)

    assert [(p["name"], p["state"]) for p in peerings.of(peerings.left)] == [
        ("early", "INACTIVE"),
        ("there", "INACTIVE"),
    ]


@pytest.mark.parametrize(
    ("name", "peer", "text"),
    [
        ("Wrong_Name", "right", "Must be a match of regex"),
        ("itself", "left", "peered with itself"),
        ("there", "other", "There is already a peering 'there'"),
        ("second", "right", "There is already a peering with network"),
    ],
)
def test_a_wrong_peering_is_refused(
    project: str, peerings: Peerings, name: str, peer: str, text: str
) -> None:
    peerings.add(peerings.left, "there", peerings.right)

    with pytest.raises(HttpError, match=text) as caught:
        peerings.add(peerings.left, name, f"projects/{project}/global/networks/{peer}")

    assert caught.value.status_code == 400
    assert [each["name"] for each in peerings.of(peerings.left)] == ["there"]


def test_connected_networks_have_ranges_of_their_own(
    compute: Any, project: str, peerings: Peerings
) -> None:
    make_subnetwork(compute, project, peerings.left, name="a", ipCidrRange="10.0.0.0/20")
    make_subnetwork(compute, project, peerings.right, name="b", ipCidrRange="10.0.8.0/24")
    peerings.add(peerings.left, "there", peerings.right)
    with pytest.raises(HttpError, match="overlaps with an IP range"):
        peerings.add(peerings.right, "back", peerings.left)

    third = make_network(compute, project, "third")
    peerings.add(peerings.left, "to-third", third)
    peerings.add(third, "back", peerings.left)
    with pytest.raises(HttpError, match="conflicts with existing subnetwork 'a'"):
        make_subnetwork(compute, project, third, name="c", ipCidrRange="10.0.4.0/24")
    make_subnetwork(compute, project, third, name="c", ipCidrRange="10.1.0.0/24")


def test_only_one_change_at_a_time_on_both_sides(sandbox: Sandbox, peerings: Peerings) -> None:
    """The official provider waits for its turn because of this refusal."""
    sandbox.admin("POST", "clock", {"scale": 1000})
    networks, project = peerings.networks, peerings.project
    there = {"networkPeering": {"name": "there", "network": peerings.right}}
    back = {"networkPeering": {"name": "back", "network": peerings.left}}
    operation = networks.addPeering(project=project, network="left", body=there).execute()

    with pytest.raises(HttpError, match="There is a peering operation in progress") as caught:
        networks.addPeering(project=project, network="right", body=back).execute()
    sandbox.admin("POST", "clock", {"scale": 0})
    finish(peerings.operations, operation, project=project)

    assert caught.value.status_code == 400
    peerings.add(peerings.right, "back", peerings.left)


@pytest.mark.gcloud
def test_gcloud_peers_networks(gcloud: Callable[..., Any]) -> None:
    networks = ("compute", "networks")
    for name in ("left", "right"):
        gcloud(*networks, "create", name, "--subnet-mode=custom")
    gcloud(*networks, "peerings", "create", "there", "--network=left", "--peer-network=right")
    gcloud(*networks, "peerings", "create", "back", "--network=right", "--peer-network=left")
    change = ("update", "there", "--network=left", "--export-custom-routes")
    gcloud(*networks, "peerings", *change)

    listed = gcloud(*networks, "peerings", "list", "--network=left")
    gcloud(*networks, "peerings", "delete", "back", "--network=right")

    [left] = gcloud(*networks, "list", "--filter=name=left")
    assert [each["name"] for each in listed[0]["peerings"]] == ["there"]
    assert listed[0]["peerings"][0]["state"] == "ACTIVE"
    assert left["peerings"][0]["exportCustomRoutes"] is True
    assert left["peerings"][0]["state"] == "INACTIVE"
