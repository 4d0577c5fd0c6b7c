"""Disks that a machine gets or gives up while it is there."""

from typing import Any

from meshwright_sandbox.core import generic, references
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid, required
from meshwright_sandbox.services.machines import disks

Json = dict[str, Any]


def attach(call: Call) -> Json:
    """`instances.attachDisk`: a disk that is there already."""
    if not call.body.get("source"):
        raise required("resource.source")
    before = call.get()
    generic.require_idle(call)
    held = before.get("disks", [])
    index = max((disk.get("index", 0) for disk in held), default=-1) + 1
    disk = dict(call.body)
    disks.attach(call, before, disk, index)
    if disk["deviceName"] in {each["deviceName"] for each in held}:
        raise invalid(
            f"Invalid value for field 'resource.deviceName': '{disk['deviceName']}'. "
            "Another disk of the instance has it."
        )
    return _store(call, before, [*held, disk])


def detach(call: Call) -> Json:
    """`instances.detachDisk`: the disk stays, and is its owner's to delete."""
    before = call.get()
    generic.require_idle(call)
    disk = _named(call, before)
    if disk.get("boot") and before["status"] != "TERMINATED":
        raise invalid(
            f"Invalid value for field 'deviceName': '{disk['deviceName']}'. The boot disk cannot "
            "be detached while the instance is running."
        )
    disks.keep(call.cloud.store, disk)
    return _store(call, before, [each for each in before["disks"] if each != disk])


def set_auto_delete(call: Call) -> Json:
    """`instances.setDiskAutoDelete`: whether a disk goes with its machine."""
    before = call.get()
    generic.require_idle(call)
    disk = _named(call, before)
    after = disk | {"autoDelete": call.query["autoDelete"] == "true"}
    return _store(call, before, [after if each == disk else each for each in before["disks"]])


def _named(call: Call, instance: Json) -> Json:
    """The disk that the call means.

    Raises:
        ApiError: 400 if the machine has none of that name.
    """
    wanted = call.query["deviceName"]
    for disk in instance.get("disks", []):
        if disk.get("deviceName") == wanted:
            return disk
    raise invalid(
        f"Invalid value for field 'deviceName': '{wanted}'. No attached disk found with device "
        f"name '{wanted}'."
    )


def _store(call: Call, before: Json, held: list[Json]) -> Json:
    after = before | {"disks": held}
    generic.store(call, after, references.resolve(call, after))
    return call.start(call.method.verb, before=before)


METHODS = {
    "instances.attachDisk": attach,
    "instances.detachDisk": detach,
    "instances.setDiskAutoDelete": set_auto_delete,
}
