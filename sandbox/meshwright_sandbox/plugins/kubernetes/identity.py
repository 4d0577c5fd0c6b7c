"""By what an object is known: its name, given or made up, and its namespace."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.kubernetes.objects import annotation
from meshwright_sandbox.plugins.serving import PluginError
from meshwright_sandbox.plugins.values import UNKNOWN, decode, has_unknown

AUTONAMED = "pulumi.com/autonamed"
_METADATA = {
    "name": (str, "a string"),
    "namespace": (str, "a string"),
    "labels": (dict, "an object of strings"),
    "annotations": (dict, "an object of strings"),
}


def complete(manifest: dict[str, Any], api_version: str, kind: str) -> dict[str, str]:
    """Fill in what the type says of an object; return what is wrong in it by path.

    The rest is the API server's to judge, which must be asked by namespace and name for that.
    """
    wrong: dict[str, str] = {}
    for key, value in (("apiVersion", api_version), ("kind", kind)):
        given = manifest.setdefault(key, value)
        if given not in (value, UNKNOWN):
            wrong[key] = f"is {given!r}, but the type says {value!r}"
    metadata = manifest.setdefault("metadata", {})
    if metadata is UNKNOWN:
        return wrong
    if not isinstance(metadata, dict):
        return wrong | {"metadata": "must be an object with a name, labels and the like"}
    for key, (type_, said) in _METADATA.items():
        given = metadata.get(key)
        if given not in (None, UNKNOWN) and not isinstance(given, type_):
            wrong[f"metadata.{key}"] = f"must be {said}, not {given!r}"
    return wrong


def autoname(manifest: dict[str, Any], request: provider_pb2.CheckRequest) -> None:
    """Give the object a name where its author gave none; it stays the same over its life.

    Raises:
        PluginError: it needs a name of its author's.
    """
    metadata = manifest["metadata"]
    if metadata is UNKNOWN or metadata.get("name"):
        return
    if metadata.get("generateName"):
        raise PluginError(
            f"{request.name}: metadata.generateName cannot be applied on the server's side, as "
            "the official plugin says, too. Leave it out, and the name is made of the resource's."
        )
    old = decode(request.olds).get("metadata") or {}
    kept = old.get("name") if (old.get("annotations") or {}).get(AUTONAMED) == "true" else None
    metadata["name"] = kept or _made_up(request)
    metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}


def _made_up(request: provider_pb2.CheckRequest) -> str:
    """Return the name that the project's `pulumi:autonaming` proposes, or else the usual one."""
    modes = provider_pb2.CheckRequest.AutonamingOptions
    if request.autonaming.mode == modes.DISABLE and request.HasField("autonaming"):
        raise PluginError(
            f"{request.name}: metadata.name is missing, and the project has switched automatic "
            "names off (pulumi:autonaming)"
        )
    suffix = hashlib.sha256(request.randomSeed).hexdigest()[:8]
    # The name is taken as it stands: what the API refuses with the official plugin, it refuses
    # here, too.
    return request.autonaming.proposed_name or f"{request.name}-{suffix}"


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
