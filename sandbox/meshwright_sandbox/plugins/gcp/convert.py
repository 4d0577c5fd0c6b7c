"""Between Pulumi's properties and the API's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import Kind, dig, last_segment, put, relative
from meshwright_sandbox.plugins.gcp.labels import effective, wanted
from meshwright_sandbox.plugins.gcp.schema import Property, tree
from meshwright_sandbox.plugins.values import UNKNOWN

Values = dict[str, Any]
BASIC_ROLES = {
    "roles/bigquery.dataOwner": "OWNER",
    "roles/bigquery.dataEditor": "WRITER",
    "roles/bigquery.dataViewer": "READER",
}
"""Roles that BigQuery keeps, and gives back, under older names."""
_PLACES = ("project", "region", "zone", "location")


def body_of(kind: Kind, inputs: Mapping[str, Any], labels: Mapping[str, str]) -> Values:
    """Return the API's form of a resource's inputs, as the official plugin would send it.

    Args:
        kind: the resource's type.
        inputs: its checked inputs.
        labels: labels that every resource of the provider gets.
    """
    root = tree(kind)
    # What the address says is not repeated in the body, but for compute's region.
    places = set(kind.placeholders) - kind.refs.keys()
    body = _to_api(root, {k: v for k, v in inputs.items() if k not in places})
    for name, template in kind.refs.items():
        path = root.properties[name].path
        if path and dig(body, path):
            put(body, path, full_reference(template, dig(body, path), inputs))
    for path, value in kind.constants.items():
        if dig(body, path) is None:
            put(body, path, value)
    if kind.labels:
        own = inputs.get(kind.labels) or {}
        put(body, root.properties[kind.labels].path, {**labels, **own})
    if kind.prepare:
        kind.prepare(dict(inputs), body)
    return body


def full_reference(template: str, value: str, inputs: Mapping[str, Any]) -> str:
    """Return a bare name or full link as the relative link of a template."""
    link = relative(value)
    if "/" in link:
        return last_segment(link) if template == "{}" else link
    places = {name: inputs.get(name) or "" for name in _PLACES}
    # What stands in a zone, or in a region that is called its location.
    places["region"] = places["region"] or re.sub("-[a-z]$", "", places["location"])
    return template.replace("{}", "{name}").format(**places, name=link)


def _to_api(known: Property, value: Any) -> Any:
    wanted = known.api_type
    if known.kind == "list" and known.element:
        items = [_to_api(known.element, item) for item in value]
        return items if wanted == "array" or not items else items[0]
    if known.kind == "object":
        found: Values = {}
        for name, inner in value.items():
            property_ = known.properties.get(name)
            if property_ and property_.path and inner is not None and inner is not UNKNOWN:
                put(found, property_.path, _to_api(property_, inner))
        return [found] if wanted == "array" else found
    if known.kind == "map":
        return dict(value)
    kinds = {"string": "string", "integer": "integer", "boolean": "boolean"}
    found = coerce(kinds.get(wanted, known.kind), value)
    return [found] if wanted == "array" else found


def outputs_of(
    kind: Kind,
    inputs: Mapping[str, Any],
    answer: Values,
    identity: Mapping[str, Any],
    labels: Mapping[str, str],
) -> Values:
    """Return the resource's outputs.

    Args:
        kind: the resource's type.
        inputs: for properties that only the provider knows, such as ``forceDestroy``.
        answer: the resource as the API gives it.
        identity: the properties that the id is made of.
        labels: labels that every resource of the provider gets.
    """
    root = tree(kind)
    found = _from_api(root, answer)
    outputs = {**found, **identity}
    for name, property_ in root.properties.items():
        if name in inputs and (not property_.path or name in kind.unread):
            outputs.setdefault(name, inputs[name])
        elif property_.kind == "string" and not property_.settable:
            outputs.setdefault(name, "")
    for place in outputs.keys() & set(_PLACES):
        outputs[place] = last_segment(str(outputs[place]))
    if kind.labels:
        everything, asked = found.get(kind.labels) or {}, inputs.get(kind.labels, {})
        if asked is None:  # an import, where nobody has said yet whose they are
            asked = everything.keys() - labels.keys()
        own = {k: v for k, v in everything.items() if k in asked}
        ours = {k: v for k, v in everything.items() if k in labels or k in own}
        outputs |= {kind.labels: own, "pulumiLabels": ours, "effectiveLabels": everything}
    for name, template in kind.aliases.items():
        outputs[name] = template.format(**outputs)
    if kind.present:
        kind.present(answer, outputs)
    outputs |= {n: inputs[n] for n in kind.unread if n in inputs and n not in outputs}
    outputs.setdefault("deletionPolicy", "DELETE")
    return {name: value for name, value in outputs.items() if name in root.properties}


def _from_api(known: Property, value: Any) -> Any:
    if known.kind != "list" and isinstance(value, list):
        value = value[0] if value else None
    if known.kind == "object":
        found = {}
        for name, property_ in known.properties.items():
            inner = dig(value, property_.path) if property_.path else None
            # APIs leave out what is false, and blocks of one switch are empty then.
            switch = property_.path and property_.required and property_.kind == "boolean"
            if inner is None and switch:
                inner = False
            if inner is not None:
                found[name] = _from_api(property_, inner)
        return found
    if known.kind == "list" and known.element:
        return [
            _from_api(known.element, v) for v in (value if isinstance(value, list) else [value])
        ]
    return dict(value) if known.kind == "map" else coerce(known.kind, value)


def coerce(kind: str, value: Any) -> Any:
    """Return a scalar as the wanted kind, or unchanged where it cannot be."""
    if kind == "string" and isinstance(value, (bool, int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            return int(value) if kind == "integer" else float(value)
        except ValueError:
            return value
    return value


def preview_of(
    kind: Kind, inputs: Values, labels: Mapping[str, str], old: Values | None = None
) -> Values:
    """Return the outputs as far as they are known before the change is made."""
    root = tree(kind)
    outputs = {**(old or {}), **{k: v for k, v in inputs.items() if k in root.properties}}
    if old is None:
        for name, property_ in root.properties.items():
            if property_.computed or not property_.settable:
                outputs.setdefault(name, UNKNOWN)
    for path in kind.fills:
        block, name = path.rsplit(".", 1)
        value = UNKNOWN if old is None else dig(old, path)
        if isinstance(inner := dig(outputs, block), dict) and not inner.get(name) and value:
            put(outputs, path, value)
    if kind.labels:
        ours = wanted(labels, inputs.get(kind.labels), old)
        outputs |= {"effectiveLabels": effective(old, ours), "pulumiLabels": ours}
    return outputs
