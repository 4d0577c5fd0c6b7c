# ruff: noqa: N802 - the methods are named by the protocol
"""``helm.v3.Release``: https://www.pulumi.com/registry/packages/kubernetes/api-docs/helm/v3/release/."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.kubernetes import answers, objects
from meshwright_sandbox.plugins.kubernetes.helm import Helm, HelmError
from meshwright_sandbox.plugins.kubernetes.provider import KubernetesServicer
from meshwright_sandbox.plugins.serving import InitializationFailed, PluginError
from meshwright_sandbox.plugins.values import UNKNOWN, decode, encode, has_unknown

TYPE = "kubernetes:helm.sh/v3:Release"
_DEFAULT_TIMEOUT_SECONDS = 300
_INPUTS = frozenset(
    {
        "atomic", "chart", "cleanupOnFail", "compat", "createNamespace", "disableWebhooks",
        "maxHistory", "name", "namespace", "repositoryOpts", "skipAwait", "skipCrds", "timeout",
        "values", "version", "waitForJobs",
    }
)  # fmt: skip


class ReleaseServicer(KubernetesServicer):
    """The kubernetes plugin with Helm releases; all else is the plain objects' affair."""

    def Check(self, request, context):
        """Complete the release: its name, its namespace, and the version that its chart has."""
        if request.type != TYPE:
            return super().Check(request, context)
        release = {key: value for key, value in decode(request.news).items() if value is not None}
        failures = _refusals(release)
        suffix = hashlib.sha256(request.randomSeed).hexdigest()[:8]
        release.setdefault("name", decode(request.olds).get("name") or f"{request.name}-{suffix}")
        release.setdefault("namespace", self.settings.namespace or "default")
        if not release.get("skipAwait"):
            release.setdefault("timeout", _DEFAULT_TIMEOUT_SECONDS)
        if not failures and not has_unknown(
            [release.get(key) for key in ("chart", "version", "repositoryOpts")]
        ):
            try:
                release["version"] = self._helm.chart(release)["version"]
            except HelmError as error:
                reason = f"{error}; check the chart's name and where its repository is"
                failures.append(provider_pb2.CheckFailure(property="chart", reason=reason))
        return provider_pb2.CheckResponse(inputs=encode(release), failures=failures)

    def Diff(self, request, context):
        """Compare inputs, and the values that were last seen in the cluster."""
        if request.type != TYPE:
            return super().Diff(request, context)
        old, new = decode(request.old_inputs), decode(request.news)
        seen = decode(request.olds).get("values") or {}
        changes = list(objects.differences(old, new)) or [
            objects.Change(f"values.{change.path}", change.kind)
            for change in objects.differences(seen, new.get("values") or {})
        ]
        replaced = {change.path for change in changes if change.path in ("name", "namespace")}
        return answers.diff_response(changes, replaced, delete_first=False)

    def Create(self, request, context):
        """Install it and wait until its objects are ready."""
        if request.type != TYPE:
            return super().Create(request, context)
        release = decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(_planned(release)))
        outputs = self._carried_out(self._helm.install, release, request.timeout)
        return provider_pb2.CreateResponse(id=_identifier(release), properties=encode(outputs))

    def Update(self, request, context):
        """Upgrade it and wait until its objects are ready."""
        if request.type != TYPE:
            return super().Update(request, context)
        release = decode(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=encode(_planned(release)))
        outputs = self._carried_out(self._helm.upgrade, release, request.timeout)
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    def Read(self, request, context):
        """Look at the release for refresh and import."""
        if request.type != TYPE:
            return super().Read(request, context)
        namespace, _, name = request.id.rpartition("/")
        inputs = decode(request.inputs)
        release = inputs or {"name": name, "namespace": namespace or "default"}
        try:
            found = self._helm.look(release)
        except HelmError as error:
            if not (error.unreachable and self.settings.delete_unreachable):
                raise
            self.engine.log(f"taken for deleted: {error}", urn=request.urn, level="WARNING")
            found = None
        if found is None:
            return provider_pb2.ReadResponse()
        if not inputs:
            release |= {key: found[key] for key in ("chart", "version", "values")}
        outputs = _outputs(release, found)
        return provider_pb2.ReadResponse(
            id=request.id, properties=encode(outputs), inputs=encode(release)
        )

    def Delete(self, request, context):
        """Uninstall it."""
        if request.type != TYPE:
            return super().Delete(request, context)
        state = decode(request.properties)
        try:
            self._helm.uninstall(state, _timeout(state, request.timeout))
        except HelmError as error:
            if not (error.unreachable and self.settings.delete_unreachable):
                raise
            self.engine.log(f"taken for deleted: {error}", urn=request.urn, level="WARNING")
        return empty_pb2.Empty()

    @property
    def _helm(self) -> Helm:
        return Helm(self.settings.kubeconfig, self.settings.context, self.cancelled)

    def _carried_out(self, act: Any, release: dict[str, Any], requested: float) -> dict[str, Any]:
        """Install or upgrade; what is there but not ready is told as such, as helm keeps it."""
        try:
            act(release, _timeout(release, requested))
        except HelmError as error:
            found = None if error.unreachable else self._helm.look(release)
            if found is None:
                raise
            if "cannot re-use a name" in str(error):
                raise PluginError(f"{error}. {_taking_over(release, found)}") from error
            reason = f"Helm release {_identifier(release)} is not ready: {error}"
            outputs = _outputs(release, found)
            raise InitializationFailed(_identifier(release), outputs, [reason], release) from error
        found = self._helm.look(release)
        if found is None:
            raise PluginError(f"Helm release {_identifier(release)} was removed by someone else")
        return _outputs(release, found)


