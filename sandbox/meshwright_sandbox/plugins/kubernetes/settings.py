"""The provider's own settings, named as the official plugin names them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.kubernetes.kubeconfig import server_of

KNOWN = frozenset(
    {
        "cluster",
        "clusterIdentifier",
        "context",
        "deleteUnreachable",
        "enableConfigMapMutable",
        "enablePatchForce",
        "enableSecretMutable",
        "enableServerSideApply",
        "helmReleaseSettings",
        "kubeClientSettings",
        "kubeconfig",
        "namespace",
        "skipUpdateUnreachable",
        "suppressDeprecationWarnings",
        "suppressHelmHookWarnings",
        "upsertExistingObjects",
        "version",
    }
)
_PREFIX = "kubernetes:config:"


@dataclass(frozen=True)
class Settings:
    """What `Configure` was given; `mutable` holds ConfigMap and Secret where updates may change
    their data in place, `upsert` lets creates take over what exists. Both only when told to.
    """

    kubeconfig: str
    context: str
    namespace: str
    force: bool
    delete_unreachable: bool
    upsert: bool
    mutable: frozenset[str]

    @classmethod
    def parse(cls, variables: Mapping[str, str]) -> Settings:
        """Read the settings, and for flags that are not among them the environment."""
        given = {key.removeprefix(_PREFIX): value for key, value in variables.items()}

        def flag(key: str, variable: str) -> bool:
            return (given.get(key) or os.environ.get(variable) or "").lower() == "true"

        config_maps = flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE")
        secrets = flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE")
        return cls(
            kubeconfig=given.get("kubeconfig", ""),
            context=given.get("context", ""),
            namespace=given.get("namespace", ""),
            force=flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
            delete_unreachable=flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
            upsert=flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
            mutable=frozenset(["ConfigMap"] * config_maps + ["Secret"] * secrets),
        )


def problems(given: Mapping[str, Any]) -> list[provider_pb2.CheckFailure]:
    """Return what cannot be honoured."""
    failures = [
        provider_pb2.CheckFailure(
            property=key, reason="this stand-in for the kubernetes plugin has no such setting"
        )
        for key in sorted(given.keys() - KNOWN)
    ]
    if given.get("enableServerSideApply") in ("false", False):
        reason = "this stand-in always applies on the server's side"
        failures.append(provider_pb2.CheckFailure(property="enableServerSideApply", reason=reason))
    return failures


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> provider_pb2.DiffResponse:
    """Compare; only another cluster replaces the provider."""
    kind = provider_pb2.DiffResponse
    changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    before, after = _cluster_of(old), _cluster_of(new)
    replaces = ["kubeconfig"] if before and after and before != after else []
    changes = kind.DIFF_SOME if changed else kind.DIFF_NONE
    return kind(changes=changes, diffs=changed, replaces=replaces)


def _cluster_of(given: Mapping[str, Any]) -> str | None:
    identifier, kubeconfig = given.get("clusterIdentifier"), given.get("kubeconfig")
    if identifier:
        return identifier if isinstance(identifier, str) else None
    if not isinstance(kubeconfig, str):
        return None  # it will only be known in the update
    return server_of(kubeconfig, str(given.get("context") or ""))
