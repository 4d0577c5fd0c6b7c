# ruff: noqa: N802 - the methods are named by the protocol
"""The plugin's answers to the engine, per https://www.pulumi.com/registry/packages/kubernetes/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.kubernetes import (
    answers,
    identity,
    objects,
    ownership,
    readiness,
    replacing,
    settings,
    waiting,
)
from meshwright_sandbox.plugins.kubernetes.cluster import (
    ApiError,
    Cluster,
    Kind,
    KindNotServed,
    Unreachable,
)
from meshwright_sandbox.plugins.kubernetes.ignoring import leaving_live
from meshwright_sandbox.plugins.kubernetes.objects import FIELD_MANAGER, describe
from meshwright_sandbox.plugins.serving import (
    InitializationFailed,
    PluginError,
    PluginServicer,
)
from meshwright_sandbox.plugins.values import UNKNOWN, decode, encode, has_unknown

# How long an object may wait for its kind's definition or its namespace, which another part may be
# making: the official plugin tries again for both, too.
_SURROUNDINGS_SECONDS = 60


class KubernetesServicer(PluginServicer):
    """One provider instance: one cluster."""

    name: ClassVar[str] = "kubernetes"
    version: ClassVar[str] = "4.34.2"
    known_settings: ClassVar[frozenset[str]] = settings.KNOWN

    def CheckConfig(self, request, context):
        """Refuse settings that the stand-in would silently ignore."""
        failures = settings.problems(decode(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request, context):
        """Another cluster means other objects: the provider and all it manages are replaced."""
        return settings.difference(decode(request.olds), decode(request.news))

    def Configure(self, request, context):
        """Take the settings; the cluster is contacted when the first resource needs it."""
        self.settings = settings.Settings.parse(request.variables)
        self.cluster = Cluster(self.settings.kubeconfig, self.settings.context, self.cancelled)
        return super().Configure(request, context)

    def Invoke(self, request, context):
        """Answer the one function that the SDK's client-side YAML components need."""
        if request.tok != "kubernetes:yaml:decode":
            raise PluginError(f"this stand-in does not know the function {request.tok}")
        arguments = decode(request.args)
        documents = [item for item in yaml.safe_load_all(arguments["text"]) if item]
        return provider_pb2.InvokeResponse(**{"return": encode({"result": documents})})

    def Check(self, request, context):
        """Complete the object: apiVersion and kind from the type, a name where none is given."""
        manifest = decode(request.news)
        manifest.pop("status", None)
        wrong = identity.complete(manifest, *objects.type_of(request.type))
        if wrong:
            failures = [
                provider_pb2.CheckFailure(property=path, reason=reason)
                for path, reason in wrong.items()
            ]
            return provider_pb2.CheckResponse(failures=failures)
        identity.autoname(manifest, request)
        metadata = manifest["metadata"]
        if self.settings.namespace and isinstance(metadata, dict) and self._namespaced(manifest):
            metadata.setdefault("namespace", self.settings.namespace)
        return provider_pb2.CheckResponse(inputs=encode(objects.conceal_secrets(manifest)))

    def Diff(self, request, context):
        """Compare what was asked for with what is asked for now; the API server is not asked.

        So does the official plugin: what others have changed since is a refresh's to find.
        """
        state = decode(request.olds)
        old, new = (
            identity.in_its_namespace(decode(inputs), state)
            for inputs in (request.old_inputs, request.news)
        )
        changes = list(objects.differences(old, new))
        unready = replacing.unready(self.cluster, state, new)
        replaced = replacing.replaced_by(new, changes, self.settings.mutable)
        return answers.diff_response(
            changes + unready,
            replaced | {change.path for change in unready},
            delete_first=identity.same_place(state, new),
        )

    def Create(self, request, context):
        manifest = decode(request.properties)
        manager = objects.field_manager(request.urn)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(self._planned(manifest, manager)))
        if not self.settings.upsert:
            answers.refuse_existing(self.cluster, manifest)
        live = self._apply(request.urn, manifest, manager, request.timeout)
        return provider_pb2.CreateResponse(
            id=identity.identifier(live), properties=encode(objects.outputs_of(live, manager))
        )

    def Update(self, request, context):
        manifest, state = decode(request.news), decode(request.olds)
        manager = state.get(FIELD_MANAGER) or objects.field_manager(request.urn)
        manifest = leaving_live(self.cluster, manifest, state, request.ignoreChanges)
        if request.preview:
            planned = self._planned(manifest, manager, state)
            return provider_pb2.UpdateResponse(properties=encode(planned))
        try:
            ownership.take_over(self.cluster, state, manager)
        except ApiError as error:
            raise answers.refused(error, manifest) from error
        live = self._apply(request.urn, manifest, manager, request.timeout)
        return provider_pb2.UpdateResponse(properties=encode(objects.outputs_of(live, manager)))

    def Read(self, request, context):
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
            if not self.settings.delete_unreachable:
                raise
            self.engine.log(f"taken for deleted: {error}", urn=request.urn, level="WARNING")
            live = None
        if live is None:
            return provider_pb2.ReadResponse()
        inputs = self._refreshed(inputs, live, manager) if inputs else objects.inputs_of(live)
        outputs = objects.outputs_of(live, manager)
        try:
            lacking = readiness.missing(self.cluster, live)
        except readiness.Failed as failure:
            lacking = [str(failure)]
        inputs = objects.conceal_secrets(inputs)
        if lacking:
            raise InitializationFailed(request.id, outputs, lacking, inputs)
        return provider_pb2.ReadResponse(
            id=request.id, properties=encode(outputs), inputs=encode(inputs)
        )

    def Delete(self, request, context):
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
                wait = self._wait(request.urn, waiting.timeout_of(state, request.timeout))
                waiting.wait_until_gone(self.cluster, kind, live, wait)
        except KindNotServed:
            # With its definition, every object of the kind has gone.
            return empty_pb2.Empty()
        except Unreachable as error:
            if not self.settings.delete_unreachable:
                raise PluginError(
                    f"{error} If the cluster is gone for good, set "
                    "PULUMI_K8S_DELETE_UNREACHABLE=true to take its objects for deleted."
                ) from error
            self.engine.log(f"taken for deleted: {error}", urn=request.urn, level="WARNING")
        except ApiError as error:
            raise answers.refused(error, state) from error
        return empty_pb2.Empty()

    def _namespaced(self, manifest: Mapping[str, Any]) -> bool:
        try:
            return self._kind(manifest).namespaced
        except (Unreachable, KindNotServed):
            # Only custom resources of a definition yet to come are unknown; most have a namespace.
            return True

    def _kind(self, manifest: Mapping[str, Any]) -> Kind:
        return self.cluster.kind(manifest["apiVersion"], manifest["kind"])

    def _wait(self, urn: str, timeout: float) -> waiting.Wait:
        return waiting.Wait(
            timeout, self.cancelled, lambda text: self.engine.log(text, urn=urn, brief=True)
        )

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
            # What is to be created may still be there to be deleted first, and in other hands.
            force = state is None or self._forced(manifest)
            planned = ownership.tried(self.cluster, manifest, manager, force=force)
        except KindNotServed:
            return from_inputs
        except ApiError as error:
            namespace_to_come = error.status == 404
            still_there = state is None and answers.names_immutable_fields(error)
            if namespace_to_come or error.passing or still_there:
                return from_inputs
            raise answers.refused(error, manifest) from error
        outputs = objects.outputs_of(planned, manager)
        return outputs if state else objects.to_come(outputs, manifest)

    def _apply(
        self, urn: str, manifest: dict[str, Any], manager: str, timeout: float
    ) -> dict[str, Any]:
        """Apply the object and wait until it is ready.

        Raises:
            InitializationFailed: it is there but not ready in time.
        """
        limit = waiting.timeout_of(manifest, timeout)
        readiness.refuse_unreadable(manifest)  # once it is made, an error must not lose it
        wait = self._wait(urn, limit)
        try:
            live = self._applied_in_time(manifest, manager, min(limit, _SURROUNDINGS_SECONDS), urn)
            kind = self._kind(manifest)
            if live["metadata"].get("deletionTimestamp"):
                # An earlier deletion is still under way: this is not the object to be ready.
                waiting.wait_until_gone(self.cluster, kind, live, wait)
                live = self.cluster.apply(kind, manifest, manager, force=self._forced(manifest))
        except ApiError as error:
            raise answers.refused(error, manifest) from error
        live, lacking = waiting.wait_until_ready(self.cluster, kind, live, wait)
        if lacking:
            reasons = [f"{describe(live)} is not ready: {lacking[0]}", *lacking[1:]]
            raise InitializationFailed(
                identity.identifier(live), objects.outputs_of(live, manager), reasons, manifest
            )
        return live

    def _applied_in_time(
        self, manifest: dict[str, Any], manager: str, patience: float, urn: str
    ) -> dict[str, Any]:
        """Apply the object as soon as the API server has its kind and its namespace."""
        live: dict[str, Any] = {}

        def lacking() -> list[str]:
            nonlocal live
            try:
                kind, force = self._kind(manifest), self._forced(manifest)
                live = self.cluster.apply(kind, manifest, manager, force=force)
            except KindNotServed as error:
                return [str(error)]
            except ApiError as error:
                if error.status != 404:
                    raise
                return [f"{error}. If the program makes it, let the object depend on it"]
            return []

        if ended := self._wait(urn, patience).until(lacking):
            raise PluginError(f"{describe(manifest)}: {ended}")
        return live

    def _forced(self, manifest: Mapping[str, Any]) -> bool:
        annotated = objects.annotation(manifest, "pulumi.com/patchForce")
        return self.settings.force or annotated == "true"

    def _refreshed(
        self, inputs: dict[str, Any], live: dict[str, Any], manager: str
    ) -> dict[str, Any]:
        """Return the inputs as they stand live: unchanged where applying them changes nothing."""
        try:
            planned = self.cluster.apply(
                self._kind(inputs), inputs, manager, force=True, dry_run=True
            )
        except ApiError:
            return objects.drifted(live, inputs)
        drifted = any(objects.differences(live, planned))
        return objects.drifted(live, inputs) if drifted else inputs
