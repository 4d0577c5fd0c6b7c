"""Fleets: one in each project, named `default`."""

from typing import Any

from meshwright_sandbox.core import labels
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.stamps import on_create
from meshwright_sandbox.services.hub.names import HUB, MEMBERSHIPS

Json = dict[str, Any]


def create(call: Call) -> Json:
    """`fleets.create`: takes no id, the project's fleet is always `default`."""
    name = f"{call.name}/default"
    if call.cloud.store.get(HUB, name) is not None:
        raise ApiError(409, call.service.already_exists(name))
    call.name = name
    fleet = dict(call.body)
    labels.check(call, fleet)
    on_create(call, name, fleet)
    fleet["state"] = {"code": "READY"}
    call.put(name, fleet)
    return call.start("create")


def members(call: Call, name: str) -> list[str]:
    """Memberships that keep a fleet from being deleted."""
    project = name.split("/")[1]
    return [
        row.name for row in call.cloud.store.of_type(HUB, MEMBERSHIPS) if row.project == project
    ]
