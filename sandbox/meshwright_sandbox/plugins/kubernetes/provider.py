"""The plugin's answers to the engine, per https://www.pulumi.com/registry/packages/kubernetes/."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import grpc
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.kubernetes import objects, waiting
from meshwright_sandbox.plugins.kubernetes.cluster import (
    ApiError,
    Cluster,
    Kind,
    KindNotServed,
    Unreachable,
    server_of,
)
from meshwright_sandbox.plugins.kubernetes.objects import FIELD_MANAGER, describe
from meshwright_sandbox.plugins.serving import (
    InitializationFailed,
    PluginError,
    PluginServicer,
)
from meshwright_sandbox.plugins.values import UNKNOWN, decode, encode, has_unknown

_SETTINGS = frozenset(
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
# How long a custom resource may wait for its definition, which another part may be installing.
_DEFINITION_SECONDS = 60
_DEFINITION_PAUSE = 1.0


class KubernetesServicer(PluginServicer):
    """One provider instance: one cluster."""

    name: ClassVar[str] = "kubernetes"
    version: ClassVar[str] = "4.34.2"

    def CheckConfig(self, request, context):  # noqa: N802 - gRPC's names
        """Refuse settings that the stand-in would silently ignore."""
        news = decode(request.news)
        failures = [
            provider_pb2.CheckFailure(
                property=key, reason="this stand-in for the kubernetes plugin has no such setting"
            )
            for key in sorted(news.keys() - _SETTINGS)
        ]
        if news.get("enableServerSideApply") in ("false", False):
            failures.append(
                provider_pb2.CheckFailure(
                    property="enableServerSideApply", reason="this stand-in always applies so"
                )
            )
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request, context):  # noqa: N802
        """Another cluster means other objects: the provider and all it manages are replaced."""
        old, new = decode(request.olds), decode(request.news)
        kind = provider_pb2.DiffResponse
        if old == new:
            return kind(changes=kind.DIFF_NONE)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        before, after = _identity(old), _identity(new)
        replaces = ["kubeconfig"] if before and after and before != after else []
        return kind(changes=kind.DIFF_SOME, diffs=changed, replaces=replaces)

    def Configure(self, request, context):  # noqa: N802
        """Take the settings; the cluster is contacted when the first resource needs it."""
        prefix = "kubernetes:config:"
        settings = {key.removeprefix(prefix): value for key, value in request.variables.items()}
        self.namespace = settings.get("namespace") or ""
        self.force = _enabled(settings, "enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE")
        self.delete_unreachable = _enabled(
            settings, "deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"
        )
        self.mutable = set()
        if _enabled(settings, "enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"):
            self.mutable.add("ConfigMap")
        if _enabled(settings, "enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"):
            self.mutable.add("Secret")
        self.cluster = Cluster(
            settings.get("kubeconfig") or "", settings.get("context") or "", self.cancelled
        )
        return super().Configure(request, context)

    def Invoke(self, request, context):  # noqa: N802
        """Answer the one function that the SDK's client-side YAML components need."""
        if request.tok != "kubernetes:yaml:decode":
            raise PluginError(f"this stand-in does not know the function {request.tok}")
        arguments = decode(request.args)
        documents = [item for item in yaml.safe_load_all(arguments["text"]) if item]
        return provider_pb2.InvokeResponse(**{"return": encode({"result": documents})})

    def Check(self, request, context):  # noqa: N802
        """Complete the object: apiVersion and kind from the type, a name where none is given."""
        manifest = decode(request.news)
        api_version, kind = objects.type_of(request.type)
        failures = []
        for key, value in (("apiVersion", api_version), ("kind", kind)):
            given = manifest.setdefault(key, value)
            if given not in (value, UNKNOWN):
                failures.append(
                    provider_pb2.CheckFailure(
                        property=key, reason=f"is {given!r}, but the type says {value!r}"
                    )
                )
        manifest.pop("status", None)
        if not isinstance(manifest.setdefault("metadata", {}), (dict, type(UNKNOWN))):
            reason = "must be an object with a name, labels and the like"
            failures.append(provider_pb2.CheckFailure(property="metadata", reason=reason))
        if failures:
            return provider_pb2.CheckResponse(failures=failures)
        objects.autoname(manifest, decode(request.olds), request.name, request.randomSeed)
        metadata = manifest["metadata"]
        if self.namespace and isinstance(metadata, dict) and self._namespaced(manifest):
            metadata.setdefault("namespace", self.namespace)
        return provider_pb2.CheckResponse(inputs=encode(objects.conceal_secrets(manifest)))

    def Diff(self, request, context):  # noqa: N802
        """Compare the live object with what applying the new inputs would make of it."""
        old, new = decode(request.old_inputs), decode(request.news)
        state = decode(request.olds)
        changes = list(objects.differences(old, new))
        if not has_unknown(new) and not any(
            change.path in ("metadata.name", "metadata.namespace", "apiVersion", "kind")
            for change in changes
        ):
            changes = self._live_changes(state, new, changes)
        replaced = objects.replaced_by(new, changes, self.mutable)
        return _diff_response(changes, replaced, delete_first=_same_place(state, new))

    def Create(self, request, context):  # noqa: N802
        manifest = decode(request.properties)
        manager = objects.field_manager(request.urn)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(self._planned(manifest, manager)))
        live = self._apply(request.urn, manifest, manager, request.timeout)
        return provider_pb2.CreateResponse(
            id=_identifier(live), properties=encode(objects.outputs_of(live, manager))
        )

    def Update(self, request, context):  # noqa: N802
        manifest = decode(request.news)
        state = decode(request.olds)
        manager = state.get(FIELD_MANAGER) or objects.field_manager(request.urn)
        if request.preview:
            planned = self._planned(manifest, manager, state)
            return provider_pb2.UpdateResponse(properties=encode(planned))
        live = self._apply(request.urn, manifest, manager, request.timeout)
        return provider_pb2.UpdateResponse(properties=encode(objects.outputs_of(live, manager)))

    def Read(self, request, context):  # noqa: N802
        """Fetch the object for refresh and import."""
        inputs, state = decode(request.inputs), decode(request.properties)
        api_version, kind_name = objects.type_of(request.type)
        namespace, _, name = request.id.rpartition("/")
        manager = state.get(FIELD_MANAGER) or objects.field_manager(request.urn)
        try:
            live = self.cluster.get(self.cluster.kind(api_version, kind_name), namespace, name)
        except KindNotServed:
            live = None
        except Unreachable as error:
            if not self.delete_unreachable:
                raise
            self.engine.log(f"taken for deleted: {error}", urn=request.urn, level="WARNING")
            live = None
        if live is None:
            return provider_pb2.ReadResponse()
        inputs = self._refreshed(inputs, live, manager) if inputs else objects.inputs_of(live)
        outputs = objects.outputs_of(live, manager)
        try:
            lacking = waiting.missing(live)
        except waiting.Failed as failure:
            lacking = [str(failure)]
        if lacking:
            raise InitializationFailed(request.id, outputs, lacking, inputs)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=encode(outputs),
            inputs=encode(objects.conceal_secrets(inputs)),
        )

    def Delete(self, request, context):  # noqa: N802
        """Delete the object and wait until it is gone."""
        state = decode(request.properties)
        api_version, kind_name = objects.type_of(request.type)
        namespace, _, name = request.id.rpartition("/")
        propagation = (
            objects.annotation(state, "pulumi.com/deletionPropagationPolicy") or "foreground"
        )
        try:
            kind = self.cluster.kind(api_version, kind_name)
            live = self.cluster.get(kind, namespace, name)
            if live is not None:
                self.cluster.delete(kind, namespace, name, propagation.capitalize())
                waiting.wait_until_gone(
                    self.cluster,
                    kind,
                    live,
                    waiting.timeout_of(state, request.timeout),
                    self.cancelled,
                    self._progress(request.urn),
                )
        except KindNotServed:
            # With its definition, every object of the kind has gone.
            return empty_pb2.Empty()
        except Unreachable as error:
            if not self.delete_unreachable:
                raise PluginError(
                    f"{error} If the cluster is gone for good, set "
                    "PULUMI_K8S_DELETE_UNREACHABLE=true to take its objects for deleted."
                ) from error
            self.engine.log(f"taken for deleted: {error}", urn=request.urn, level="WARNING")
        except ApiError as error:
            raise _refused(error, state) from error
        return empty_pb2.Empty()

    def _namespaced(self, manifest: Mapping[str, Any]) -> bool:
        try:
            return self._kind(manifest).namespaced
        except (Unreachable, KindNotServed):
            # Only custom resources of a definition yet to come are unknown; most have a namespace.
            return True

    def _kind(self, manifest: Mapping[str, Any]) -> Kind:
        return self.cluster.kind(manifest["apiVersion"], manifest["kind"])

    def _progress(self, urn: str):
        return lambda message: self.engine.log(message, urn=urn, brief=True)

    def _live_changes(
        self, state: Mapping[str, Any], new: dict[str, Any], changes: list[objects.Change]
    ) -> list[objects.Change]:
        """Return how the live object differs from the new inputs, once they are applied."""
        metadata = new["metadata"]
        try:
            kind = self._kind(new)
            live = self.cluster.get(kind, metadata.get("namespace"), metadata["name"])
            if live is None:
                return [objects.Change("metadata", "ADD"), *changes]
            planned = self.cluster.apply(
                kind, new, str(state.get(FIELD_MANAGER)), force=True, dry_run=True
            )
        except KindNotServed:
            return [objects.Change("kind", "ADD"), *changes]
        except ApiError as error:
            immutable = [item for item in changes if objects.replaced_by(new, [item], self.mutable)]
            if immutable or _immutable_fields(error):
                # The API refuses the change because it needs another object: that is the answer.
                return changes
            raise _refused(error, new) from error
        found = list(objects.differences(live, planned))
        # A change that replaces must not be hidden by the server's own merging.
        paths = {change.path for change in found}
        return found + [
            item
            for item in changes
            if item.path not in paths and found and objects.replaced_by(new, [item], self.mutable)
        ]

    def _planned(
        self, manifest: dict[str, Any], manager: str, state: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what a preview can tell about the object; checks it against the API's schema."""
        from_inputs = {**objects.conceal_secrets(manifest), FIELD_MANAGER: manager}
        if state is None:
            from_inputs["status"] = UNKNOWN
        if has_unknown(manifest):
            return from_inputs
        try:
            kind = self._kind(manifest)
            # What is to be created may still be there to be deleted first, and in other hands.
            force = state is None or self._forced(manifest)
            planned = self.cluster.apply(kind, manifest, manager, force=force, dry_run=True)
        except KindNotServed:
            return from_inputs
        except ApiError as error:
            namespace_to_come = error.code == 404
            if namespace_to_come or error.passing or _immutable_fields(error):
                return from_inputs
            raise _refused(error, manifest) from error
        outputs = objects.outputs_of(planned, manager)
        if state is None:
            outputs["status"] = UNKNOWN
            outputs["metadata"].pop("creationTimestamp", None)
            outputs["metadata"]["uid"] = UNKNOWN
            if manifest["kind"] == "Service" and "clusterIP" not in (manifest.get("spec") or {}):
                outputs["spec"].update({"clusterIP": UNKNOWN, "clusterIPs": UNKNOWN})
        return outputs

    def _apply(
        self, urn: str, manifest: dict[str, Any], manager: str, timeout: float
    ) -> dict[str, Any]:
        """Apply the object and wait until it is ready.

        Raises:
            InitializationFailed: it is there but not ready in time.
        """
        limit = waiting.timeout_of(manifest, timeout)
        kind = self._kind_in_time(manifest, min(limit, _DEFINITION_SECONDS), urn)
        try:
            live = self.cluster.apply(kind, manifest, manager, force=self._forced(manifest))
        except ApiError as error:
            raise _refused(error, manifest) from error
        except Unreachable as error:
            # The request may have arrived although its answer did not.
            raise PluginError(str(error), grpc.StatusCode.UNKNOWN) from error
        live, lacking = waiting.wait_until_ready(
            self.cluster, kind, live, limit, self.cancelled, self._progress(urn)
        )
        if lacking:
            reasons = [f"{describe(live)} is not ready: {lacking[0]}", *lacking[1:]]
            raise InitializationFailed(
                _identifier(live), objects.outputs_of(live, manager), reasons, manifest
            )
        return live

    def _kind_in_time(self, manifest: Mapping[str, Any], patience: float, urn: str) -> Kind:
        deadline = time.monotonic() + patience
        while True:
            try:
                return self._kind(manifest)
            except KindNotServed as error:
                if time.monotonic() > deadline:
                    raise PluginError(
                        f"{describe(manifest)}: after {patience:.0f} s, {error}"
                    ) from error
                self._progress(urn)(f"waiting for the definition of {manifest['kind']}")
            if self.cancelled.wait(_DEFINITION_PAUSE):
                raise PluginError("cancelled while waiting for a CustomResourceDefinition")

    def _forced(self, manifest: Mapping[str, Any]) -> bool:
        return self.force or objects.annotation(manifest, "pulumi.com/patchForce") == "true"

    def _refreshed(
        self, inputs: dict[str, Any], live: dict[str, Any], manager: str
    ) -> dict[str, Any]:
        """Return the inputs as they stand live: unchanged where applying them changes nothing."""
        try:
            planned = self.cluster.apply(
                self._kind(inputs), inputs, manager, force=True, dry_run=True
            )
        except ApiError:
            return objects.project(live, inputs)
        drifted = any(objects.differences(live, planned))
        return objects.project(live, inputs) if drifted else inputs


def _enabled(settings: Mapping[str, str], key: str, variable: str) -> bool:
    value = settings.get(key) or os.environ.get(variable) or "false"
    return json.loads(value.lower()) is True if value.lower() in ("true", "false") else False


def _identity(settings: Mapping[str, Any]) -> str | None:
    if settings.get("clusterIdentifier"):
        return str(settings["clusterIdentifier"])
    kubeconfig = settings.get("kubeconfig")
    if not isinstance(kubeconfig, str):
        return None
    return server_of(kubeconfig, str(settings.get("context") or ""))


def _identifier(live: Mapping[str, Any]) -> str:
    metadata = live["metadata"]
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))


