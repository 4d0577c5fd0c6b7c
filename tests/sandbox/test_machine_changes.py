"""What changes of a machine that is there: on and off, addresses, metadata, tags, labels."""

from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.machines import ZONE, Machines
from tests.sandbox.vpc import REGION

Gcloud = Callable[..., Any]


def outside(machines: Machines, **access: str) -> list[dict[str, Any]]:
    """Interfaces of a machine that is seen in the internet."""
    subnetwork = f"projects/{machines.project}/regions/{REGION}/subnetworks/sub"
    return [{"subnetwork": subnetwork, "accessConfigs": [{"type": "ONE_TO_ONE_NAT"} | access]}]


def nat_of(instance: dict[str, Any]) -> str | None:
    return instance["networkInterfaces"][0]["accessConfigs"][0].get("natIP")


def test_a_machine_is_turned_off_and_on(machines: Machines) -> None:
    before = machines.single()

    off = machines.turn("stop")
    assert machines.turn("stop") == off  # a second time is no mistake
    with pytest.raises(HttpError, match="is not ready"):
        machines.turn("reset")
    on = machines.turn("start")

    assert [each["status"] for each in (before, off, on)] == ["RUNNING", "TERMINATED", "RUNNING"]
    assert off["networkInterfaces"] == before["networkInterfaces"]
    assert on["lastStartTimestamp"] > off["lastStopTimestamp"] > before["lastStartTimestamp"]
    assert machines.turn("start") == machines.turn("reset") == on


def test_an_address_of_the_internet_is_lent_while_the_machine_runs(machines: Machines) -> None:
    made = machines.single(networkInterfaces=outside(machines))
    second = machines.single(name="vm2", networkInterfaces=outside(machines))

    off = machines.turn("stop")

    assert len({nat_of(made), nat_of(second), None}) == 3
    assert nat_of(off) is None
    assert nat_of(machines.turn("start")) not in (None, nat_of(second))


def test_a_reserved_address_stays_with_its_machine(machines: Machines) -> None:
    machines.make("addresses", {"name": "mine"})
    addresses = machines.compute.addresses()
    mine = addresses.get(**machines.place, address="mine").execute()
    nics = outside(machines, natIP=mine["address"])

    made = machines.single(networkInterfaces=nics)

    assert nat_of(made) == nat_of(machines.turn("stop")) == mine["address"]
    assert nat_of(machines.turn("start")) == mine["address"]
    used = addresses.get(**machines.place, address="mine").execute()
    assert (used["status"], used["users"]) == ("IN_USE", [made["selfLink"]])
    with pytest.raises(HttpError, match="already being used by"):
        addresses.delete(**machines.place, address="mine").execute()
    with pytest.raises(HttpError, match="already being used by another resource"):
        machines.insert(name="vm2", networkInterfaces=nics).execute()
    unknown = outside(machines, natIP="203.0.113.250")
    with pytest.raises(HttpError, match="was not found in region 'us-central1'"):
        machines.insert(name="vm2", networkInterfaces=unknown).execute()
    machines.remove("instances", instance="vm")
    machines.delete("addresses", address="mine")


@pytest.mark.parametrize(
    ("verb", "field", "items", "wrong"),
    [
        ("setMetadata", "metadata", [{"key": "a", "value": "1"}], [{"key": "a"}, {"key": "a"}]),
        ("setTags", "tags", ["web", "db"], ["Web"]),
    ],
)
def test_a_setter_needs_the_current_token(
    machines: Machines, verb: str, field: str, items: list[Any], wrong: list[Any]
) -> None:
    first = machines.single()[field]
    current = {"fingerprint": first["fingerprint"]}

    after = machines.turn(verb, body=current | {"items": items})[field]

    assert after["items"] == items
    assert after["fingerprint"] != first["fingerprint"]
    for stale in (current, {}):
        with pytest.raises(HttpError, match="fingerprint does not match") as caught:
            machines.turn(verb, body=stale | {"items": []})
        assert caught.value.status_code == 412
    current = {"fingerprint": after["fingerprint"]}
    with pytest.raises(HttpError) as caught:
        machines.turn(verb, body=current | {"items": wrong})
    assert caught.value.status_code == 400
    assert machines.instance()[field] == after
    assert "items" not in machines.turn(verb, body=current)[field]


def test_labels_are_set_with_the_current_token(machines: Machines) -> None:
    token = machines.single()["labelFingerprint"]
    body = {"labels": {"a": "b"}, "labelFingerprint": token}

    assert machines.turn("setLabels", body=body)["labels"] == {"a": "b"}
    with pytest.raises(HttpError, match="Labels fingerprint"):
        machines.turn("setLabels", body=body)


