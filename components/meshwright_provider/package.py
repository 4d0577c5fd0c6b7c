# pyright: basic
# The hosting classes of Pulumi's SDK are only partly annotated.
"""What the plugin hosts besides MeshReadiness: every component of the package, by Construct."""

from __future__ import annotations

import functools
import inspect
from importlib.metadata import version as distribution_version
from typing import Any

import pulumi
from pulumi.provider import ConstructResult, Provider

from meshwright_provider.hosted import HostedComponents
from meshwright_provider.schema import package_schema

NAME = "meshwright"


class Package(Provider):
    """The hosted components. They are looked at when first asked for: that takes seconds."""

    def __init__(self) -> None:
        # Not through super(): it would store a schema, which here is computed when read.
        self.version = distribution_version(NAME)

    @functools.cached_property
    def _components(self) -> HostedComponents:
        import meshwright

        exported = [getattr(meshwright, name) for name in meshwright.__all__]
        classes = [
            item
            for item in exported
            if inspect.isclass(item) and issubclass(item, pulumi.ComponentResource)
        ]
        return HostedComponents(classes, NAME, version=str(self.version))

    @property
    def schema(self) -> str:
        """The package's schema as JSON."""
        return package_schema(str(self._components.schema))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Any,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Build a component for a program in another language."""
        return self._components.construct(name, resource_type, inputs, options)
