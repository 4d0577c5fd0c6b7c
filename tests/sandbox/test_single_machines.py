"""Machines that are made one by one, as google-api-python-client sees them."""

import ipaddress
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.machines import DEBIAN, ZONE, Machines
from tests.sandbox.server import Sandbox, finish
from tests.sandbox.vpc import REGION, make_network, make_subnetwork


def refused(request: Any, status: int, says: str) -> None:
    with pytest.raises(HttpError, match=says) as caught:
        request.execute()
    assert caught.value.status_code == status


def disk_of(machines: Machines, name: str = "vm") -> dict[str, Any]:
    return machines.compute.disks().get(**machines.in_zone, disk=name).execute()


def test_a_machine_is_like_those_of_a_group(machines: Machines, sandbox: Sandbox) -> None:
    """It runs, has an address of its subnetwork and a disk, and is its owner's own."""
    made = machines.single(labels={"a": "b"}, tags={"items": ["web"]})

    assert made["status"] == "RUNNING"
    assert made["machineType"].endswith(f"/{machines.project}/zones/{ZONE}/machineTypes/e2-small")
    [nic] = made["networkInterfaces"]
    address = ipaddress.IPv4Address(nic["networkIP"])
    assert address in ipaddress.IPv4Network("10.0.0.0/20")
    assert nic["network"].endswith("/global/networks/net")
    assert (nic["name"], made["labels"], made["tags"]["items"]) == ("nic0", {"a": "b"}, ["web"])
    assert machines.instances() == [made]
    listed = machines.compute.instances().list(**machines.in_zone, filter="status=RUNNING")
    assert listed.execute()["items"] == [made]
    [disk] = made["disks"]
    assert (disk["boot"], disk["diskSizeGb"], "initializeParams" in disk) == (True, "10", False)
    assert disk["source"] == disk_of(machines)["selfLink"]
    assert disk_of(machines)["users"] == [made["selfLink"]]
    assert f"projects/{machines.project}/zones/{ZONE}/instances/vm" in sandbox.inventory()

    machines.group(machines.template(), targetSize=1)
    [of_group] = [each for each in machines.instances() if each["name"] != "vm"]
    assert {"fingerprint", "kind"} <= of_group["metadata"].keys() & made["metadata"].keys()


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"name": "VM"}, 400, "resource.name"),
        ({"machineType": ""}, 400, "machineType' not specified"),
        ({"machineType": "e2-small"}, 400, "malformed"),
        ({"machineType": "zones/us-central1-b/machineTypes/e2-small"}, 400, "not in the zone"),
        ({"networkInterfaces": []}, 400, "At least one network interface is required"),
        (
            {"networkInterfaces": [{"network": "global/networks/net"}]},
            400,
            "Subnetwork should be specified for custom subnetmode network",
        ),
        ({"networkInterfaces": [{"network": "global/networks/gone"}]}, 404, "was not found"),
        (
            {"networkInterfaces": [{"subnetwork": f"regions/{REGION}/subnetworks/gone"}]},
            404,
            "was not found",
        ),
        ({"disks": []}, 400, "Boot disk must be specified"),
        (
            {"disks": [{"boot": True, "source": f"zones/{ZONE}/disks/gone"}]},
            404,
            "disks/gone' was not found",
        ),
        (
            {
                "disks": [
                    {"boot": True, "initializeParams": {"sourceImage": DEBIAN.replace("12", "99")}}
                ]
            },
            404,
            "debian-99' was not found",
        ),
        (
            {
                "disks": [
                    {
                        "boot": True,
                        "initializeParams": {"sourceImage": DEBIAN, "diskSizeGb": "9"},
                    }
                ]
            },
            400,
            "cannot be smaller than the image size",
        ),
        ({"metadata": {"items": [{"key": "a", "value": "1"}] * 2}}, 400, "Duplicate key"),
        ({"tags": {"items": ["Web"]}}, 400, "Must be a match of regex"),
        ({"labels": {"A": "b"}}, 400, "Label key 'A' violates format constraints"),
        (
            {"serviceAccounts": [{"email": "gone@p-1.iam.gserviceaccount.com", "scopes": []}]},
            400,
            "'serviceAccount' was not found",
        ),
        ({"mashineType": "e2-small"}, 400, "Cannot find field"),
    ],
)
def test_a_machine_that_cannot_be_leaves_nothing(
    machines: Machines, sandbox: Sandbox, fields: dict[str, Any], status: int, says: str
) -> None:
    refused(machines.insert(**fields), status, says)

    assert machines.instances() == []
    assert machines.compute.disks().list(**machines.in_zone).execute().get("items", []) == []
    assert not any(f"{machines.project}/zones/" in name for name in sandbox.inventory())


