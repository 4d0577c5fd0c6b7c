"""Checks of inputs before anything is called: names, types, values, defaults."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp.cloud import Cloud
from meshwright_sandbox.plugins.gcp.convert import coerce
from meshwright_sandbox.plugins.gcp.kinds import Kind, last_segment, suggestion
from meshwright_sandbox.plugins.gcp.schema import Property, tree
from meshwright_sandbox.plugins.values import UNKNOWN, Secret, reveal

DEFAULTED = "__defaults"
"""Input that lists the properties filled in here, as the official plugin keeps it."""
_TYPES: dict[str, tuple[type, ...]] = {
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


def check(
    kind: Kind,
    cloud: Cloud,
    name: str,
    news: dict[str, Any],
    olds: dict[str, Any],
    seed: bytes,
    proposed: str = "",
) -> tuple[dict[str, Any], list[Failure]]:
    """Return the inputs with defaults filled in, and what is wrong with them.

    Args:
        kind: the resource's type.
        cloud: for the default project and region.
        name: the resource's name in the program, from which the physical one is made.
        news: the program's inputs.
        olds: the inputs checked last time.
        seed: what random names are made from.
        proposed: physical name that the engine's own naming proposes.
    """
    root = tree(kind)
    news = _unlisted(news)
    given = {key: value for key, value in news.items() if value is not None}
    local = {
        *kind.local,
        *kind.fills,
        *kind.placeholders,
        kind.guard,
        kind.force[0],
        "project",
        "deletionPolicy",
    }
    failures = list(_object_failures(root, given, "", local))
    inputs = {key: _normal(root.properties.get(key), value) for key, value in given.items()}
    for path, value in kind.defaults.items():
        _fill(inputs, path.split("."), value)
    places = {"project": cloud.project, "region": cloud.region, "location": cloud.region}
    for place, value in places.items():
        if (
            value
            and place in root.properties
            and (place in kind.placeholders or place == "project")
        ):
            inputs.setdefault(place, value)
    if "name" in root.properties and root.properties["name"].settable and "name" not in given:
        kept = olds.get("name") if "name" in (reveal(olds.get(DEFAULTED)) or ()) else ""
        digest = hashlib.sha256(seed or name.encode()).hexdigest()[:7]
        inputs["name"] = kept or proposed or f"{name[: _LONGEST_NAME - 8]}-{digest}"
    for needed in kind.placeholders:
        known = root.properties.get(needed)
        if not inputs.get(needed) and known and known.settable and not known.required:
            way = f"set it, or a default with `pulumi config set gcp:{needed} VALUE`"
            failures.append((needed, f"required for {kind.label}: {way}"))
    inputs[DEFAULTED] = sorted(inputs.keys() - given.keys())
    return inputs, failures


def _unlisted(value: Any) -> Any:
    """Return the value without lists of defaults: ignored changes bring those of the state."""
    if isinstance(value, Secret):
        return Secret(_unlisted(value.value))
    if isinstance(value, dict):
        return {key: _unlisted(item) for key, item in value.items() if key != DEFAULTED}
    return [_unlisted(item) for item in value] if isinstance(value, list) else value


def _fill(into: Any, steps: list[str], value: Any) -> None:
    """Set a default; those inside a block only where the block is given."""
    into = into.value if isinstance(into, Secret) else into
    if isinstance(into, list):
        for item in into:
            _fill(item, steps, value)
    elif isinstance(into, dict):
        head, *rest = steps
        if not rest:
            into.setdefault(head, value)
        elif head in into:
            _fill(into[head], rest, value)


def _normal(known: Property | None, value: Any) -> Any:
    """Return the value with scalars brought to their types and nulls left out."""
    if isinstance(value, Secret):
        return Secret(_normal(known, value.value))
    if known is None or value is UNKNOWN:
        return value
    if isinstance(value, dict):
        inner = known.properties
        kept = {k: v for k, v in value.items() if v is not None}
        return {k: _normal(inner.get(k, known.element), v) for k, v in kept.items()}
    if isinstance(value, list):
        return [_normal(known.element, item) for item in value]
    return coerce(known.kind, value)


def _failures(known: Property, value: Any, path: str, local: set[str]) -> Iterator[Failure]:
    value = coerce(known.kind, value.value if isinstance(value, Secret) else value)
    if value is UNKNOWN or value is None:
        return
    if not isinstance(value, _TYPES[known.kind]) or (
        isinstance(value, bool) and known.kind != "boolean"
    ):
        got = type(value).__name__
        yield path, f"expected {known.kind}, got {got}; correct the value's type"
    elif known.kind == "object":
        yield from _object_failures(known, value, f"{path}.", local)
    elif known.element:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _failures(known.element, item, f"{path}[{key!r}]", local)
    elif known.enum and value and last_segment(str(value)) not in known.enum:
        offered = [word for word in known.enum if not word.endswith("UNSPECIFIED")]
        hint = suggestion(str(value), offered)
        yield path, f"{value!r} is not one of {', '.join(offered)}{hint}"


def _object_failures(
    known: Property, value: Mapping[str, Any], prefix: str, local: set[str]
) -> Iterator[Failure]:
    settable = {name: p for name, p in known.properties.items() if p.settable}
    for name, item in value.items():
        if name not in settable:
            hint = suggestion(name, settable)
            yield f"{prefix}{name}", f"unknown property{hint or '; remove it'}"
            continue
        path = f"{prefix}{name}"
        plain = re.sub(r"\[.*?\]", "", path)
        handled = settable[name].path or any(f"{plain}.".startswith(f"{p}.") for p in local)
        if item is not None and not handled and "*" not in local:
            yield (
                path,
                "not known to the stand-in gcp plugin; leave it out, or use the official one",
            )
        yield from _failures(settable[name], item, path, local)
    for name, wanted in settable.items():
        if wanted.required and value.get(name) is None:
            yield (f"{prefix}{name}", f"missing required property of type {wanted.kind}; set it")
