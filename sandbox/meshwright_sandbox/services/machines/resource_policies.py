"""Schedules that a disk or a machine follows, as far as it names them: nothing happens by them.

https://cloud.google.com/compute/docs/disks/scheduled-snapshots
"""

from typing import Any

from meshwright_sandbox.core import generic, references
from meshwright_sandbox.core.cloud import Call

Json = dict[str, Any]
_TYPES = ("disks", "regionDisks", "instances")


def add(call: Call) -> Json:
    """`addResourcePolicies`; a policy that is not there is refused."""
    before = call.get()
    held = before.get("resourcePolicies", [])
    return _store(call, before, [*held, *_sent(call)])


def remove(call: Call) -> Json:
    """`removeResourcePolicies`; one that it does not follow is no error."""
    before = call.get()
    gone = {references.resource_name(call, link) for link in _sent(call)}
    held = before.get("resourcePolicies", [])
    return _store(
        call, before, [link for link in held if references.resource_name(call, link) not in gone]
    )


def _sent(call: Call) -> list[str]:
    return call.body.get("resourcePolicies", [])


def _store(call: Call, before: Json, policies: list[str]) -> Json:
    generic.require_idle(call)
    after = before | {"resourcePolicies": policies}
    uses = references.resolve(call, after)
    after["resourcePolicies"] = sorted(set(after["resourcePolicies"]))
    generic.store(call, after, uses)
    return call.start(call.method.verb, before=before)


METHODS = {
    f"{type_}.{verb}": method
    for type_ in _TYPES
    for verb, method in {"addResourcePolicies": add, "removeResourcePolicies": remove}.items()
}
