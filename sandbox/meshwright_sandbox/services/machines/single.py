"""Machines that somebody makes one by one. Like those of groups they run at once, and never boot.

https://cloud.google.com/compute/docs/reference/rest/v1/instances
"""

from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.references import by_name, resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.machines import (
    accounts,
    attached,
    disks,
    interfaces,
    machine_types,
    metadata,
    resizing,
)

Json = dict[str, Any]
TYPE = "instances"
_SCHEDULING = {
    "automaticRestart": True,
    "onHostMaintenance": "MIGRATE",
    "preemptible": False,
    "provisioningModel": "STANDARD",
}


def insert(call: Call) -> Json:
    """`instances.insert`, also from a template, of which the request may change any field."""
    if call.query.get("sourceMachineImage") or call.body.get("sourceMachineImage"):
        raise ApiError(501, "The sandbox has no machine images to make a machine from.")
    if call.query.get("sourceInstanceTemplate"):
        call.body = _from_template(call) | call.body
    return generic.create(call)


def _from_template(call: Call) -> Json:
    """What a template says of a machine, with links where it has the names of types."""
    name = by_name(call, str(resource_name(call, call.query["sourceInstanceTemplate"])))
    template = call.cloud.store.get("compute", name)
    if template is None:
        raise ApiError(404, call.service.not_found(name), refusal="reference")
    properties = template["properties"]
    machine_type = str(properties["machineType"]).rpartition("/")[2]
    place = f"zones/{call.location}/machineTypes"
    return properties | {"machineType": f"{place}/{machine_type}"}


def _defaults(call: Call, instance: Json) -> None:
    machine_types.require(call, instance.get("machineType", ""), "resource.machineType")
    interfaces.complete(call, instance)
    disks.complete(call, instance)
    given = [accounts.named(call, account) for account in instance.get("serviceAccounts", [])]
    if given:
        instance["serviceAccounts"] = given
    instance["scheduling"] = _SCHEDULING | instance.get("scheduling", {})
    instance.setdefault("canIpForward", False)
    instance.setdefault("deletionProtection", False)
    instance |= {"startRestricted": False, "status": "PROVISIONING"}


def _check(call: Call, instance: Json) -> None:
    if call.before:
        return
    metadata.check(instance.get("metadata", {}).get("items", []), "resource.metadata")
    metadata.check_tags(instance.get("tags", {}).get("items", []), "resource.tags")
    accounts.require(call, instance.get("serviceAccounts", []))
    interfaces.connect(call, instance)


def _view(_: Call, instance: Json) -> None:
    metadata.show_tokens(instance)


def delete(call: Call) -> Json:
    """`instances.delete`: refused while the machine is protected."""
    if call.get().get("deletionProtection"):
        raise ApiError(
            400,
            "Invalid resource usage: 'Resource cannot be deleted if it's protected against "
            "deletion.'.",
            reason="invalidResourceUsage",
        )
    return generic.delete(call)


def protect(call: Call) -> Json:
    """`instances.setDeletionProtection`."""
    before = call.get()
    wanted = call.query.get("deletionProtection", "true") == "true"
    call.put(call.name, before | {"deletionProtection": wanted})
    return call.start("setDeletionProtection", before=before)


def start(call: Call) -> Json:
    """`instances.start`: no harm if it runs already."""
    before = call.get()
    generic.require_idle(call)
    if before["status"] != "RUNNING":
        after = call.get() | {"status": "PROVISIONING"}
        interfaces.connect_outside(call, after)
        call.put(call.name, after)
    return call.start("start", before=before)


def stop(call: Call) -> Json:
    """`instances.stop`: no harm if it has stopped already."""
    before = call.get()
    generic.require_idle(call)
    if before["status"] == "RUNNING":
        call.put(call.name, before | {"status": "STOPPING"})
    return call.start("stop", before=before)


def reset(call: Call) -> Json:
    """`instances.reset`: what does not run cannot be turned off and on."""
    before = call.get()
    generic.require_idle(call)
    if before["status"] != "RUNNING":
        text = f"The resource '{call.name}' is not ready"
        raise ApiError(400, text, reason="resourceNotReady")
    return call.start("reset", before=before)


def _run(work: Work) -> Json:
    if work.resource.get("status") == "RUNNING":
        return {}
    return {"status": "RUNNING", "lastStartTimestamp": now()}


def _halt(work: Work) -> Json:
    """A machine that has stopped gives back its addresses of the internet, its own ones aside."""
    if work.resource.get("status") != "STOPPING":
        return {}
    nics = interfaces.disconnected(work.cloud.store, work.resource)
    return {"status": "TERMINATED", "lastStopTimestamp": now(), "networkInterfaces": nics}


def _clear(work: Work) -> None:
    with work.cloud.store.transaction():
        disks.release(work, work.resource)


def _failed(work: Work) -> Json | None:
    """A machine that could not be made leaves nothing; one that stays is as it was."""
    if not work.resource:
        disks.forget(work)
        return None
    return work.operation.get("before")


COLLECTIONS = (
    Collection(
        TYPE,
        defaults=_defaults,
        check=_check,
        view=_view,
        create_work=_run,
        delete_work=_clear,
        on_failed=_failed,
    ),
    *disks.COLLECTIONS,
)
METHODS = {
    **attached.METHODS,
    **metadata.METHODS,
    **resizing.METHODS,
    f"{TYPE}.insert": insert,
    f"{TYPE}.delete": delete,
    f"{TYPE}.setDeletionProtection": protect,
    f"{TYPE}.start": start,
    f"{TYPE}.stop": stop,
    f"{TYPE}.reset": reset,
}
WORKS = {"start": _run, "stop": _halt}
