"""Firewall policies of networks: rules, and the networks that they are associated with.

They are kept, and no packet is held to them. Follows
https://cloud.google.com/firewall/docs/network-firewall-policies.
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.services.vpc.policy_rules import Rules, store

Json = dict[str, Any]
_TYPES = ("networkFirewallPolicies", "regionNetworkFirewallPolicies")
_KIND = "compute#firewallPolicyRule"
# What no other rule has decided goes to the network's own rules.
_DEFAULT_RULES = {
    2147483644: ("EGRESS", "destIpRanges", "::/0"),
    2147483645: ("INGRESS", "srcIpRanges", "::/0"),
    2147483646: ("EGRESS", "destIpRanges", "0.0.0.0/0"),
    2147483647: ("INGRESS", "srcIpRanges", "0.0.0.0/0"),
}
_GIVEN = {"disabled": False, "enableLogging": False}
_RULES = Rules(_KIND, "firewall policy", last=min(_DEFAULT_RULES), given=_GIVEN)


def _defaults(_: Call, policy: Json) -> None:
    rules: list[Json] = policy.setdefault("rules", [])
    present = {rule.get("priority") for rule in rules}
    for priority, (direction, field, everywhere) in _DEFAULT_RULES.items():
        if priority not in present:
            match = {field: [everywhere], "layer4Configs": [{"ipProtocol": "all"}]}
            rule = {"kind": _KIND, "priority": priority, "action": "goto_next", "match": match}
            rules.append(rule | {"direction": direction, **_GIVEN})


def _check(_: Call, policy: Json) -> None:
    _RULES.require_unique(policy.get("rules", []))


def _blockers(call: Call, name: str) -> list[str]:
    """A policy that is associated with a network stays."""
    policy = call.cloud.store.get("compute", name) or {}
    return [str(held["attachmentTarget"]) for held in policy.get("associations", [])]


def get_association(call: Call) -> Json:
    """One association, by its name."""
    return _association(call, call.get())


def add_association(call: Call) -> Json:
    """Associate the policy with a network.

    Raises:
        ApiError: 400 for what is no network, 404 for one that is not there, 409 for a name that
            another association has, unless the request is to replace it.
    """
    policy = call.get()
    value = str(call.body.get("attachmentTarget", ""))
    if "/global/networks/" not in (resource_name(call, value) or ""):
        raise invalid(f"Invalid value for field 'resource.attachmentTarget': '{value}'.")
    name = str(call.body.get("name") or value)
    held = policy.get("associations", [])
    others = [each for each in held if each["name"] != name]
    if len(others) < len(held) and call.query.get("replaceExistingAssociation") != "true":
        raise ApiError(409, f"An association with the name '{name}' already exists.")
    added = call.body | {"name": name, "firewallPolicyId": policy["id"]}
    return store(call, "addAssociation", policy, {"associations": [*others, added]})


def remove_association(call: Call) -> Json:
    """Take an association away."""
    policy = call.get()
    removed = _association(call, policy)
    kept = [held for held in policy["associations"] if held is not removed]
    return store(call, "removeAssociation", policy, {"associations": kept})


def _association(call: Call, policy: Json) -> Json:
    name = call.query.get("name", "")
    for association in policy.get("associations", []):
        if association["name"] == name:
            return association
    raise invalid(
        f"Invalid value for field 'name': '{name}'. "
        "The firewall policy does not have an association of this name."
    )


COLLECTIONS = tuple(
    Collection(type_, defaults=_defaults, check=_check, blockers=_blockers) for type_ in _TYPES
)
METHODS = {
    name: method
    for type_ in _TYPES
    for name, method in {
        **_RULES.methods(type_),
        f"{type_}.getAssociation": get_association,
        f"{type_}.addAssociation": add_association,
        f"{type_}.removeAssociation": remove_association,
    }.items()
}
