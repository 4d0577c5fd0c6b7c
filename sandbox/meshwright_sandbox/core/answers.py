"""Answers in the words of the API's version that was called.

One store serves every version of an API; a resource that was written by a version with more fields
is read by one with fewer, and clients with messages of their own cannot read what they do not know.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
Schemas = Mapping[str, Mapping[str, Any]]


def known(value: Any, schema: str, schemas: Schemas, extra: Schemas) -> Any:
    """A copy of an answer without the fields that this version has not.

    Args:
        value: the answer.
        schema: name of its schema.
        schemas: the version's schemas.
        extra: fields by schema that the API has besides those of the document.
    """
    return _known(value, {"$ref": schema}, schemas, extra)


def _known(value: Any, declared: Mapping[str, Any], schemas: Schemas, extra: Schemas) -> Any:
    if isinstance(value, list):
        items = declared.get("items", {})
        return [_known(item, items, schemas, extra) for item in value]
    if not isinstance(value, dict):
        return value
    name = declared.get("$ref", "")
    declared = schemas.get(name, {}) if name else declared
    properties = declared.get("properties")
    others = declared.get("additionalProperties")
    if properties is None and others is None:
        return value
    fields = {**(properties or {}), **extra.get(name, {})}
    return {
        key: _known(item, fields.get(key, others), schemas, extra)
        for key, item in value.items()
        if key in fields or others is not None
    }
