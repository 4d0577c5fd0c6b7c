# pyright: basic
# The hosting classes of Pulumi's SDK are only partly annotated.
"""Hosts the components for programs in other languages: by the schema's names, in and out.

The SDK's own mapping leaves out inputs that a component does not have, and ends at the first one
that is missing. Here both reach the component, which names every mistake at once, as it does in
Python. Of the outputs the SDK leaves Python's names inside of maps.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi.provider import ConstructResult
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

_SNAKE_CASE = re.compile(r"(?<!label `)\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
_UNKNOWN = PropertyDefinition()

Names = Mapping[str, tuple[str, PropertyDefinition]]
"""By the name that a property has: the one it gets, and what it holds."""
Direction = Callable[[Mapping[str, PropertyDefinition], Mapping[str, str]], Names]


def _to_python(kinds: Mapping[str, PropertyDefinition], python: Mapping[str, str]) -> Names:
    return {name: (python[name], kind) for name, kind in kinds.items()}


def _to_schema(kinds: Mapping[str, PropertyDefinition], python: Mapping[str, str]) -> Names:
    return {python[name]: (name, kind) for name, kind in kinds.items()}


class HostedComponents(ComponentProvider):
    """The components, called by the names of the schema."""

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Any,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Build a component; what it refuses is told without a traceback."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, pulumi.RunError):
                raise pulumi.InputPropertiesError(self._told(str(error.inner)), []) from error
            raise

    def map_inputs(self, inputs: Any, component_def: ComponentDefinition) -> Any:
        """The inputs with the names that Python has for them; any other stays as it is."""
        names = _to_python(component_def.inputs, component_def.inputs_mapping)
        return self._renamed(inputs, names, _to_python)

    def get_state(
        self, instance: pulumi.ComponentResource, component_def: ComponentDefinition
    ) -> dict[str, Any]:
        """The outputs with the names of the schema."""
        return {
            name: pulumi.Output.from_input(value).apply(
                functools.partial(self._inside, kind=kind, direction=_to_schema)
            )
            for name, kind in component_def.outputs.items()
            if (value := getattr(instance, component_def.outputs_mapping[name], None)) is not None
        }

    def _renamed(self, value: Mapping[str, Any], names: Names, direction: Direction) -> Any:
        renamed: dict[str, Any] = {}
        for key, item in value.items():
            name, kind = names.get(key, (key, _UNKNOWN))
            renamed[name] = self._inside(item, kind, direction)
        return renamed

    def _inside(self, value: Any, kind: PropertyDefinition, direction: Direction) -> Any:
        """A value with the names of the properties in it renamed, at any depth."""
        if isinstance(value, Mapping):
            if kind.ref and (definition := self.get_type_definition(kind)):
                names = direction(definition.properties, definition.properties_mapping)
                return self._renamed(value, names, direction)
            each = kind.additional_properties or _UNKNOWN
            return {key: self._inside(item, each, direction) for key, item in value.items()}
        if isinstance(value, list):
            each = kind.items or _UNKNOWN
            return [self._inside(item, each, direction) for item in value]
        return value

    def _told(self, text: str) -> str:
        """A text of the components with the schema's names in place of Python's."""
        mappings = [definition.inputs_mapping for definition in self._component_defs.values()]
        mappings += [definition.properties_mapping for definition in self._type_defs.values()]
        names = {python: name for mapping in mappings for name, python in mapping.items()}
        return renamed(text, names)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A text with the names of properties replaced, but for labels: those have one name."""
    return _SNAKE_CASE.sub(lambda found: names.get(found[0], found[0]), text)
