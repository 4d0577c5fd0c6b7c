"""Between Pulumi's properties and the API's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import Kind, dig, last_segment, put, relative
from meshwright_sandbox.plugins.gcp.schema import Property, tree
from meshwright_sandbox.plugins.values import UNKNOWN

_ATTRIBUTION = {"goog-pulumi-provisioned": "true"}
_PLACES = frozenset({"project", "region", "zone", "location"})


def body_of(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API's form of a resource's inputs, as the official plugin would send it."""
    root = tree(kind)
    body = _to_api(root, {k: v for k, v in inputs.items() if k not in kind.unsent})
    for name, template in kind.refs.items():
        path = root.properties[name].path
        if path and dig(body, path):
            put(body, path, full_reference(template, dig(body, path), inputs))
    for path, value in kind.constants.items():
        if dig(body, path) is None:
            put(body, path, value)
    if kind.labels:
        path = root.properties[kind.labels].path
        put(body, path, {**(inputs.get(kind.labels) or {}), **_ATTRIBUTION})
    for name in kind.placeholders:
        # What the address says is not repeated in the body, but for compute's region.
        if name not in kind.refs and (name != "name" or kind.name_at.startswith("?")):
            body.pop(name, None)
    if kind.prepare:
        kind.prepare(dict(inputs), body)
    return body


def full_reference(template: str, value: str, inputs: Mapping[str, Any]) -> str:
    """Return a bare name or full link as the relative link of a template."""
    link = relative(value)
    if "/" in link:
        return link if template != "{}" else last_segment(link)
    places = {name: inputs.get(name) or "" for name in _PLACES}
    return template.replace("{}", "{name}").format(**places, name=link)


def _to_api(property_: Property, value: Any) -> Any:
    if value is None or value is UNKNOWN:
        return None
    expected = property_.api_type
    if property_.kind == "list":
        items = [_to_api(property_.element, item) for item in value]  # type: ignore[arg-type]
        return items if expected == "array" or not items else items[0]
    if property_.kind == "object":
        found: dict[str, Any] = {}
        for name, inner in value.items():
            known = property_.properties.get(name)
            converted = _to_api(known, inner) if known and known.path else None
            if known and converted is not None:
                put(found, known.path, converted)
        return [found] if expected == "array" else found
    if property_.kind == "map":
        return dict(value)
    if expected == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if expected == "integer" and isinstance(value, str):
        return int(value)
    if expected == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    return value


def outputs_of(
    kind: Kind, inputs: Mapping[str, Any], answer: dict[str, Any], identity: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the resource's outputs.

    Args:
        kind: the resource's type.
        inputs: for properties that only the provider knows, such as ``forceDestroy``.
        answer: the resource as the API gives it.
        identity: the properties that the id is made of.
    """
    root = tree(kind)
    found = _from_api(root, answer)
    kept = {
        name: value
        for name, value in inputs.items()
        if name in root.properties
        and (not root.properties[name].path or name in kind.unread)
        and name not in found
    }
    outputs = {**kept, **found, **identity}
    for place in _PLACES & outputs.keys():
        outputs[place] = last_segment(str(outputs[place]))
    if kind.labels:
        everything = found.get(kind.labels) or {}
        own = {k: v for k, v in everything.items() if k not in _ATTRIBUTION}
        outputs[kind.labels] = own
        outputs["effectiveLabels"] = everything
        outputs["pulumiLabels"] = {**own, **_ATTRIBUTION}
    for name, template in kind.aliases.items():
        outputs[name] = template.replace("{api.email}", answer.get("email", "")).format(**outputs)
    if kind.present:
        kind.present(answer, outputs)
    outputs.setdefault("deletionPolicy", "DELETE")
    for name, property_ in root.properties.items():
        if property_.kind == "string" and not property_.settable:
            outputs.setdefault(name, "")
    return {name: value for name, value in outputs.items() if name in root.properties}


def _from_api(property_: Property, value: Any) -> Any:
    if value is None:
        return None
    if property_.kind == "object":
        source = value[0] if isinstance(value, list) and value else value
        if not isinstance(source, Mapping):
            return {}
        found: dict[str, Any] = {}
        for name, known in property_.properties.items():
            inner = _from_api(known, dig(source, known.path)) if known.path else None
            if inner is not None:
                found[name] = inner
        return found
    if property_.kind == "list":
        items = value if isinstance(value, list) else [value]
        return [_from_api(property_.element, item) for item in items]  # type: ignore[arg-type]
    if property_.kind == "map":
        return dict(value) if isinstance(value, Mapping) else None
    return coerce(property_.kind, value)


def coerce(kind: str, value: Any) -> Any:
    """Return a scalar as the wanted kind, or unchanged where it cannot be."""
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, (int, float)):
        return str(value)
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if kind in ("integer", "number") and isinstance(value, str):
        try:
            return int(value) if kind == "integer" else float(value)
        except ValueError:
            return value
    return value


def preview_of(
    kind: Kind, inputs: Mapping[str, Any], old: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the outputs as far as they are known before the change is made."""
    root = tree(kind)
    outputs = {**(old or {}), **{k: v for k, v in inputs.items() if k in root.properties}}
    for name, property_ in root.properties.items():
        if name not in outputs and (property_.computed or not property_.settable):
            outputs[name] = UNKNOWN
    for path in kind.fills if old is None else ():
        block, _, rest = path.partition(".")
        if isinstance(outputs.get(block), dict):
            outputs[block] = _with_unknown(outputs[block], rest.split("."))
    if kind.labels and (old is None or old.get(kind.labels) != inputs.get(kind.labels)):
        labels = inputs.get(kind.labels, {})
        known = isinstance(labels, dict)
        for name in ("effectiveLabels", "pulumiLabels"):
            outputs[name] = {**labels, **_ATTRIBUTION} if known else UNKNOWN
    return outputs


def _with_unknown(block: dict[str, Any], steps: list[str]) -> dict[str, Any]:
    head, *rest = steps
    if not rest:
        return {**block, head: block.get(head) or UNKNOWN}
    inner = block.get(head)
    return {**block, head: _with_unknown(inner, rest)} if isinstance(inner, dict) else block
