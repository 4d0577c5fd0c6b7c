"""Groups whose machines somebody puts there, as google-api-python-client sees them."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.machines import ZONE, Machines
from tests.sandbox.vpc import make_subnetwork


class Group:
    """The unmanaged group `web`, each change awaited."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._groups = machines.compute.instanceGroups()
        self.where = machines.in_zone | {"instanceGroup": "web"}
        made = self._groups.insert(**machines.in_zone, body={"name": "web"}).execute()
        machines.wait_in_zone(made)

    def do(self, verb: str, *links: str, **more: Any) -> None:
        """Call `addInstances` or `removeInstances`."""
        body = {"instances": [{"instance": link} for link in links]} | more
        started = getattr(self._groups, verb)(**self.where, body=body).execute()
        self._machines.wait_in_zone(started)

    def get(self) -> Any:
        """The group as it is now."""
        return self._groups.get(**self.where).execute()

    def listed(self, state: str = "ALL") -> list[str]:
        """Names of its machines."""
        answer = self._groups.listInstances(**self.where, body={"instanceState": state}).execute()
        return [entry["instance"].rpartition("/")[2] for entry in answer.get("items", [])]


@pytest.fixture
def group(machines: Machines) -> Group:
    """Beside it the machines `a` and `b`, of which `b` is turned off."""
    for name in "ab":
        machines.single(name=name)
    machines.turn("stop", "b")
    return Group(machines)


def link(machines: Machines, name: str, zone: str = ZONE) -> str:
    return f"projects/{machines.project}/zones/{zone}/instances/{name}"


def test_machines_come_into_a_group_and_leave_it(group: Group, machines: Machines) -> None:
    group.do("addInstances", link(machines, "a"), link(machines, "b"))

    assert (group.listed(), group.listed("RUNNING")) == (["a", "b"], ["a"])
    assert group.get()["size"] == 2
    assert group.get()["network"].endswith("/global/networks/net")

    group.do("removeInstances", link(machines, "a"))
    assert group.listed() == ["b"]
    assert machines.instance("a")["status"] == "RUNNING"


def test_a_machine_that_is_deleted_has_left_its_group(group: Group, machines: Machines) -> None:
    group.do("addInstances", link(machines, "a"), link(machines, "b"))

    machines.remove("instances", instance="a")

    assert (group.listed(), group.get()["size"]) == (["b"], 1)


def test_what_cannot_be_in_a_group_is_refused(group: Group, machines: Machines) -> None:
    """And nothing changes."""
    a = link(machines, "a")
    group.do("addInstances", a)
    cases = [
        ("addInstances", a, "already a member"),
        ("removeInstances", link(machines, "b"), "not a member"),
        ("addInstances", link(machines, "gone"), "instances/gone' was not found"),
        ("addInstances", link(machines, "a", "us-central1-b"), "not in the zone of the group"),
    ]
    for verb, wrong, says in cases:
        with pytest.raises(HttpError, match=says):
            group.do(verb, wrong)
    for verb in ("addInstances", "removeInstances"):
        with pytest.raises(HttpError, match="Cannot find field"):
            group.do(verb, a, machines=[a])
    listing = machines.compute.instanceGroups().listInstances(**group.where, body={"state": "ALL"})
    with pytest.raises(HttpError, match="Cannot find field"):
        listing.execute()

    assert group.listed() == ["a"]


def test_a_managed_group_lists_what_its_manager_keeps(machines: Machines) -> None:
    machines.group(machines.template(), targetSize=2)
    groups = machines.compute.regionInstanceGroups()

    answer = groups.listInstances(**machines.place, instanceGroup="web", body={}).execute()

    kept = {each["selfLink"] for each in machines.instances()}
    assert {entry["instance"] for entry in answer["items"]} == kept
    assert len(kept) == 2


def test_a_machine_and_a_subnetwork_may_be_named_by_other_words(machines: Machines) -> None:
    """A template by its id, a range by any of its addresses: the official provider does so."""
    wide = make_subnetwork(
        machines.compute,
        machines.project,
        f"projects/{machines.project}/global/networks/net",
        name="wide",
        ipCidrRange="10.1.0.1/16",
    )
    nic = {"subnetwork": wide}
    machines.template("t", networkInterfaces=[nic])
    templates = machines.compute.instanceTemplates()
    known = templates.get(project=machines.project, instanceTemplate="t").execute()["id"]
    by_id = f"projects/{machines.project}/global/instanceTemplates/{known}"

    made = machines.single(name="of-template", sourceInstanceTemplate=by_id)

    assert made["networkInterfaces"][0]["networkIP"].startswith("10.1.")
    subnetworks = machines.compute.subnetworks()
    shown = subnetworks.get(**machines.place, subnetwork="wide").execute()
    assert shown["ipCidrRange"] == "10.1.0.1/16"