def _refusals(release: Mapping[str, Any]) -> list[provider_pb2.CheckFailure]:
    refused = set(release.keys() - _INPUTS)
    options = release.get("repositoryOpts")
    if isinstance(options, Mapping):
        refused |= {f"repositoryOpts.{key}" for key in options.keys() - {"repo"}}
    reason = "this stand-in for the kubernetes plugin has no such input of a Helm release"
    return [provider_pb2.CheckFailure(property=key, reason=reason) for key in sorted(refused)]


def _taking_over(release: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """What to do about a release that stands already."""
    place = f"{release['name']} --namespace {release['namespace']}"
    if found["status"].startswith("pending"):
        return f"A run that was cut off left it half installed: `helm uninstall {place}`, then up"
    return (
        f"Take it over with `pulumi import {TYPE} NAME {_identifier(release)} "
        "--generate-code=false`, "
        f"or remove it with `helm uninstall {place}`"
    )


def _planned(release: Mapping[str, Any]) -> dict[str, Any]:
    return {**release, "resourceNames": UNKNOWN, "status": UNKNOWN}


def _outputs(release: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    status = {
        key: found.get(key)
        for key in ("appVersion", "chart", "name", "namespace", "revision", "status", "version")
    }
    names = _resource_names(found["manifest"])
    return {**release, "values": found["values"], "resourceNames": names, "status": status}


def _resource_names(manifest: str) -> dict[str, list[str]]:
    """What the release made, by `Kind.group/apiVersion`."""
    names: dict[str, list[str]] = {}
    for item in yaml.load_all(manifest, yaml.CSafeLoader):
        if item:
            group, _, _ = item["apiVersion"].rpartition("/")
            kind = f"{item['kind']}.{group}" if group else item["kind"]
            place = item["metadata"].get("namespace")
            name = "/".join(filter(None, (place, item["metadata"]["name"])))
            names.setdefault(f"{kind}/{item['apiVersion']}", []).append(name)
    return {key: sorted(set(found)) for key, found in sorted(names.items())}


def _identifier(release: Mapping[str, Any]) -> str:
    return f"{release['namespace']}/{release['name']}"


def _timeout(release: Mapping[str, Any], requested: float) -> float:
    return requested or release.get("timeout") or _DEFAULT_TIMEOUT_SECONDS