def test_a_disk_is_attached_and_detached(machines: Machines) -> None:
    disks = machines.compute.disks()
    made = disks.insert(**machines.in_zone, body={"name": "data", "sizeGb": "20"})
    machines.wait_in_zone(made.execute())
    machines.single()
    body = {"source": f"zones/{ZONE}/disks/data", "deviceName": "data"}

    boot, data = machines.turn("attachDisk", body=body)["disks"]

    assert (data["index"], data["diskSizeGb"], data["boot"]) == (1, "20", False)
    for wrong, says in (
        (body | {"deviceName": "again"}, "already being used by .*instances/vm"),
        ({}, "source' not specified"),
        ({"source": f"zones/{ZONE}/disks/gone"}, "disks/gone' was not found"),
    ):
        with pytest.raises(HttpError, match=says):
            machines.turn("attachDisk", body=wrong)
    with pytest.raises(HttpError, match="already being used by"):
        disks.delete(**machines.in_zone, disk="data").execute()
    with pytest.raises(HttpError, match="No attached disk found with device name 'gone'"):
        machines.turn("detachDisk", deviceName="gone")
    with pytest.raises(HttpError, match="cannot be detached while the instance is running"):
        machines.turn("detachDisk", deviceName=boot["deviceName"])
    assert machines.turn("detachDisk", deviceName="data")["disks"] == [boot]
    machines.remove("disks", disk="data")


def test_a_disk_is_told_to_go_with_its_machine(machines: Machines) -> None:
    [boot] = machines.single()["disks"]

    where = {"deviceName": boot["deviceName"], "autoDelete": True}
    [after] = machines.turn("setDiskAutoDelete", **where)["disks"]
    machines.remove("instances", instance="vm")

    assert (boot["autoDelete"], after["autoDelete"]) == (False, True)
    assert "items" not in machines.compute.disks().list(**machines.in_zone).execute()


def test_some_things_change_only_while_the_machine_is_off(machines: Machines) -> None:
    machines.single()
    larger = {"machineType": f"zones/{ZONE}/machineTypes/e2-medium"}
    account = {"email": "default", "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}
    for verb, body in (("setMachineType", larger), ("setServiceAccount", account)):
        with pytest.raises(HttpError, match="must be stopped before") as caught:
            machines.turn(verb, body=body)
        assert caught.value.status_code == 400
    machines.turn("stop")

    after = machines.turn("setMachineType", body=larger)
    [given] = machines.turn("setServiceAccount", body=account)["serviceAccounts"]

    assert after["machineType"].endswith(f"/{machines.project}/{larger['machineType']}")
    assert given["email"].endswith("-compute@developer.gserviceaccount.com")
    assert "serviceAccounts" not in machines.turn("setServiceAccount", body={})
    with pytest.raises(HttpError, match="malformed"):
        machines.turn("setMachineType", body={"machineType": "e2-small"})
    gone = {"email": f"gone@{machines.project}.iam.gserviceaccount.com"}
    with pytest.raises(HttpError, match="'serviceAccount' was not found"):
        machines.turn("setServiceAccount", body=gone)


def test_methods_of_a_machine_that_is_not_there(machines: Machines) -> None:
    for verb in ("start", "stop", "reset", "setMetadata", "setTags"):
        more = {"body": {}} if verb.startswith("set") else {}
        with pytest.raises(HttpError, match="instances/vm' was not found") as caught:
            machines.turn(verb, **more)
        assert caught.value.status_code == 404


@pytest.mark.gcloud
def test_gcloud_makes_changes_and_deletes_a_machine(gcloud: Gcloud, machines: Machines) -> None:
    vm = ("compute", "instances")
    where = f"--zone={ZONE}"

    gcloud(
        *(*vm, "create", "vm", where, "--subnet=sub", "--machine-type=e2-small"),
        *("--image-family=debian-12", "--image-project=debian-cloud"),
        *("--tags=web", "--labels=a=b", "--metadata=k=v"),
    )
    [made] = gcloud(*vm, "list")
    gcloud(*vm, "add-tags", "vm", where, "--tags=db")
    gcloud(*vm, "add-labels", "vm", where, "--labels=c=d")
    gcloud(*vm, "add-metadata", "vm", where, "--metadata=l=w")
    gcloud(*vm, "stop", "vm", where)
    gcloud(*vm, "set-machine-type", "vm", where, "--machine-type=e2-medium")
    stopped = gcloud(*vm, "describe", "vm", where)
    gcloud(*vm, "start", "vm", where)
    started = gcloud(*vm, "describe", "vm", where)
    gcloud(*vm, "delete", "vm", where)

    states = [each["status"] for each in (made, stopped, started)]
    assert states == ["RUNNING", "TERMINATED", "RUNNING"]
    assert nat_of(made)
    assert stopped["machineType"].endswith("/e2-medium")
    assert stopped["tags"]["items"] == ["db", "web"]
    assert stopped["labels"] == {"a": "b", "c": "d"}
    assert {item["key"]: item["value"] for item in stopped["metadata"]["items"]} == {
        "k": "v",
        "l": "w",
    }
    [account] = made["serviceAccounts"]
    assert account["email"].endswith("-compute@developer.gserviceaccount.com")
    assert gcloud(*vm, "list") == gcloud("compute", "disks", "list") == []
