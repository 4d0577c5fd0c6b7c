"""Rules of a policy, each at a priority of its own, by Compute Engine's methods for them.

Cloud Armor's policies and those of firewalls share them. A policy's last rules are the cloud's
own: they decide what no other rule has decided, and stay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from meshwright_sandbox.core import generic, references
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid

Json = dict[str, Any]


@dataclass(frozen=True)
class Rules:
    """How the rules of one kind of policy are called.

    Attributes:
        kind: the field of that name in each rule.
        policy: what messages call the policy.
        last: priorities from this one on are the cloud's own.
        given: what a rule has that its request does not say.
    """

    kind: str
    policy: str
    last: int
    given: Json

    def require_unique(self, rules: list[Json]) -> None:
        """Refuse two rules at one priority."""
        priorities = [_priority(rule) for rule in rules]
        for priority in priorities:
            if priorities.count(priority) > 1:
                raise _taken(priority)

    def one(self, call: Call, policy: Json) -> Json:
        """The rule that the query's priority names, 0 where it names none."""
        wanted = int(call.query.get("priority", 0))
        for rule in policy.get("rules", []):
            if _priority(rule) == wanted:
                return rule
        raise invalid(
            f"Invalid value for field 'priority': '{wanted}'. "
            f"The {self.policy} does not contain a rule at this priority."
        )

    def methods(self, type_: str) -> dict[str, Callable[[Call], Json]]:
        """The handlers for one type of policy."""
        handlers = {"getRule": get, "addRule": add, "patchRule": patch, "removeRule": remove}
        return {f"{type_}.{verb}": partial(handler, self) for verb, handler in handlers.items()}


def get(rules: Rules, call: Call) -> Json:
    """One rule."""
    return rules.one(call, call.get())


def add(rules: Rules, call: Call) -> Json:
    """Add a rule at a priority that none has.

    Raises:
        ApiError: 400 where one has it.
    """
    policy = call.get()
    added = {"kind": rules.kind, "priority": 0, **rules.given, **call.body}
    present = [*policy.get("rules", []), added]
    rules.require_unique(present)
    return store(call, "addRule", policy, {"rules": present})


def patch(rules: Rules, call: Call) -> Json:
    """Change fields of a rule."""
    policy = call.get()
    changed = rules.one(call, policy)
    present = [rule | call.body if rule is changed else rule for rule in policy["rules"]]
    rules.require_unique(present)
    return store(call, "patchRule", policy, {"rules": present})


def remove(rules: Rules, call: Call) -> Json:
    """Remove a rule; the cloud's own stay.

    Raises:
        ApiError: 400 for one of the cloud's own, or where there is none.
    """
    policy = call.get()
    removed = rules.one(call, policy)
    priority = _priority(removed)
    if priority >= rules.last:
        text = "It is a default rule's."
        raise invalid(f"Invalid value for field 'priority': '{priority}'. {text}")
    present = [rule for rule in policy["rules"] if rule is not removed]
    return store(call, "removeRule", policy, {"rules": present})


def store(call: Call, verb: str, before: Json, changes: Json) -> Json:
    """Keep a changed policy, its rules in their order."""
    generic.require_idle(call)
    after = before | changes
    after["rules"] = sorted(after.get("rules", []), key=_priority)
    generic.store(call, after, references.resolve(call, after))
    return call.start(verb, before=before)


def _priority(rule: Json) -> int:
    return int(rule.get("priority", 0))


def _taken(priority: int) -> ApiError:
    return invalid(
        f"Invalid value for field 'resource.priority': '{priority}'. "
        "Cannot have rules with the same priorities."
    )
