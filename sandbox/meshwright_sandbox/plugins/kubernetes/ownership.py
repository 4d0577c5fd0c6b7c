"""Whose fields the plugin's are: what kubectl wrote by hand is the program's again at an update.

The official plugin takes kubectl's entries over before it applies, so that an edit by hand is set
back rather than a conflict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from meshwright_sandbox.plugins.kubernetes.cluster import ApiError, Cluster, KindNotServed

# The beginnings of the names of managers, by the operation that they are noted with.
_TAKEN_OVER: Mapping[str, tuple[str, ...]] = {
    "Apply": ("kubectl",),
    "Update": (
        "kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes",
    ),
}  # fmt: skip


def take_over(cluster: Cluster, state: Mapping[str, Any], manager: str) -> None:
    """Make the manager's what kubectl has set of the object."""
    metadata = state["metadata"]
    try:
        kind = cluster.kind(state["apiVersion"], state["kind"])
    except KindNotServed:
        return
    live = cluster.get(kind, metadata.get("namespace"), metadata["name"])
    entries = _taken_over(live, manager) if live else None
    if entries:
        cluster.set_managed_fields(kind, metadata.get("namespace"), metadata["name"], entries)


def tried(
    cluster: Cluster, manifest: Mapping[str, Any], manager: str, *, force: bool
) -> dict[str, Any]:
    """Return what applying would make of the object, once `take_over` has been at it."""
    kind = cluster.kind(manifest["apiVersion"], manifest["kind"])
    try:
        return cluster.apply(kind, manifest, manager, force=force, dry_run=True)
    except ApiError as error:
        if not _only_by_hand(error.causes):
            raise
        return cluster.apply(kind, manifest, manager, force=True, dry_run=True)


def _taken_over(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
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


def _only_by_hand(conflicts: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all these conflicts are about fields that an update takes over."""
    beginnings = "|".join(_TAKEN_OVER["Update"])
    ours = re.compile(rf'conflict with "({beginnings})[^"]*"(?! with subresource)')
    return bool(conflicts) and all(ours.match(str(item.get("message"))) for item in conflicts)


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