def _same_place(state: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the replacement has the old object's name, so that the old one must go first."""
    if not objects.identity_known(new):
        return True
    if objects.annotation(new, objects.AUTONAMED) == "true":
        return False  # the engine asks for another name before it creates the replacement
    old, metadata = state.get("metadata") or {}, new["metadata"]
    return old.get("name") == metadata.get("name") and (
        metadata.get("namespace") in (None, old.get("namespace"))
    )


def _diff_response(
    changes: list[objects.Change], replaced: set[str], *, delete_first: bool
) -> provider_pb2.DiffResponse:
    response, property_diff = provider_pb2.DiffResponse, provider_pb2.PropertyDiff
    return response(
        changes=response.DIFF_SOME if changes else response.DIFF_NONE,
        diffs=sorted({change.path.partition(".")[0].partition("[")[0] for change in changes}),
        replaces=sorted({path.partition(".")[0].partition("[")[0] for path in replaced}),
        # Told even where nothing is replaced: the engine may still have to complete a
        # replacement that an earlier run began.
        deleteBeforeReplace=delete_first,
        hasDetailedDiff=True,
        detailedDiff={
            change.path: property_diff(
                kind=property_diff.Kind.Value(
                    f"{change.kind}_REPLACE" if change.path in replaced else change.kind
                )
            )
            for change in changes
        },
    )


def _immutable_fields(error: ApiError) -> bool:
    return error.code == 422 and any(
        "immutable" in str(cause.get("message"))
        or "Forbidden: updates to" in str(cause.get("message"))
        for cause in error.causes
    )


def _refused(error: ApiError, manifest: Mapping[str, Any]) -> PluginError:
    """Return the API server's refusal as an error that says how to mend it."""
    what = describe(manifest)
    if error.code == 409 and error.reason == "Conflict":
        conflicts = "; ".join(
            f"{cause.get('field')}: {cause.get('message')}" for cause in error.causes
        )
        return PluginError(
            f"{what}: another field manager has set fields that this program sets too: "
            f"{conflicts or error}. Take them out of the program, undo the other change, or take "
            'them over with the annotation pulumi.com/patchForce: "true" (for all objects: '
            "the provider's enablePatchForce)."
        )
    if error.code in (401, 403):
        return PluginError(
            f"{what}: the cluster refuses the credentials of the kubeconfig: {error}. "
            "Check the user's token and its role bindings."
        )
    return PluginError(f"{what}: the API server refused it: {error}")
