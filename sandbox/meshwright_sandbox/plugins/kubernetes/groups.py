"""Groups of objects as components, by Pulumi's own way to build one.

https://www.pulumi.com/registry/packages/kubernetes/api-docs/yaml/v2/configgroup/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.server import ProviderServicer

from meshwright_sandbox.plugins.kubernetes import manifests
from meshwright_sandbox.plugins.kubernetes.manifests import Manifest, Thing
from meshwright_sandbox.plugins.serving import PluginError

_READ: Mapping[str, Callable[[Mapping[str, Any]], list[Manifest]]] = {
    "kubernetes:yaml/v2:ConfigFile": manifests.of_file,
    "kubernetes:yaml/v2:ConfigGroup": manifests.of_group,
}


class Builder(ProviderServicer):
    """Builds one component.

    Args:
        version: the plugin's, by which the objects find it.
        engine_address: host and port of the engine.
    """

    def __init__(self, version: str, engine_address: str) -> None:
        super().__init__(_Groups(version), [], engine_address)

    async def build(self, request: Any) -> Any:
        """Answer a request to construct a component.

        Raises:
            PluginError: it is none of these, or its inputs hold no objects.
        """
        return await self._construct(request, None)


class _Groups(Provider):
    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        if resource_type not in _READ:
            raise PluginError(
                f"this stand-in for the kubernetes plugin does not build {resource_type}. Install "
                "the official pulumi-kubernetes plugin, or use the objects themselves."
            )
        group = _Group(resource_type, name, self.version, inputs, options)
        return ConstructResult(group.urn, {"resources": group.resources})


class _Group(pulumi.ComponentResource):
    """The objects of manifests, each after what it needs."""

    def __init__(
        self,
        resource_type: str,
        name: str,
        version: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__(resource_type, name, None, options)
        self._version = version

        def make(known: dict[str, Any]) -> list[pulumi.Resource]:
            found = _READ[resource_type](known)
            if known.get("skipAwait"):
                for manifest in found:
                    annotations = manifest["metadata"].setdefault("annotations", {})
                    annotations.setdefault("pulumi.com/skipAwait", "true")
            return self._make(known.get("resourcePrefix") or name, found)

        self.resources = pulumi.Output.all(**inputs).apply(make)
        self.register_outputs({"resources": self.resources})

    def _make(self, prefix: str, found: Sequence[Manifest]) -> list[pulumi.Resource]:
        made: dict[Thing, pulumi.Resource] = {}
        resources: list[pulumi.Resource] = []
        for manifest in found:
            needed = [made[thing] for thing in manifests.needed(manifest) if thing in made]
            resource = pulumi.CustomResource(
                _token(manifest),
                f"{prefix}:{manifests.place_of(manifest)}",
                manifest,
                pulumi.ResourceOptions(parent=self, depends_on=needed, version=self._version),
            )
            made |= dict.fromkeys(manifests.brought(manifest), resource)
            resources.append(resource)
        return resources


def _token(manifest: Manifest) -> str:
    version = manifest["apiVersion"]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{manifest['kind']}"
