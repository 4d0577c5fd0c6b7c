"""Checks of inputs before anything is called: names, types, values, defaults."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp.cloud import Cloud
from meshwright_sandbox.plugins.gcp.convert import coerce
from meshwright_sandbox.plugins.gcp.kinds import Kind, last_segment
from meshwright_sandbox.plugins.gcp.schema import Property, tree
from meshwright_sandbox.plugins.values import UNKNOWN, Secret, reveal

DEFAULTED = "__defaults"
"""Input that lists the properties filled in here, as the official plugin keeps it."""
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "object": (dict,),
}
_LONGEST_NAME = 63

Failure = tuple[str, str]


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...`` for a misspelt word, or nothing."""
    close = difflib.get_close_matches(wrong, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def check(
    kind: Kind,
    cloud: Cloud,
    name: str,
    news: dict[str, Any],
    olds: dict[str, Any],
    seed: bytes,
    naming: tuple[str, str] = ("", ""),
) -> tuple[dict[str, Any], list[Failure]]:
    """Return the inputs with defaults filled in, and what is wrong with them.

    Args:
        kind: the resource's type.
        cloud: for the default project and region.
        name: the resource's name in the program, from which the physical one is made.
        news: the program's inputs.
        olds: the inputs checked last time.
        seed: what random names are made from.
        naming: the engine's own naming, ``(mode, proposed name)``.
    """
    root = tree(kind)
    inputs = {key: value for key, value in news.items() if value is not None and key != DEFAULTED}
    failures = list(_object_failures(root, inputs, ""))
    inputs = {key: _normal(root.properties.get(key), value) for key, value in inputs.items()}
    given = set(inputs)
    for path, value in kind.defaults.items():
        _fill(inputs, path.split("."), value)
    if "project" in root.properties and cloud.project:
        inputs.setdefault("project", cloud.project)
    for place in ("region", "location"):
        if place in kind.placeholders and cloud.region:
            inputs.setdefault(place, cloud.region)
    if "name" in root.properties and root.properties["name"].settable and "name" not in given:
        inputs["name"] = _physical_name(kind, name, olds, seed, naming)
    for needed in kind.placeholders:
        if needed and not inputs.get(needed) and not root.properties[needed].required:
            failures.append(
                (
                    needed,
                    f"required for gcp:{kind.label}: set it, or the provider's default with"
                    f" `pulumi config set gcp:{needed} VALUE`",
                )
            )
    inputs[DEFAULTED] = sorted(inputs.keys() - given)
    return inputs, failures


def _physical_name(
    kind: Kind, name: str, olds: dict[str, Any], seed: bytes, naming: tuple[str, str]
) -> str:
    if "name" in (reveal(olds.get(DEFAULTED)) or ()) and olds.get("name"):
        return str(reveal(olds["name"]))
    mode, proposed = naming
    if mode in ("PROPOSE", "ENFORCE") and proposed:
        return proposed
    if mode == "DISABLE":
        return name
    suffix = hashlib.sha256(seed or name.encode()).hexdigest()[:7]
    return f"{name[: _LONGEST_NAME - 8]}-{suffix}"


def _fill(into: Any, steps: list[str], value: Any) -> None:
    """Set a default; those inside a block only where the block is given."""
    head, *rest = steps
    if isinstance(into, Secret):
        into = into.value
    if isinstance(into, list):
        for item in into:
            _fill(item, steps, value)
    elif isinstance(into, dict):
        if not rest:
            into.setdefault(head, value)
        elif head in into:
            _fill(into[head], rest, value)


def _normal(property_: Property | None, value: Any) -> Any:
    """Return the value with scalars brought to their types and nulls left out."""
    if isinstance(value, Secret):
        return Secret(_normal(property_, value.value))
    if property_ is None or value is UNKNOWN:
        return value
    if isinstance(value, dict):
        inner = property_.properties
        element = property_.element
        return {k: _normal(inner.get(k, element), v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_normal(property_.element, item) for item in value]
    return coerce(property_.kind, value)


def _failures(property_: Property, value: Any, path: str) -> Iterator[Failure]:
    value = value.value if isinstance(value, Secret) else value
    if value is UNKNOWN or value is None or property_.kind == "any":
        return
    value = coerce(property_.kind, value)
    wanted = _PYTHON_TYPES[property_.kind]
    is_boolean = isinstance(value, bool)
    if not isinstance(value, wanted) or (is_boolean and property_.kind != "boolean"):
        kind = "integer" if isinstance(value, int) and not is_boolean else type(value).__name__
        yield path, f"expected {property_.kind}, got {kind}; correct the value's type"
        return
    if property_.kind == "object":
        yield from _object_failures(property_, value, f"{path}.")
    elif property_.element and property_.kind == "list":
        for index, item in enumerate(value):
            yield from _failures(property_.element, item, f"{path}[{index}]")
    elif property_.element:
        for key, item in value.items():
            yield from _failures(property_.element, item, f"{path}[{key!r}]")
    else:
        yield from _enum_failures(property_, value, path)


def _enum_failures(property_: Property, value: Any, path: str) -> Iterator[Failure]:
    allowed = property_.enum
    if allowed and value and last_segment(str(value)) not in allowed:
        offered = [word for word in allowed if not word.endswith("UNSPECIFIED")]
        hint = suggestion(str(value), offered)
        yield path, f"{value!r} is not one of {', '.join(offered)}{hint}"


def _object_failures(
    property_: Property, value: Mapping[str, Any], prefix: str
) -> Iterator[Failure]:
    settable = {name: p for name, p in property_.properties.items() if p.settable}
    for name, item in value.items():
        if name == DEFAULTED:
            continue
        if name not in settable:
            hint = suggestion(name, settable)
            yield f"{prefix}{name}", f"unknown property{hint or '; remove it'}"
            continue
        yield from _failures(settable[name], item, f"{prefix}{name}")
    for name, wanted in settable.items():
        if wanted.required and value.get(name) is None:
            yield f"{prefix}{name}", f"missing required property of type {wanted.kind}; set it"
