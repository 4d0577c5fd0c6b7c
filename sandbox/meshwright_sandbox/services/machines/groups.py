"""Managed instance groups, of a region or a zone: each keeps as many instances as it is told to.

Instances come with the group's operation and are stable at once: nothing boots.
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, required
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.stamps import (
    fingerprint,
    numeric_id,
    self_link,
)
from meshwright_sandbox.services.machines import accounts
from meshwright_sandbox.services.machines.instances import (
    instances_of,
    places_of,
    set_instances,
    zones_of,
)
from meshwright_sandbox.services.vpc.places import ZONES

Json = dict[str, Any]
TYPE = "regionInstanceGroupManagers"
GROUPS = "regionInstanceGroups"
_ZONAL_TYPE = "instanceGroupManagers"
ZONAL_GROUPS = "instanceGroups"
# A regional group is spread over three zones unless it is told otherwise.
_ZONES_BY_DEFAULT = 3
# A region's default is half of this, and Google raises it for whoever asks.
_MOST = {TYPE: 4000, _ZONAL_TYPE: 1000}
_OPTIONAL = ("instanceFlexibilityPolicy", "params", "resourcePolicies", "standbyPolicy")


def group_of(manager: str) -> str:
    """Resource name of a manager's instance group."""
    return manager.replace("/instanceGroupManagers/", "/instanceGroups/")


def manager_of(group: str) -> str:
    """Resource name of the manager that an instance group has, if any."""
    return group.replace("/instanceGroups/", "/instanceGroupManagers/")


def _defaults(call: Call, manager: Json) -> None:
    if not manager.get("versions") and manager.get("instanceTemplate"):
        manager["versions"] = [{"instanceTemplate": manager["instanceTemplate"]}]
    if not manager.get("versions"):
        raise ApiError(400, "Required field 'resource.instanceTemplate' not specified")
    manager.pop("instanceTemplate", None)
    for field in _OPTIONAL:
        if not any(manager.get(field, {}).values()):
            manager.pop(field, None)  # said, but with nothing in it
    manager.setdefault("baseInstanceName", manager["name"][:58])
    manager.setdefault("targetSize", 0)
    manager.setdefault("listManagedInstancesResults", "PAGELESS")
    if call.type == TYPE:
        _spread(call, manager)
    _update_defaults(manager)
    manager["instanceGroup"] = self_link(call.service, "v1", group_of(call.name))
    manager["status"] = {"isStable": False, "versionTarget": {"isReached": False}}
    _put_group(call, manager)


def _spread(call: Call, manager: Json) -> None:
    policy = manager.setdefault("distributionPolicy", {})
    policy.setdefault("targetShape", "EVEN")
    region = [zone for zone in ZONES if zone.rpartition("-")[0] == call.location]
    zones = zones_of(policy) or region[:_ZONES_BY_DEFAULT]
    link = f"projects/{call.project}/zones/"
    policy["zones"] = [{"zone": self_link(call.service, "v1", link + zone)} for zone in zones]


def _update_defaults(manager: Json) -> None:
    zones = len(places_of(manager))
    policy = manager.setdefault("updatePolicy", {})
    policy.setdefault("type", "OPPORTUNISTIC")
    policy.setdefault("minimalAction", "REPLACE")
    policy.setdefault("replacementMethod", "SUBSTITUTE")
    if "zone" not in manager:
        policy.setdefault("instanceRedistributionType", "PROACTIVE")
    for limit in ("maxSurge", "maxUnavailable"):
        given = policy.setdefault(limit, {"fixed": zones})
        given.setdefault("calculated", given.get("fixed", 0))


def require_size(manager: str, size: int, field: str) -> None:
    """Refuse a size that the managed group of that name cannot have.

    https://cloud.google.com/compute/docs/instance-groups/regional-migs
    """
    most = _MOST[TYPE if "/regions/" in manager else _ZONAL_TYPE]
    if not 0 <= size <= most:
        raise invalid(
            f"Invalid value for field '{field}': '{size}'. Must be within the range [0, {most}]."
        )


def _check(call: Call, manager: Json) -> None:
    for index, version in enumerate(manager.get("versions", [])):
        if not version.get("instanceTemplate"):
            raise required(f"resource.versions[{index}].instanceTemplate")
        _require_account(call, version["instanceTemplate"])
    if call.before:  # what a PUT does not say stays
        for policy in ("distributionPolicy", "updatePolicy"):
            if policy in call.before:
                manager[policy] = call.before[policy] | manager.get(policy, {})
        manager.setdefault("targetSize", call.before["targetSize"])
        _update_defaults(manager)
    require_size(call.name, manager["targetSize"], "resource.targetSize")
    if call.type == TYPE:
        _check_spread(call, manager)


def _check_spread(call: Call, manager: Json) -> None:
    zones = zones_of(manager["distributionPolicy"])
    for zone in zones:
        if zone.rpartition("-")[0] != call.location:
            raise invalid(
                f"Invalid value for field 'resource.distributionPolicy.zones': '{zone}'. "
                f"The zone is not in the region {call.location}."
            )
    for limit in ("maxSurge", "maxUnavailable"):
        fixed = manager["updatePolicy"][limit].get("fixed")
        if fixed and fixed < len(zones):
            raise invalid(
                f"Invalid value for field 'resource.updatePolicy.{limit}.fixed': '{fixed}'. "
                f"Fixed updatePolicy.{limit} for regional managed instance group has to be either "
                "0 or at least equal to the number of zones."
            )


