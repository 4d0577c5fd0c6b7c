"""K8S-05: who may do what in a cluster."""

from collections.abc import Iterator

from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, each, unjudged

MASTERS = "system:masters"
# A role's holder gives himself what he does not have: by a binding, by a wider role, by being
# somebody else.
GAINING = ("bind", "escalate", "impersonate")
# Words for all verbs, groups or resources, all of a resource's parts, or all paths.
_EVERYTHING = ("*", "*/*", "/*")


@resource_rule(
    "K8S-05",
    severity=Severity.HIGH,
    source="CIS GKE 1.9 4.1.1/4.1.3/4.1.6/4.1.7",
    title="Nobody holds all rights in a cluster or a way to get them, so that one stolen "
    "credential is not the whole cluster.",
    types=r"kubernetes:rbac\.authorization\.k8s\.io/\w+:(Cluster)?Role(Binding)?(Patch)?$",
)
def least_privilege(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Roles by their rules, bindings by their role and whom they give it to."""
    if "RoleBinding" in resource.type:
        yield from _binding(resource)
    else:
        yield from unjudged(resource.properties, "rules")
        for index, rule in each(resource.properties, "rules"):
            yield from _rule(rule, f"rules[{index}]")


def _binding(resource: Resource) -> Iterator[Finding]:
    role = at(resource.properties, "roleRef", "name")
    yield from unjudged(resource.properties, "roleRef", "name")
    if role == "cluster-admin":
        yield Violation(
            "roleRef.name",
            "is 'cluster-admin', which may do everything",
            "Bind a role of its own that has the rights that are needed",
        )
    yield from unjudged(resource.properties, "subjects")
    for index, subject in each(resource.properties, "subjects"):
        yield from unjudged(subject, "name", prefix=f"subjects[{index}].")
        if at(subject, "kind") == "Group" and at(subject, "name") == MASTERS:
            yield Violation(
                f"subjects[{index}].name",
                f"is {MASTERS!r}, which no role or webhook can hold back",
                "Name the group of people or the service account that needs the role",
            )


def _rule(rule: object, where: str) -> Iterator[Finding]:
    if rule is UNKNOWN:
        yield Unjudged(where)
        return
    for key in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
        yield from unjudged(rule, key, prefix=f"{where}.")
        for index, value in each(rule, key):
            place = f"{where}.{key}[{index}]"
            if value is UNKNOWN:
                yield Unjudged(place)
            elif value in _EVERYTHING:
                yield Violation(place, f"is {value!r}, also what comes later", f"Name the {key}")
            elif key == "verbs" and value in GAINING:
                yield from _gaining(rule, str(value), place)


def _gaining(rule: object, verb: str, place: str) -> Iterator[Finding]:
    """Binding named roles and being named users is how to give these rights in part."""
    names = [name for _, name in each(rule, "resourceNames")]
    if at(rule, "resourceNames") is UNKNOWN or UNKNOWN in names:
        yield Unjudged(place)
    elif (
        not names
        or verb == "escalate"
        or not {"cluster-admin", MASTERS}.isdisjoint(map(str, names))
    ):
        mend = "Remove it" if verb == "escalate" else "Remove it, or limit it by resourceNames"
        yield Violation(place, f"is {verb!r}, by which all other rights can be had", mend)
