"""What the tests of the rules share: resources to judge, changed in one place, and what is said."""

import copy
from collections.abc import Iterable

from meshwright_policies.rule import Finding, Resource, Rule, Settings, Unjudged, Violation


def changed(properties: dict, path: str, value: object) -> dict:
    """A copy with the value at a dotted path replaced, or removed where it is None."""
    result = copy.deepcopy(properties)
    *parents, last = path.split(".")
    target = result
    for key in parents:
        target = target[int(key) if isinstance(target, list) else key]
    if value is None:
        target.pop(last, None)
    else:
        target[int(last) if isinstance(target, list) else last] = value
    return result


def made(
    type_: str, properties: object, *, stack: str = "dev", name: str = "n", cluster: str = ""
) -> Resource:
    """A resource as the engine shows it to a rule."""
    urn = f"urn:pulumi:{stack}::p::{type_}::{name}"
    return Resource(urn, type_, name, properties, cluster)


def findings(rule: Rule, *resources: Resource, settings: Settings | None = None) -> list[Finding]:
    """All that a rule says: about each resource of its types by itself, and about all together."""
    settings = settings or Settings()
    found: list[Finding] = []
    if rule.resource_check:
        assert rule.types
        about = [resource for resource in resources if rule.types.match(resource.type)]
        found += [item for one in about for item in rule.resource_check(one, settings)]
    if rule.stack_check:
        found += rule.stack_check(list(resources), settings)
    return found


def violations(
    rule: Rule, *resources: Resource, settings: Settings | None = None
) -> list[Violation]:
    """What a rule says is wrong."""
    found = findings(rule, *resources, settings=settings)
    return [finding for finding in found if isinstance(finding, Violation)]


def where(found: Iterable[Finding]) -> list[str]:
    """The places that findings name."""
    return [finding.where for finding in found]


def places(
    rule: Rule,
    type_: str,
    properties: object,
    *,
    stack: str = "dev",
    settings: Settings | None = None,
) -> list[str]:
    """Where a rule says that something is wrong with one resource."""
    return where(violations(rule, made(type_, properties, stack=stack), settings=settings))


def not_known(
    rule: Rule,
    type_: str,
    properties: object,
    *,
    stack: str = "dev",
    settings: Settings | None = None,
) -> list[str]:
    """Where a rule says that it cannot judge one resource yet."""
    found = findings(rule, made(type_, properties, stack=stack), settings=settings)
    return [finding.where for finding in found if isinstance(finding, Unjudged)]
