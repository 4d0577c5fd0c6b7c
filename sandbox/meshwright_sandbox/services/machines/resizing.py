"""What of a machine changes only while it is turned off."""

from typing import Any

from meshwright_sandbox.core import generic, references
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.services.machines import accounts, machine_types

Json = dict[str, Any]


def set_machine_type(call: Call) -> Json:
    """`instances.setMachineType`."""
    machine_types.require(call, call.body.get("machineType", ""), "machineType")
    return _change(call, "machine type", {"machineType": call.body.get("machineType")})


def set_service_account(call: Call) -> Json:
    """`instances.setServiceAccount`; without an address the machine has none."""
    given = [accounts.named(call, call.body)] if call.body.get("email") else []
    accounts.require(call, given)
    return _change(call, "service account", {"serviceAccounts": given})


def _change(call: Call, what: str, fields: Json) -> Json:
    before = call.get()
    generic.require_idle(call)
    if before["status"] != "TERMINATED":
        raise ApiError(400, f"The instance must be stopped before the {what} can be changed.")
    kept = {field: value for field, value in before.items() if field not in fields}
    after = kept | {field: value for field, value in fields.items() if value}
    generic.store(call, after, references.resolve(call, after))
    return call.start(call.method.verb, before=before)


METHODS = {
    "instances.setMachineType": set_machine_type,
    "instances.setServiceAccount": set_service_account,
}
