"""Every field of the spec, new ones included, refuses what is no value of its type, by its path.

The fields come from the model's schema, the places from the stacks' own specs: a new field is here
as soon as the model has it, and must stand in a stack, or its part with it.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stacks._secrets import path
from stacks._view import Problem
from stacks.spec import Platform, SpecError, load
from tests.inputs.specs import STACK_FILES, edited, spec_of

SCHEMA: dict[str, Any] = Platform.model_json_schema()
PARTS: dict[str, dict[str, Any]] = {"Platform": SCHEMA, **SCHEMA["$defs"]}
STACKS = [path.name.split(".")[1] for path in STACK_FILES]
WRONG: dict[str, list[object]] = {
    "string": [5, True, [], {}],
    "integer": ["5", 5.5, math.nan, True, []],
    "number": ["5", math.nan, math.inf, True, []],
    "boolean": ["yes", "true", 1, []],
    "array": ["text", 5, {"a": 1}],
    "object": ["text", 5, []],
}
Place = tuple[str | int, ...]


def kinds(schema: dict[str, Any]) -> set[str]:
    """The types of JSON that a field may have."""
    if "$ref" in schema:
        return {"object"}
    if "anyOf" in schema:
        return {kind for part in schema["anyOf"] for kind in kinds(part)}
    if "allOf" in schema:
        return kinds(schema["allOf"][0])
    if "enum" in schema or "const" in schema:
        return {"string"}
    return {schema["type"]}


def references(schema: dict[str, Any]) -> Iterator[str]:
    """The parts that a field may hold."""
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for part in [*schema.get("anyOf", ()), *schema.get("allOf", ())]:
        yield from references(part)


def places(value: object, part: str, here: Place) -> Iterator[tuple[str, Place]]:
    """Each part of the model in a spec, with its place."""
    if not isinstance(value, dict):
        return
    yield part, here
    for key, field in PARTS[part]["properties"].items():
        if key not in value:
            continue
        for inner in references(field):
            yield from places(value[key], inner, (*here, key))
        for inner in references(field.get("items", {})):
            for index, item in enumerate(value[key]):
                yield from places(item, inner, (*here, key, index))


# Parts that no stack has, each put into one.
ADDED = {
    "telemetry.namespaces": [{"namespace": "shop"}],
    "log_sinks[0].exclusions": [{"name": "health", "filter": "severity<ERROR"}],
    "namespaces[1].services[0].route.fault": {"delay_seconds": 1, "delay_percent": 1},
    "namespaces[1].services[0].outlier_detection": {"enabled": True},
    "namespaces[1].services[0].rollout": {
        "target": "v2",
        "steps": [{"weight": 10}],
        "blue_green": {"pause": True},
        "ab_test": {"callers": {"headers": {"x-beta": "true"}}, "duration_seconds": 60},
        "analyses": [{"name": "errors", "metric": "request-success-rate", "min": 99}],
    },
    "vm_groups": [
        {
            "name": "archive",
            "region": "europe-west1",
            "network": "mesh",
            "subnet": "standard",
            "port": 8080,
            "sticky": {"header": "x-user"},
        }
    ],
    "metrics": {"prometheus_url": "http://prometheus.monitoring.example.com:9090"},
}


def specs() -> dict[str, dict[str, Any]]:
    return {stack: spec_of(stack) for stack in STACKS} | {"added": edited(ADDED)}


def first_places() -> dict[str, tuple[str, Place]]:
    """One place of each part: which spec, and where in it."""
    found: dict[str, tuple[str, Place]] = {}
    for stack, spec in specs().items():
        for part, place in places(spec, "Platform", ()):
            found.setdefault(part, (stack, place))
    return found


FOUND = first_places()


def wrong_values() -> Iterator[tuple[str, str, object]]:
    """Part, field and value for each value of a wrong type."""
    for part in sorted(PARTS):
        for key, field in PARTS[part].get("properties", {}).items():
            allowed = kinds(field)
            values = [None] if "null" not in allowed else []
            for kind in allowed - {"null"}:
                values += WRONG[kind]
            for value in values:
                yield part, key, value


def refused(part: str, edit: Callable[[dict[str, Any]], None]) -> dict[str, Problem]:
    """What is said about an edit of the first such part, by the field's path inside the part."""
    stack, place = FOUND[part]
    spec: Any = specs()[stack]
    inner = spec
    for step in place:
        inner = inner[step]
    edit(inner)
    with pytest.raises(SpecError) as caught:
        load(spec)
    start = path(place) if place else ""
    return {
        problem.path.removeprefix(start).lstrip("."): problem
        for problem in caught.value.problems
        if problem.path.startswith(start)
    }


def test_every_part_stands_in_a_spec() -> None:
    assert sorted(FOUND) == sorted(name for name in PARTS if "properties" in PARTS[name])


@pytest.mark.parametrize("part", sorted(FOUND))
def test_a_value_of_another_type_is_refused_at_its_field(part: str) -> None:
    for _, key, value in (wrong for wrong in wrong_values() if wrong[0] == part):
        problems = refused(part, lambda inner, key=key, value=value: inner.update({key: value}))

        found = [
            problem for where, problem in problems.items() if re.split(r"[.\[]", where)[0] == key
        ]
        assert found, (key, value, problems)
        assert all(problem.rule and problem.fix for problem in found)


@pytest.mark.parametrize("part", sorted(FOUND))
def test_an_unknown_key_and_a_misspelt_one_are_refused_with_the_near_one(part: str) -> None:
    for key in PARTS[part]["properties"]:
        typo = key[:2] + key[1:]
        problem = refused(part, lambda inner, typo=typo: inner.update({typo: 1}))[typo]

        assert problem.fix.startswith(f"did you mean {key}?")


@pytest.mark.parametrize("part", sorted(FOUND))
def test_a_missing_required_key_is_named(part: str) -> None:
    for key in PARTS[part].get("required", ()):
        problems = refused(part, lambda inner, key=key: inner.pop(key))

        assert "is required" in problems[key].rule
