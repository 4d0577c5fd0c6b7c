"""Google Cloud Armor's policies and their rules. They are kept, and no request is held to them.

Follows https://cloud.google.com/armor/docs/configure-security-policies.
"""

from typing import Any

from meshwright_sandbox.core import generic, stamps
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service import Collection

Json = dict[str, Any]
_TYPES = ("securityPolicies", "regionSecurityPolicies")
_LAST = 2147483647


def _defaults(_: Call, policy: Json) -> None:
    """Every policy has a last rule, which lets through what no other has decided."""
    policy.setdefault("type", "CLOUD_ARMOR")
    rules: list[Json] = policy.setdefault("rules", [])
    if policy["type"] == "CLOUD_ARMOR" and all(rule.get("priority") != _LAST for rule in rules):
        anybody = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}
        rule = {"priority": _LAST, "action": "allow", "match": anybody, "preview": False}
        rules.append(rule | {"kind": "compute#securityPolicyRule", "description": "default rule"})


def _check(_: Call, policy: Json) -> None:
    priorities = [rule.get("priority", 0) for rule in policy.get("rules", [])]
    for priority in priorities:
        if priorities.count(priority) > 1:
            raise _taken(priority)


def _taken(priority: int) -> ApiError:
    return invalid(
        f"Invalid value for field 'resource.priority': '{priority}'. "
        "Cannot have rules with the same priorities."
    )


def _rule(call: Call, policy: Json) -> Json:
    """The rule that the query's priority names, 0 where it names none."""
    wanted = int(call.query.get("priority", 0))
    for rule in policy.get("rules", []):
        if rule.get("priority", 0) == wanted:
            return rule
    raise invalid(
        f"Invalid value for field 'priority': '{wanted}'. "
        "The security policy does not contain a rule at this priority."
    )


def get_rule(call: Call) -> Json:
    """One rule."""
    return _rule(call, call.get())


def add_rule(call: Call) -> Json:
    """Add a rule at a priority that none has.

    Raises:
        ApiError: 400 where one has it.
    """
    policy = call.get()
    rules = policy.get("rules", [])
    added = {"kind": "compute#securityPolicyRule", "priority": 0, "preview": False} | call.body
    if any(rule.get("priority", 0) == added["priority"] for rule in rules):
        raise _taken(added["priority"])
    return _store(call, "addRule", policy, [*rules, added])


def patch_rule(call: Call) -> Json:
    """Change fields of a rule."""
    policy = call.get()
    changed = _rule(call, policy)
    rules = [rule | call.body if rule is changed else rule for rule in policy["rules"]]
    return _store(call, "patchRule", policy, rules)


def remove_rule(call: Call) -> Json:
    """Remove a rule; the last one stays.

    Raises:
        ApiError: 400 for the last one, or where there is none.
    """
    policy = call.get()
    removed = _rule(call, policy)
    if removed.get("priority") == _LAST:
        raise invalid(f"Invalid value for field 'priority': '{_LAST}'. It is the default rule's.")
    rules = [rule for rule in policy["rules"] if rule is not removed]
    return _store(call, "removeRule", policy, rules)


def _store(call: Call, verb: str, before: Json, rules: list[Json]) -> Json:
    generic.require_idle(call)
    after = before | {"rules": sorted(rules, key=lambda rule: rule.get("priority", 0))}
    stamps.on_update(call, after)
    call.put(call.name, after)
    return call.start(verb, before=before)


COLLECTIONS = tuple(Collection(type_, defaults=_defaults, check=_check) for type_ in _TYPES)
METHODS = {
    f"{type_}.{verb}": method
    for type_ in _TYPES
    for verb, method in {
        "getRule": get_rule,
        "addRule": add_rule,
        "patchRule": patch_rule,
        "removeRule": remove_rule,
    }.items()
}