def _view(_: Call, manager: Json) -> None:
    if manager.get("versions"):  # groups of a cluster's nodes have none here: Kubernetes keeps them
        manager["instanceTemplate"] = manager["versions"][0]["instanceTemplate"]


def _require_account(call: Call, template: str) -> None:
    known = call.cloud.store.get("compute", str(resource_name(call, template))) or {}
    accounts.require(call, known.get("properties", {}).get("serviceAccounts", []))


def _put_group(call: Call, manager: Json) -> None:
    """The unmanaged side of the group, which load balancing names."""
    name, scope = group_of(call.name), "zone" if "zone" in manager else "region"
    group = {
        "kind": "compute#instanceGroup",
        "id": numeric_id(name),
        "name": manager["name"],
        scope: manager[scope],
        "selfLink": manager["instanceGroup"],
        "creationTimestamp": manager["creationTimestamp"],
        "namedPorts": manager.get("namedPorts", []),
        "size": 0,
    }
    group["fingerprint"] = fingerprint(group)
    kind = GROUPS if scope == "region" else ZONAL_GROUPS
    call.cloud.store.put("compute", name, group, type_=kind, project=call.project, system=True)
    call.cloud.store.set_uses("compute", name, {})


def _blockers(call: Call, name: str) -> list[str]:
    """A group goes after the backend services that send to it."""
    return [user for _, user in call.cloud.store.users("compute", group_of(name)) if user != name]


def _settle(work: Work) -> Json:
    """Make the instances those of the group's template and size."""
    with work.cloud.store.transaction():
        if work.resource and work.resource.get("versions"):
            set_instances(work, work.resource)
            _show_size(work, work.resource)
    return {"status": {"isStable": True, "versionTarget": {"isReached": True}}}


def _show_size(work: Work, manager: Json) -> None:
    name = group_of(work.name)
    shown = {"size": int(manager["targetSize"]), "namedPorts": manager.get("namedPorts", [])}
    group = work.cloud.store.get("compute", name)
    if group:
        work.cloud.store.put("compute", name, group | shown)


def settle_target(work: Work) -> None:
    """Another resource changed the group that its `_manager` names: bring that up to date."""
    manager = str(work.resource.get("_manager", ""))
    if manager:
        _settle(Work(work.cloud, work.operation | {"target": manager}))


def _clear(work: Work) -> None:
    """Instances and the group's other side go with the manager."""
    with work.cloud.store.transaction():
        for row in instances_of(work.cloud, work.name):
            work.cloud.store.delete("compute", row.name)
        work.cloud.store.delete("compute", group_of(work.name))


def _abandon(work: Work) -> None:
    """A manager that could not be made leaves nothing behind."""
    if not work.resource:
        _clear(work)


def resize(call: Call) -> Json:
    """Set the number of instances."""
    before = call.get()
    size = int(call.query["size"])
    require_size(call.name, size, "size")
    call.put(call.name, before | {"targetSize": size})
    return call.start("update", before=before)


def set_named_ports(call: Call) -> Json:
    """Name ports of a group; its manager shows them too."""
    before = call.get()
    manager = manager_of(call.name)
    ports = call.body.get("namedPorts", [])
    managed = call.cloud.store.get("compute", manager)  # none, if somebody made the group alone
    if managed is not None:
        call.cloud.store.put("compute", manager, managed | {"namedPorts": ports})
    after = before | {"namedPorts": ports}
    after["fingerprint"] = fingerprint(after)
    call.cloud.store.put("compute", call.name, after)
    return call.start("setNamedPorts", before=before)


def list_managed(call: Call) -> Json:
    """The instances of a group, as the manager sees them."""
    name = call.name.removesuffix("/listManagedInstances")
    call.get(name)
    managed = [
        {
            "id": row.doc["id"],
            "instance": row.doc["selfLink"],
            "instanceStatus": row.doc["status"],
            "currentAction": "NONE",
            "version": {"instanceTemplate": row.doc["_template"]},
        }
        for row in instances_of(call.cloud, name)
    ]
    return {"managedInstances": managed} if managed else {}


COLLECTIONS = tuple(
    Collection(
        type_,
        defaults=_defaults,
        check=_check,
        view=_view,
        immutable=("baseInstanceName",),
        create_work=_settle,
        update_work=_settle,
        delete_work=_clear,
        on_failed=_abandon,
        blockers=_blockers,
    )
    for type_ in (TYPE, _ZONAL_TYPE)
)
METHODS = {
    f"{TYPE}.resize": resize,
    f"{TYPE}.listManagedInstances": list_managed,
    f"{GROUPS}.setNamedPorts": set_named_ports,
    f"{_ZONAL_TYPE}.resize": resize,
    f"{_ZONAL_TYPE}.listManagedInstances": list_managed,
    f"{ZONAL_GROUPS}.setNamedPorts": set_named_ports,
}
