"""Metadata and tags of machines: what they may be, and the token that a change of them needs.

https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations
"""

import re
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.generic import require_idle
from meshwright_sandbox.core.stamps import fingerprint, same_token

Json = dict[str, Any]
_VALUE_BYTES = 256 * 1024
_TOTAL_BYTES = 512 * 1024
_TAG = "(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)"


def check(items: list[Json], at: str) -> None:
    """Keys are unique, values are short enough. ``at`` is the field that holds the items."""
    total = 0
    seen: set[str] = set()
    for index, item in enumerate(items):
        field = f"{at}.items[{index}]"
        key, size = item.get("key", ""), len(str(item.get("value", "")).encode())
        total += size
        if key in seen:
            raise invalid(f"Invalid value for field '{field}.key': '{key}'. Duplicate key.")
        if size > _VALUE_BYTES or total > _TOTAL_BYTES:
            raise invalid(f"Invalid value for field '{field}.value': ''. Value is too large.")
        seen.add(key)


def check_tags(items: list[str], at: str) -> None:
    """Tags are names."""
    for index, tag in enumerate(items):
        if not re.fullmatch(_TAG, tag):
            raise invalid(
                f"Invalid value for field '{at}.items[{index}]': '{tag}'. "
                f"Must be a match of regex '{_TAG}'"
            )


def show_tokens(instance: Json) -> None:
    """Give metadata and tags the tokens that a change of them must name."""
    for field in ("metadata", "tags"):
        held = instance.setdefault(field, {})
        held["fingerprint"] = fingerprint(held)
    instance["metadata"]["kind"] = "compute#metadata"


def set_metadata(call: Call) -> Json:
    """`instances.setMetadata`."""
    check(call.body.get("items", []), "resource")
    return _replace(call, "metadata")


def set_tags(call: Call) -> Json:
    """`instances.setTags`."""
    check_tags(call.body.get("items", []), "resource")
    return _replace(call, "tags")


def _replace(call: Call, field: str) -> Json:
    """Set the field, unless somebody else did since the caller has read it.

    Raises:
        ApiError: 412 for another token than the current one.
    """
    before = call.get()
    require_idle(call)
    shown = call.shown(call.type, before)
    if not same_token(call.body.get("fingerprint"), shown[field]["fingerprint"]):
        raise ApiError(412, f"Supplied fingerprint does not match current {field} fingerprint.")
    items = call.body.get("items")
    call.put(call.name, before | {field: {"items": items} if items else {}})
    return call.start(call.method.verb, before=before)


METHODS = {"instances.setMetadata": set_metadata, "instances.setTags": set_tags}
