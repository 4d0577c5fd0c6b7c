"""Instances of managed groups: made from a template, running at once, never booted."""

import hashlib
from typing import Any

from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.operations import Work, WorkFailed
from meshwright_sandbox.core.references import by_name, resource_name
from meshwright_sandbox.core.stamps import label_fingerprint, now, numeric_id, self_link
from meshwright_sandbox.core.store import Row
from meshwright_sandbox.services.machines import interfaces
from meshwright_sandbox.services.vpc import addresses

Json = dict[str, Any]
_MARKS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Shares no factor with the number of marks, so that numbers a step apart are all different.
_STEP = 7919


def zones_of(distribution: Json) -> list[str]:
    """Names of the zones that a group is spread over."""
    return [entry.get("zone", "").rpartition("/")[2] for entry in distribution.get("zones", [])]


def places_of(manager: Json) -> list[str]:
    """Names of the zones in which a manager keeps instances: its own, or those of its region."""
    if "zone" in manager:
        return [manager["zone"].rpartition("/")[2]]
    return zones_of(manager["distributionPolicy"])


def instances_of(cloud: Cloud, manager: str) -> list[Row]:
    """The instances that a manager keeps."""
    rows = cloud.store.of_type("compute", "instances")
    return [row for row in rows if row.doc.get("_manager") == manager]


def running(cloud: Cloud) -> list[Row]:
    """Every machine that is turned on, of a group or alone."""
    rows = cloud.store.of_type("compute", "instances")
    return [row for row in rows if row.doc.get("status") == "RUNNING"]


def called(call: Call, link: str, scope: str) -> str:
    """Resource name of the machine that a link means, or a name in a zone (``scope``)."""
    return by_name(call, resource_name(call, link) or f"{scope}/instances/{link}")


def require(call: Call, name: str) -> None:
    """Refuse a machine that is not there."""
    if call.cloud.store.get("compute", name) is None:
        raise ApiError(404, call.service.not_found(name), refusal="reference")


def template_of(manager: Json) -> str:
    """Link of the template that new instances are made from."""
    return str(manager["versions"][0]["instanceTemplate"])


def set_instances(work: Work, manager: Json) -> None:
    """Instances: those of another template go, those of this one that are there stay."""
    store, zones = work.cloud.store, places_of(manager)
    size = int(manager["targetSize"])
    wanted = {
        f"projects/{work.project}/zones/{zones[index % len(zones)]}/instances/{name}": index
        for index in range(size)
        for name in [_instance_name(manager, index)]
    }
    present = {row.name for row in instances_of(work.cloud, work.name)}
    for name in present - wanted.keys():
        store.delete("compute", name)
    template_name = "projects/" + template_of(manager).partition("/projects/")[2]
    template = store.get("compute", template_name) or {}
    held: dict[str, set[str]] = {}
    for name in wanted.keys() - present:
        _make_instance(work, manager, template.get("properties", {}), name, held)


def _instance_name(manager: Json, index: int) -> str:
    """Four letters and digits at the end, never the same ones twice in a group."""
    origin = f"{manager['selfLink']} {template_of(manager)}"
    start = int(hashlib.sha256(origin.encode()).hexdigest()[:8], 16)
    number = (start + index * _STEP) % len(_MARKS) ** 4
    mark = ""
    for _ in range(4):
        number, rest = divmod(number, len(_MARKS))
        mark += _MARKS[rest]
    return f"{manager['baseInstanceName']}-{mark}"


def _make_instance(
    work: Work, manager: Json, properties: Json, name: str, held: dict[str, set[str]]
) -> None:
    """Store one instance; ``held`` are the addresses by subnetwork that the group has looked up."""
    compute, store = work.cloud.services["compute"], work.cloud.store
    scope, _, short = name.rpartition("/instances/")
    nics = [dict(entry) for entry in properties.get("networkInterfaces", [])]
    uses: dict[tuple[str, str], bool] = {}
    for interface in nics:
        subnetwork = "projects/" + interface.get("subnetwork", "").partition("/projects/")[2]
        known = store.get("compute", subnetwork)
        if known:
            uses["compute", subnetwork] = True
            if subnetwork not in held:
                held[subnetwork] = addresses.held_inside(store, subnetwork)
            free = interfaces.free_address(known, name, held[subnetwork])
            if free is None:
                raise WorkFailed(interfaces.exhausted(subnetwork), "RESOURCE_EXHAUSTED")
            interface["networkIP"] = free
            held[subnetwork].add(free)
    labels = properties.get("labels", {})
    machine = str(properties.get("machineType", "")).rpartition("/")[2]
    kept = ("metadata", "serviceAccounts", "shieldedInstanceConfig", "tags", "scheduling")
    document = {field: properties[field] for field in kept if field in properties} | {
        "kind": "compute#instance",
        "id": numeric_id(name),
        "name": short,
        "status": "RUNNING",
        "zone": self_link(compute, "v1", scope),
        "selfLink": self_link(compute, "v1", name),
        "machineType": self_link(compute, "v1", f"{scope}/machineTypes/{machine}"),
        "networkInterfaces": nics,
        "labels": labels,
        "labelFingerprint": label_fingerprint(labels),
        "creationTimestamp": now(),
        "_manager": work.name,
        "_template": template_of(manager),
    }
    store.put("compute", name, document, type_="instances", project=work.project, system=True)
    store.set_uses("compute", name, uses)
