"""By what an object is known: its name, given or made up, and its namespace."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.plugins.kubernetes.objects import annotation
from meshwright_sandbox.plugins.values import UNKNOWN, has_unknown

AUTONAMED = "pulumi.com/autonamed"


def autoname(manifest: dict[str, Any], olds: Mapping[str, Any], prefix: str, seed: bytes) -> None:
    """Give the object a name where its author gave none; it stays the same over its life."""
    metadata = manifest["metadata"]
    if metadata is UNKNOWN or metadata.get("name"):
        return
    old = olds.get("metadata") or {}
    given = metadata.get("generateName")
    if given:
        if given is not UNKNOWN:
            # Server-side apply needs the name that the API server would make up.
            kept = old.get("name") if old.get("generateName") == given else None
            metadata["name"] = kept or f"{given}{hashlib.sha256(seed).hexdigest()[:5]}"
        return
    kept = old.get("name") if (old.get("annotations") or {}).get(AUTONAMED) == "true" else None
    suffix = hashlib.sha256(seed).hexdigest()[:8]
    metadata["name"] = kept or f"{prefix.lower()[:244]}-{suffix}"
    metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}


def in_its_namespace(manifest: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of a namespaced object with `default` where it names no namespace."""
    metadata = manifest.get("metadata")
    namespaced = (state.get("metadata") or {}).get("namespace")
    if not namespaced or not isinstance(metadata, Mapping) or metadata.get("namespace"):
        return manifest
    return {**manifest, "metadata": {**metadata, "namespace": "default"}}


def identity_known(manifest: Mapping[str, Any]) -> bool:
    """Whether name and namespace can be told already."""
    metadata = manifest.get("metadata")
    return isinstance(metadata, Mapping) and not (
        has_unknown(metadata.get("name")) or has_unknown(metadata.get("namespace"))
    )


def identifier(live: Mapping[str, Any]) -> str:
    """Return the id that the engine knows the object by."""
    metadata = live["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def same_place(state: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the replacement has the old object's name, so that the old one must go first."""
    if not identity_known(new):
        return True
    if annotation(new, AUTONAMED) == "true":
        return False  # the engine asks for another name before it creates the replacement
    old, metadata = state.get("metadata") or {}, new["metadata"]
    return old.get("name") == metadata.get("name") and (
        metadata.get("namespace") in (None, old.get("namespace"))
    )
