"""Whose fields the plugin's are: what kubectl wrote by hand is the program's again at an update.

The official plugin takes kubectl's entries over before it applies, so that an edit by hand is set
back rather than a conflict; a preview leaves them, and reports the conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# The beginnings of the names of managers, by the operation that they are noted with.
_TAKEN_OVER: Mapping[str, tuple[str, ...]] = {
    "Apply": ("kubectl",),
    "Update": (
        "kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes",
    ),
}  # fmt: skip


def taken_over(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """Return the object's managed fields with kubectl's made the manager's; None if it has none."""
    entries: Sequence[dict[str, Any]] = live["metadata"].get("managedFields") or []
    theirs = [entry for entry in entries if _by_hand(entry)]
    if not theirs:
        return None
    noted = {"manager": manager, "operation": "Apply"}
    ours = next((entry for entry in entries if noted.items() <= entry.items()), None)
    merged = {**(ours or theirs[0]), **noted}
    for entry in theirs:
        merged["fieldsV1"] = _union(merged["fieldsV1"], entry["fieldsV1"])
    return [entry for entry in entries if entry not in (*theirs, ours)] + [merged]


def _by_hand(entry: Mapping[str, Any]) -> bool:
    beginnings = _TAKEN_OVER.get(entry["operation"], ())
    return not entry.get("subresource") and entry["manager"].startswith(beginnings)


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of both sets; `.` stands for the field that the set's parts belong to."""
    if not one or not other:
        rest = {**one, **other}
        return {".": {}, **rest} if rest else {}
    return {
        key: _union(one[key], other[key]) if key in one and key in other else {**one, **other}[key]
        for key in {**one, **other}
    }