def test_a_machine_of_a_name_is_one(machines: Machines) -> None:
    machines.single()

    refused(machines.insert(), 409, "instances/vm' already exists")
    disk = {"boot": True, "initializeParams": {"sourceImage": DEBIAN, "diskName": "vm"}}
    refused(machines.insert(name="vm2", disks=[disk]), 409, "disks/vm' already exists")
    assert [each["name"] for each in machines.instances()] == ["vm"]


def test_an_interface_is_of_the_machines_region_and_network(machines: Machines) -> None:
    other = make_network(machines.compute, machines.project, "other")
    far = make_subnetwork(machines.compute, machines.project, other, region="us-east1")
    near = f"projects/{machines.project}/regions/{REGION}/subnetworks/sub"

    refused(machines.insert(networkInterfaces=[{"subnetwork": far}]), 400, "not in the region")
    nic = {"subnetwork": near, "network": other}
    refused(machines.insert(networkInterfaces=[nic]), 400, "belongs to another network")


def test_an_automatic_network_has_a_subnetwork_for_each_machine(machines: Machines) -> None:
    body = {"name": "auto", "autoCreateSubnetworks": True}
    started = machines.compute.networks().insert(project=machines.project, body=body).execute()
    machines.wait(started, regional=False)

    made = machines.single(networkInterfaces=[{"network": "global/networks/auto"}])

    link = made["networkInterfaces"][0]["subnetwork"]
    assert link.endswith(f"/regions/{REGION}/subnetworks/auto")


def test_an_address_belongs_to_one_machine(machines: Machines) -> None:
    nic = {"subnetwork": f"projects/{machines.project}/regions/{REGION}/subnetworks/sub"}
    wanted = nic | {"networkIP": "10.0.0.9"}

    made = machines.single(networkInterfaces=[wanted])

    assert made["networkInterfaces"][0]["networkIP"] == "10.0.0.9"
    refused(
        machines.insert(name="vm2", networkInterfaces=[wanted]),
        400,
        "IP '10.0.0.9' is already being used by another resource",
    )
    outside = nic | {"networkIP": "192.168.0.1"}
    refused(machines.insert(name="vm2", networkInterfaces=[outside]), 400, "range 10.0.0.0/20")


def test_machines_of_a_small_subnetwork_have_an_address_each(machines: Machines) -> None:
    """Of the eight addresses of a /29 Google keeps four."""
    net = f"projects/{machines.project}/global/networks/net"
    small = make_subnetwork(
        machines.compute, machines.project, net, name="small", ipCidrRange="10.9.0.0/29"
    )
    nics = [{"subnetwork": small}]

    made = [machines.single(name=f"vm{n}", networkInterfaces=nics) for n in range(4)]

    addresses = {each["networkInterfaces"][0]["networkIP"] for each in made}
    assert addresses == {f"10.9.0.{n}" for n in range(2, 6)}
    refused(machines.insert(name="vm4", networkInterfaces=nics), 403, "exhausted")


def test_a_machine_keeps_its_subnetwork_and_disk(machines: Machines) -> None:
    machines.single()
    subnetworks = machines.compute.subnetworks()

    refused(subnetworks.delete(**machines.place, subnetwork="sub"), 400, "already being used by")
    disks = machines.compute.disks()
    refused(disks.delete(**machines.in_zone, disk="vm"), 400, "already being used by")
    machines.remove("instances", instance="vm")

    refused(machines.compute.instances().get(**machines.in_zone, instance="vm"), 404, "not found")
    machines.delete("subnetworks", subnetwork="sub")


def test_a_disk_goes_with_its_machine_if_it_is_told_to(
    machines: Machines, sandbox: Sandbox
) -> None:
    """Else it is left behind, and another machine may have it."""
    boot = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": DEBIAN}}
    data = {"initializeParams": {"diskName": "data", "diskSizeGb": "20", "diskType": "pd-ssd"}}
    machines.single(disks=[boot, data])
    again = [boot, {"source": f"zones/{ZONE}/disks/data"}]
    refused(machines.insert(name="vm2", disks=again), 400, "already being used by")

    machines.remove("instances", instance="vm")

    left = disk_of(machines, "data")
    assert (left["sizeGb"], left["type"].rpartition("/")[2]) == ("20", "pd-ssd")
    assert "users" not in left
    mine = [name for name in sandbox.inventory() if f"{machines.project}/zones/" in name]
    assert mine == [f"projects/{machines.project}/zones/{ZONE}/disks/data"]
    second = machines.single(name="vm2", disks=again)
    assert [each["diskSizeGb"] for each in second["disks"]] == ["10", "20"]


