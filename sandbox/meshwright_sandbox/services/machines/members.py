"""The machines of an instance group: what its manager keeps, or what somebody put there.

https://cloud.google.com/compute/docs/instance-groups/creating-groups-of-unmanaged-instances
"""

from typing import Any

from meshwright_sandbox.core import generic, listing
from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.stamps import self_link
from meshwright_sandbox.services.machines.groups import GROUPS, ZONAL_GROUPS, manager_of
from meshwright_sandbox.services.machines.instances import called, instances_of, require

Json = dict[str, Any]


def _present(cloud: Cloud, group: Json) -> list[str]:
    """The machines of an unmanaged group; one that was deleted has left it."""
    names: list[str] = group.get("_instances", [])
    return [name for name in names if cloud.store.get("compute", name) is not None]


def _sent(call: Call) -> list[str]:
    """Resource names of the machines in a request.

    Raises:
        ApiError: 404 for one that is not there, 400 for one of another zone.
    """
    zone = call.name.partition("/instanceGroups/")[0]
    names: list[str] = []
    for index, entry in enumerate(call.body.get("instances", [])):
        link = str(entry.get("instance", ""))
        name = called(call, link, zone)
        if not name.startswith(f"{zone}/instances/"):
            raise invalid(
                f"Invalid value for field 'resource.instances[{index}].instance': '{link}'. "
                "The instance is not in the zone of the group."
            )
        require(call, name)
        names.append(name)
    return names


def add(call: Call) -> Json:
    """`instanceGroups.addInstances`.

    Raises:
        ApiError: 400 for a machine that is in the group already.
    """
    group = call.get()
    held = _present(call.cloud, group)
    added = _sent(call)
    for name in added:
        if name in held:
            raise ApiError(400, f"'{name}' is already a member of '{call.name}'")
    return _store(call, group, [*held, *added])


def remove(call: Call) -> Json:
    """`instanceGroups.removeInstances`: the machines stay.

    Raises:
        ApiError: 400 for a machine that is not in the group.
    """
    group = call.get()
    held = _present(call.cloud, group)
    removed = _sent(call)
    for name in removed:
        if name not in held:
            raise ApiError(400, f"'{name}' is not a member of '{call.name}'")
    return _store(call, group, [name for name in held if name not in removed])


def _store(call: Call, before: Json, names: list[str]) -> Json:
    generic.require_idle(call)
    after = before | {"_instances": names}
    if names:  # the group is in the network of its first machine
        first = (call.cloud.store.get("compute", names[0]) or {})["networkInterfaces"][0]
        for field in ("network", "subnetwork"):
            if first.get(field):
                after.setdefault(field, first[field])
    call.put(call.name, after)
    return call.start(call.method.verb, before=before)


def list_(call: Call) -> Json:
    """`instanceGroups.listInstances`, of managed groups too."""
    name = call.name.removesuffix("/listInstances")
    group = call.get(name)
    kept = [row.name for row in instances_of(call.cloud, manager_of(name))]
    wanted = call.body.get("instanceState", "ALL")
    documents: list[Json] = []
    for member in [*kept, *_present(call.cloud, group)]:
        status = (call.cloud.store.get("compute", member) or {})["status"]
        if wanted in ("ALL", status):
            link = self_link(call.service, call.version, member)
            ports = {"namedPorts": group["namedPorts"]} if group.get("namedPorts") else {}
            documents.append({"instance": link, "status": status, **ports})
    return listing.answer(call, documents)


def _view(call: Call, group: Json) -> None:
    if "_instances" in group:
        group["size"] = len(_present(call.cloud, group))


def _defaults(_: Call, group: Json) -> None:
    group |= {"_instances": [], "size": 0}


COLLECTIONS = (
    Collection(ZONAL_GROUPS, defaults=_defaults, view=_view),
    Collection(GROUPS, system=True),
)
METHODS = {
    f"{ZONAL_GROUPS}.addInstances": add,
    f"{ZONAL_GROUPS}.removeInstances": remove,
    f"{ZONAL_GROUPS}.listInstances": list_,
    f"{GROUPS}.listInstances": list_,
}
