"""Persistent disks: those that somebody makes, and those that come with a machine."""

from typing import Any

from meshwright_sandbox.core import stamps
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.store import Store
from meshwright_sandbox.services.machines import images

Json = dict[str, Any]
_TYPE = "disks"
_BLANK_GB = "500"
_STANDARD = "pd-standard"


def complete(call: Call, instance: Json) -> None:
    """Make the disks that a new machine brings, and say of each how it is attached.

    Raises:
        ApiError: 400 for a machine that cannot boot, 404 or 409 for a disk that cannot be made.
    """
    disks = instance.get("disks", [])
    check_boot(disks, "resource.disks")
    for index, disk in enumerate(disks):
        if disk.get("type") != "SCRATCH":
            attach(call, instance, disk, index)


def check_boot(disks: list[Json], field: str) -> None:
    """A machine boots from its first disk."""
    boot = [index for index, disk in enumerate(disks) if disk.get("boot")]
    if boot != [0]:
        raise invalid(
            f"Invalid value for field '{field}': ''. "
            "Boot disk must be specified, and be the first one."
        )


def attach(call: Call, instance: Json, disk: Json, index: int) -> None:
    """Say of a machine's disk how it is attached; it is made if the request says of what.

    Raises:
        ApiError: 400, 404 or 409 for a disk that cannot be made or had.
    """
    wanted = disk.pop("initializeParams", None)
    if not disk.get("source"):
        field = f"resource.disks[{index}].initializeParams"
        disk["source"] = _make(call, instance, wanted or {}, index, field)
    else:
        _require_free(call, disk)
    name = str(resource_name(call, disk["source"]))
    held = call.cloud.store.get("compute", name) or {}  # the check of references says what it lacks
    disk |= {"kind": "compute#attachedDisk", "type": "PERSISTENT", "index": index}
    disk["diskSizeGb"] = held.get("sizeGb", _BLANK_GB)
    for key, value in {
        "mode": "READ_WRITE",
        "boot": False,
        "autoDelete": False,
        "interface": "SCSI",
        "deviceName": f"persistent-disk-{index}",
    }.items():
        disk.setdefault(key, value)


def _require_free(call: Call, disk: Json) -> None:
    """A disk that is written to belongs to one machine."""
    name = str(resource_name(call, disk["source"]))
    users = call.cloud.store.users("compute", name)
    if users and disk.get("mode") != "READ_ONLY":
        raise ApiError(
            400,
            f"The disk resource '{name}' is already being used by '{users[0][1]}'",
            reason="resourceInUseByAnotherResource",
        )


def _make(call: Call, instance: Json, wanted: Json, index: int, field: str) -> str:
    """A disk that goes with its machine, unless it is told to stay; its link."""
    short = wanted.get("diskName") or instance["name"] + (f"-{index}" if index else "")
    name = f"{call.name.rpartition('/instances/')[0]}/disks/{short}"
    if call.cloud.store.get("compute", name) is not None:
        raise ApiError(409, call.service.already_exists(name))
    disk: Json = {
        "kind": "compute#disk",
        "id": stamps.numeric_id(name + call.name + instance["creationTimestamp"]),
        "name": short,
        "creationTimestamp": stamps.now(),
        "selfLink": stamps.self_link(call.service, call.version, name),
        "zone": instance["zone"],
        "labels": wanted.get("labels", {}),
        "labelFingerprint": stamps.label_fingerprint(wanted.get("labels", {})),
        "_madeFor": call.name,
    }
    for source, target in (("diskSizeGb", "sizeGb"), ("diskType", "type")):
        if wanted.get(source):
            disk[target] = wanted[source]
    if wanted.get("sourceImage"):
        disk["sourceImage"] = wanted["sourceImage"]
    _fill(call, disk, field, "diskSizeGb")
    call.cloud.store.put("compute", name, disk, type_=_TYPE, project=call.project, system=True)
    return disk["selfLink"]


def _defaults(call: Call, disk: Json) -> None:
    if call.query.get("sourceImage"):
        disk["sourceImage"] = call.query["sourceImage"]
    _fill(call, disk, "resource", "sizeGb")


def _fill(call: Call, disk: Json, field: str, size: str) -> None:
    """What every disk has; ``field`` and ``size`` are where the request says what it shall be."""
    smallest = 1
    if disk.get("sourceImage"):
        image = images.named(call, disk["sourceImage"], f"{field}.sourceImage")
        disk |= {"sourceImage": image["selfLink"], "sourceImageId": image["id"]}
        smallest = int(image.get("diskSizeGb", 1))  # of an image that was made here nobody may know
        disk.setdefault("sizeGb", str(smallest))
    disk.setdefault("sizeGb", _BLANK_GB)
    if int(disk["sizeGb"]) < smallest:
        raise invalid(
            f"Invalid value for field '{field}.{size}': '{disk['sizeGb']}'. Requested disk size "
            f"cannot be smaller than the image size ({smallest} GB)"
        )
    kind = str(disk.get("type", _STANDARD)).rpartition("/")[2]
    place = f"projects/{call.project}/zones/{call.location}"
    disk["type"] = stamps.self_link(call.service, call.version, f"{place}/diskTypes/{kind}")
    disk["status"] = "READY"
    disk.setdefault("physicalBlockSizeBytes", "4096")


def _view(call: Call, disk: Json) -> None:
    name = str(resource_name(call, disk["selfLink"]))
    users = [user for _, user in call.cloud.store.users("compute", name)]
    if users:
        disk["users"] = [stamps.self_link(call.service, "v1", user) for user in users]


def release(work: Work, instance: Json) -> None:
    """A machine goes: of its disks some go with it, the others become their owner's."""
    store = work.cloud.store
    for disk in instance.get("disks", []):
        name = _name_of(disk)
        others = [user for _, user in store.users("compute", name) if user != work.name]
        if disk.get("autoDelete") and not others:
            store.delete("compute", name)
        else:
            keep(store, disk)


def keep(store: Store, disk: Json) -> None:
    """A machine has a disk no longer: it is its owner's to delete."""
    store.set_system("compute", _name_of(disk), system=False)


def _name_of(disk: Json) -> str:
    """The name of the disk that a machine has."""
    return "projects/" + str(disk.get("source", "")).partition("/projects/")[2]


def forget(work: Work) -> None:
    """A machine could not be made: neither are the disks that were made for it."""
    for row in work.cloud.store.of_type("compute", _TYPE):
        if row.doc.get("_madeFor") == work.name and row.system:
            work.cloud.store.delete("compute", row.name)


COLLECTIONS = (Collection(_TYPE, defaults=_defaults, view=_view),)