def test_a_disk_is_made_without_a_machine(machines: Machines) -> None:
    disks = machines.compute.disks()
    made = {"name": "boot", "sourceImage": DEBIAN}
    machines.wait_in_zone(disks.insert(**machines.in_zone, body=made).execute())
    small = made | {"name": "small", "sizeGb": "5"}
    refused(disks.insert(**machines.in_zone, body=small), 400, "smaller than the image size")
    unknown = {"name": "unknown", "sourceImage": DEBIAN.replace("12", "99")}
    refused(disks.insert(**machines.in_zone, body=unknown), 404, "debian-99' was not found")

    disk = disk_of(machines, "boot")
    machines.single(disks=[{"boot": True, "source": disk["selfLink"]}])

    assert (disk["sizeGb"], disk["status"]) == ("10", "READY")
    assert disk["type"].endswith(f"/zones/{ZONE}/diskTypes/pd-standard")
    assert len(disk_of(machines, "boot")["users"]) == 1


def test_a_disk_takes_the_license_of_a_public_project(machines: Machines) -> None:
    windows = "projects/windows-cloud/global/licenses/windows-server-core"
    body = {"name": "licensed", "sizeGb": "10", "licenses": [windows]}
    disks = machines.compute.disks()
    machines.wait_in_zone(disks.insert(**machines.in_zone, body=body).execute())

    [license_] = disk_of(machines, "licensed")["licenses"]
    assert license_.endswith(f"/{windows}")


def test_a_template_makes_a_machine_too(machines: Machines) -> None:
    link = machines.template(tags={"items": ["from-template"]})

    made = machines.single(sourceInstanceTemplate=link, labels={"my": "own"})

    assert made["tags"]["items"] == ["from-template"]
    assert made["machineType"].endswith(f"/zones/{ZONE}/machineTypes/e2-small")
    assert made["labels"] == {"my": "own"}
    gone = link.replace("t1", "gone")
    refused(machines.insert(name="vm2", sourceInstanceTemplate=gone), 404, "gone' was not found")


def test_what_is_protected_is_not_deleted(machines: Machines) -> None:
    machines.single(deletionProtection=True)
    instances = machines.compute.instances()

    says = "Resource cannot be deleted if it's protected against deletion"
    refused(instances.delete(**machines.in_zone, instance="vm"), 400, says)
    setter = instances.setDeletionProtection(
        project=machines.project, zone=ZONE, resource="vm", deletionProtection=False
    )
    finish(machines.compute.zoneOperations(), setter.execute(), **machines.in_zone)
    machines.remove("instances", instance="vm")

    assert machines.instances() == []


def test_a_failed_creation_leaves_nothing(machines: Machines, sandbox: Sandbox) -> None:
    sandbox.fault("POST", f".*{machines.project}.*/instances$", "operation-error")

    operation = machines.insert().execute()
    ended = finish(machines.compute.zoneOperations(), operation, **machines.in_zone)

    assert ended["error"]["errors"]
    assert machines.instances() == []
    assert machines.compute.disks().list(**machines.in_zone).execute().get("items", []) == []


def test_an_address_that_is_reserved_is_no_machines(machines: Machines) -> None:
    """Of the four that a /29 has, one is the machine's and three are left."""
    network = f"projects/{machines.project}/global/networks/net"
    small = {"name": "small", "ipCidrRange": "10.1.0.0/29"}
    subnetwork = make_subnetwork(machines.compute, machines.project, network, **small)
    [nic] = machines.single(networkInterfaces=[{"subnetwork": subnetwork}])["networkInterfaces"]

    addresses = machines.compute.addresses()
    inside = {"addressType": "INTERNAL", "subnetwork": subnetwork}
    for name in "abc":
        machines.make("addresses", inside | {"name": name})

    listed = addresses.list(**machines.place).execute()["items"]
    assert {entry["address"] for entry in listed} == (
        {f"10.1.0.{last}" for last in range(2, 6)} - {nic["networkIP"]}
    )
    refused(addresses.insert(**machines.place, body=inside | {"name": "d"}), 403, "exceeded")
