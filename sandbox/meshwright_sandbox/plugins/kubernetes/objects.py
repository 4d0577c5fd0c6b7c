"""What a resource is as a Kubernetes object: its identity, its manifest, its differences."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meshwright_sandbox.plugins.serving import PluginError
from meshwright_sandbox.plugins.values import UNKNOWN, Secret, has_unknown

AUTONAMED = "pulumi.com/autonamed"
FIELD_MANAGER = "__fieldManager"

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
# Fields whose change means another object (the API refuses to change them, or the official
# provider replaces rather than mutates). `*` stands for every kind.
_IMMUTABLE: Mapping[str, Sequence[str]] = {
    "*": ("apiVersion", "kind", "metadata.name", "metadata.namespace"),
    "apps/DaemonSet": ("spec.selector",),
    "apps/Deployment": ("spec.selector",),
    "apps/ReplicaSet": ("spec.selector",),
    "apps/StatefulSet": (
        "spec.podManagementPolicy",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "batch/Job": ("spec.completions", "spec.selector", "spec.template"),
    "/ConfigMap": ("binaryData", "data"),
    "/PersistentVolumeClaim": ("spec.accessModes", "spec.storageClassName", "spec.volumeName"),
    "/Pod": ("spec",),
    "/Secret": ("data", "stringData", "type"),
    "/Service": ("spec.clusterIP",),
    "networking.k8s.io/IngressClass": ("spec.controller",),
    "rbac.authorization.k8s.io/ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/RoleBinding": ("roleRef",),
    "storage.k8s.io/StorageClass": ("parameters", "provisioner", "volumeBindingMode"),
}


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
    if api_version.startswith(("helm.sh/", "kustomize", "yaml")) or kind.endswith("List"):
        raise PluginError(
            f"this stand-in for the kubernetes plugin does not know the type {token}. "
            "Install the official pulumi-kubernetes plugin, or use the objects themselves."
        )
    return api_version.removeprefix("core/"), kind


def field_manager(urn: str) -> str:
    """Return the name under which the server notes which fields are ours."""
    return f"pulumi-kubernetes-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"


def autoname(manifest: dict[str, Any], olds: Mapping[str, Any], prefix: str, seed: bytes) -> None:
    """Give the object a name where its author gave none; it stays the same over its life."""
    metadata = manifest["metadata"]
    if metadata is UNKNOWN or metadata.get("name") or metadata.get("generateName"):
        return
    old = olds.get("metadata") or {}
    kept = old.get("name") if (old.get("annotations") or {}).get(AUTONAMED) == "true" else None
    suffix = hashlib.sha256(seed).hexdigest()[:8]
    metadata["name"] = kept or f"{prefix.lower()[:244]}-{suffix}"
    metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}


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
    result = copy.deepcopy(dict(live))
    for key in ("managedFields", "resourceVersion", "generation", "selfLink"):
        result["metadata"].pop(key, None)
    return {**conceal_secrets(result), FIELD_MANAGER: manager}


def inputs_of(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object as a program would write it, for an import."""
    result = copy.deepcopy({key: live[key] for key in live if key != "status"})
    for key in _SERVER_METADATA:
        result["metadata"].pop(key, None)
    return conceal_secrets(result)


def conceal_secrets(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Mark what a Secret holds, whoever wrote it there."""
    if manifest.get("apiVersion") != "v1" or manifest.get("kind") != "Secret":
        return dict(manifest)
    return {
        key: Secret(value) if key in ("data", "stringData") and value is not None else value
        for key, value in manifest.items()
    }


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


def replaced_by(
    manifest: Mapping[str, Any], changes: Sequence[Change], mutable: frozenset[str]
) -> set[str]:
    """Return the paths of changes that no update can make.

    Args:
        manifest: the object.
        changes: what differs.
        mutable: kinds among ConfigMap and Secret that the provider may change in place.
    """
    kind = str(manifest.get("kind"))
    fields: list[str] = list(_IMMUTABLE["*"])
    if kind not in mutable:
        group = str(manifest.get("apiVersion")).rpartition("/")[0]
        fields += _IMMUTABLE.get(f"{group}/{kind}", ())
    pattern = re.compile(rf"({'|'.join(map(re.escape, fields))})($|[.\[])")
    return {
        change.path
        for change in changes
        # A field that is gained is set for the first time, which the API allows, but not in data.
        if pattern.match(change.path)
        and not (change.path == "spec.clusterIP" and change.kind == "ADD")
    }


def project(live: Any, shape: Any) -> Any:
    """Return the live values of the fields that the old inputs (`shape`) had."""
    if isinstance(shape, Mapping) and isinstance(live, Mapping):
        kept = {key: project(live[key], value) for key, value in shape.items() if key in live}
        # A Secret's stringData is written, never read back.
        return kept | {key: shape[key] for key in shape if key == "stringData"}
    if isinstance(shape, list) and isinstance(live, list) and len(shape) == len(live):
        return [project(item, old) for item, old in zip(live, shape, strict=True)]
    return live


def identity_known(manifest: Mapping[str, Any]) -> bool:
    """Whether name and namespace can be told already."""
    metadata = manifest.get("metadata")
    return isinstance(metadata, Mapping) and not (
        has_unknown(metadata.get("name")) or has_unknown(metadata.get("namespace"))
    )


def _join(path: str, key: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return f"{path}.{key}" if path else key
    return f'{path}["{key}"]'
