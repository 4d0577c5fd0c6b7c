"""Partial documents: merge patches, update masks, partial responses."""

import copy
import re
from typing import Any

from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.schema import camel_case

Json = dict[str, Any]
# Of these, the schema of a field that has fields of its own says one.
_MESSAGES = {"$ref", "additionalProperties", "properties"}


def get_path(document: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for part in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def set_path(document: Json, path: str, value: Any) -> None:
    """Set (or, with None, remove) the value at a dotted path."""
    *parents, last = path.split(".")
    for part in parents:
        document = document.setdefault(part, {})
        if not isinstance(document, dict):
            raise _unknown(path)
    if value is None:
        document.pop(last, None)
    else:
        document[last] = value


def _unknown(path: str) -> ApiError:
    return ApiError(400, f"Invalid field mask: unknown path '{path}' in update_mask.")


def merge_patch(document: Json, patch: Json) -> Json:
    """RFC 7396: objects merge, null removes, anything else replaces."""
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge_patch(result[key], value)
        else:
            result[key] = value
    return result


def without_empty(value: Any) -> Any:
    """A copy without empty strings and lists, which these APIs do not tell from absent fields."""
    if isinstance(value, dict):
        cleaned = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item not in ("", [], None)}
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    return value


def apply_mask(document: Json, changes: Json, mask: str, properties: Json, merge: bool) -> Json:
    """The document with the masked fields taken from `changes`.

    Args:
        document: what is stored.
        changes: the request's resource.
        mask: comma-separated paths, camelCase or snake_case; `*` means every field.
        properties: the schema's fields, to refuse unknown paths.
        merge: whether a masked map keeps the keys that the request does not name; a key whose
            value is empty is removed.

    Raises:
        ApiError: 400 for a path that does not exist.
    """
    result = copy.deepcopy(document)
    paths = [path.strip() for path in mask.split(",") if path.strip()]
    if "*" in paths:
        paths = list(properties)
    for path in paths:
        head, dot, rest = path.partition(".")
        top = camel_case(head)
        if top not in properties or (dot and not _MESSAGES & properties[top].keys()):
            raise _unknown(path)
        is_map = "additionalProperties" in properties[top]
        inner = rest if is_map else ".".join(camel_case(part) for part in rest.split("."))
        if is_map and dot:
            value = (changes.get(top) or {}).get(inner)
            _set_key(result, top, inner, value)
        elif is_map and merge:
            for key, value in (changes.get(top) or {}).items():
                _set_key(result, top, key, value)
        else:
            full = top + dot + inner
            set_path(result, full, get_path(changes, full))
    return result


def _set_key(document: Json, field: str, key: str, value: Any) -> None:
    entries = document.setdefault(field, {})
    if value in (None, "", {}):
        entries.pop(key, None)
    else:
        entries[key] = value


def selection(fields: str, schemas: Json, schema: str | None) -> Json:
    """What `fields=` asks for, `a,b/c,d(e,f)`, as a tree of names.

    Args:
        fields: the parameter's text.
        schemas: the schemas of the API.
        schema: name of the answer's schema.

    Raises:
        ApiError: 400 when the expression cannot be read, or names a field that the answer has not.
    """
    tree, rest = _parse(fields, 0)
    if rest != len(fields):
        raise _no_field(fields)
    return _known(tree, schemas, {"$ref": schema}, "") if schema else tree


def _known(tree: Json, schemas: Json, declared: Json, path: str) -> Json:
    """The tree with its names as the schema writes them."""
    while "$ref" in declared or "items" in declared:
        declared = schemas.get(declared["$ref"], {}) if "$ref" in declared else declared["items"]
    properties = declared.get("properties")
    if properties is None:
        inner = declared.get("additionalProperties", {})
        return {name: _known(tree[name], schemas, inner, f"{path}{name}/") for name in tree}
    known: Json = {}
    for name, below in tree.items():
        field = name if name in properties else camel_case(name)
        if field == "*":
            known[field] = below
        elif field in properties:
            known[field] = _known(below, schemas, properties[field], f"{path}{name}/")
        else:
            raise _no_field(f"{path}{name}")
    return known


def _no_field(path: str) -> ApiError:
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    violation = {"field": path, "description": text}
    return ApiError(
        400,
        f"Invalid field selection {path}",
        reason="invalidParameter",
        location="fields",
        details=[
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
        ],
    )


def _parse(text: str, at: int) -> tuple[Json, int]:
    tree: Json = {}
    while at < len(text):
        match = re.compile(r"[\w@*$./-]+").match(text, at)
        if not match:
            break
        at = match.end()
        inner: Json = {}
        if at < len(text) and text[at] == "(":
            inner, at = _parse(text, at + 1)
            if at >= len(text) or text[at] != ")":
                return tree, -1
            at += 1
        node = tree
        for part in match[0].replace(".", "/").split("/"):
            node = node.setdefault(part, {})
        node.update(inner)
        if at < len(text) and text[at] == ",":
            at += 1
        else:
            break
    return tree, at


def partial_response(value: Any, tree: Json) -> Any:
    """The part of an answer that a selection names."""
    if not tree:
        return value
    if isinstance(value, list):
        return [partial_response(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    if "*" in tree:
        return {key: partial_response(item, tree["*"]) for key, item in value.items()}
    return {key: partial_response(value[key], below) for key, below in tree.items() if key in value}
