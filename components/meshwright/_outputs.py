"""Outputs that are resolved only after what their consumer must wait for."""

import inspect
from collections.abc import Iterable
from typing import TypeVar

import pulumi

T = TypeVar("T")


def after(value: pulumi.Input[T], waits: Iterable[pulumi.Resource]) -> pulumi.Output[T]:
    """`value`, once every resource in `waits` is done; its consumer is also destroyed before them.

    It hangs on the resources' URNs, not their ids: those are known in a preview too, so that what
    was known stays known there.
    """
    urns = [resource.urn for resource in waits]

    def first(values: list[object]) -> T:
        return values[0]  # type: ignore[return-value]

    return pulumi.Output.all(value, *urns).apply(first)


def outputs_of(component: pulumi.ComponentResource) -> dict[str, pulumi.Output[object]]:
    """All that a component declares as outputs, by name; AttributeError names one not set."""
    return {name: getattr(component, name) for name in inspect.get_annotations(type(component))}
