"""What a resource is as a Kubernetes object: its identity, its manifest, its differences."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meshwright_sandbox.plugins.serving import PluginError
from meshwright_sandbox.plugins.values import UNKNOWN, Secret

FIELD_MANAGER = "__fieldManager"

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# Annotations that an import leaves out: no program writes them.
_TOOLS_ANNOTATIONS = ("deployment.kubernetes.io/revision", _LAST_APPLIED)
# Extensions of a CustomResourceDefinition's schema, which the SDKs write with underscores.
_EXTENSIONS = {
    f"x_kubernetes_{name}": f"x-kubernetes-{name.replace('_', '-')}"
    for name in (
        "embedded_resource",
        "int_or_string",
        "list_map_keys",
        "list_type",
        "map_type",
        "preserve_unknown_fields",
        "validations",
    )
}
_SDK_NAMES = {api: sdk for sdk, api in _EXTENSIONS.items()}

# What the server keeps about an object, and what therefore is neither input nor difference.
_SERVER_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


@dataclass(frozen=True)
class Change:
    """One differing field: its path, and whether it was added, deleted or updated."""

    path: str
    kind: str


def type_of(token: str) -> tuple[str, str]:
    """Return apiVersion and kind of a type token such as ``kubernetes:apps/v1:Deployment``.

    Raises:
        PluginError: the token is none of a plain Kubernetes object.
    """
    _, api_version, kind = token.split(":", 2)
    # Kinds of one's own may end in these words, too.
    built_in = re.fullmatch(r"(\w+|[\w.]+\.k8s\.io)/\w+", api_version)
    if api_version.startswith(("helm.sh/", "kustomize", "yaml")) or (
        built_in and kind.endswith(("List", "Patch"))
    ):
        raise PluginError(
            f"this stand-in for the kubernetes plugin does not know the type {token}. "
            "Install the official pulumi-kubernetes plugin, or use the objects themselves."
        )
    return api_version.removeprefix("core/"), kind


def field_manager(urn: str) -> str:
    """Return the name under which the server notes which fields are ours."""
    return f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


def annotation(manifest: Mapping[str, Any], name: str) -> str | None:
    """Return an annotation of the object."""
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    value = annotations.get(name) if isinstance(annotations, Mapping) else None
    return None if value is UNKNOWN else value


def describe(manifest: Mapping[str, Any]) -> str:
    """Return how messages name the object: ``apps/v1 Deployment shop/checkout``."""
    metadata = manifest.get("metadata") or {}
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{manifest.get('apiVersion')} {manifest.get('kind')} {place}{metadata.get('name')}"


def outputs_of(live: Mapping[str, Any], manager: str) -> dict[str, Any]:
    """Return the state's properties: the live object without the server's bookkeeping."""
    result = to_sdk(live)
    for key in ("managedFields", "resourceVersion", "generation", "selfLink"):
        result["metadata"].pop(key, None)
    return {**conceal_secrets(result), FIELD_MANAGER: manager}


def to_come(outputs: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an object that is not made yet, of what a dry run has told."""
    metadata = {**outputs["metadata"], "uid": UNKNOWN}
    metadata.pop("creationTimestamp", None)
    result = {**outputs, "metadata": metadata, "status": UNKNOWN}
    if manifest["kind"] == "Service" and "clusterIP" not in (manifest.get("spec") or {}):
        result["spec"] = {**outputs["spec"], "clusterIP": UNKNOWN, "clusterIPs": UNKNOWN}
    return result


def inputs_of(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object as a program would write it, for an import."""
    result = to_sdk({key: live[key] for key in live if key != "status"})
    for key in _SERVER_METADATA:
        result["metadata"].pop(key, None)
    annotations = result["metadata"].pop("annotations", {})
    kept = {key: annotations[key] for key in annotations if key not in _TOOLS_ANNOTATIONS}
    result["metadata"] |= {"annotations": kept} if kept else {}
    return conceal_secrets(result)


def conceal_secrets(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Mark what a Secret holds, whoever wrote it there."""
    if manifest.get("apiVersion") != "v1" or manifest.get("kind") != "Secret":
        return dict(manifest)
    marked = {
        key: Secret(value) if key in ("data", "stringData") and value is not None else value
        for key, value in manifest.items()
    }
    applied = annotation(manifest, _LAST_APPLIED)  # holds the data once more
    if applied:
        metadata = manifest["metadata"]
        annotations = {**metadata["annotations"], _LAST_APPLIED: Secret(applied)}
        marked["metadata"] = {**metadata, "annotations": annotations}
    return marked


def to_api(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with the names that the API has."""
    return _renamed(manifest, _EXTENSIONS)


def to_sdk(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the object with the names that the SDKs have."""
    return _renamed(manifest, _SDK_NAMES)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return a copy with other keys."""
    if isinstance(value, Mapping):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def differences(old: Any, new: Any, path: str = "") -> Iterator[Change]:
    """Yield the fields in which the new object differs from the old one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            if not path and key == "status":
                continue
            if path == "metadata" and key in _SERVER_METADATA:
                continue
            where = _join(path, key)
            if key not in new or (new[key] is None and old.get(key) is not None):
                if old[key] is not None:
                    yield Change(where, "DELETE")
            elif old.get(key) is None:
                if new[key] is not None:
                    yield Change(where, "ADD")
            else:
                yield from differences(old[key], new[key], where)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            where = f"{path}[{index}]"
            if index >= len(new):
                yield Change(where, "DELETE")
            elif index >= len(old):
                yield Change(where, "ADD")
            else:
                yield from differences(old[index], new[index], where)
    elif old is not new and old != new:
        yield Change(path, "UPDATE")


def drifted(live: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with the values that their fields have now."""
    return project(to_sdk(live), to_sdk(inputs))


def project(live: Any, shape: Any) -> Any:
    """Return the live values of the fields that the old inputs (`shape`) had."""
    if isinstance(shape, Mapping) and isinstance(live, Mapping):
        kept = {key: project(live[key], value) for key, value in shape.items() if key in live}
        # A Secret's stringData is written, never read back.
        return kept | {key: shape[key] for key in shape if key == "stringData"}
    if isinstance(shape, list) and isinstance(live, list) and len(shape) == len(live):
        return [project(item, old) for item, old in zip(live, shape, strict=True)]
    return live


def _join(path: str, key: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return f"{path}.{key}" if path else key
    return f'{path}["{key}"]'
