"""The stacks before the rules without an engine: what they register is recorded and judged."""

import dataclasses
import datetime
import functools
import json
from collections.abc import Mapping

from google.protobuf.struct_pb2 import Struct

from meshwright_policies import RULES, properties
from meshwright_policies.clusters import DEFAULT
from meshwright_policies.config import Config, default_levels, read
from meshwright_policies.judge import Judge, Said
from meshwright_policies.rule import Resource
from tests.inputs.specs import ROOT
from tests.unit.recording import Registration
from tests.unit.test_composition_stacks import composed


@functools.cache
def resources(stack: str, edits: str = "{}") -> tuple[Resource, ...]:
    """What a stack makes; `edits` (JSON) are put into its spec first."""
    return shown(composed(stack, json.loads(edits)).registrations, stack)


def shown(registrations: list[Registration], stack: str) -> tuple[Resource, ...]:
    """What a program of a stack registers, as the engine shows it to the rules."""
    clusters: dict[str, str] = {}
    by_access: dict[str, str] = {}
    for item in sorted(registrations, key=lambda item: item.name):
        if item.type == "pulumi:providers:kubernetes":
            access = repr(item.inputs.get("kubeconfig"))
            clusters[item.name] = by_access.setdefault(access, item.name)
    return tuple(_resource(item, stack, clusters) for item in registrations)


def policy_config(stack: str) -> Config:
    """The stack's own policy config, on a day on which none of its exemptions has ended."""
    path = ROOT / "stacks" / f"policies.{stack}.json"
    config = read(path, RULES) if path.exists() else Config(default_levels(RULES))
    return dataclasses.replace(config, day=datetime.date.min)


def judged(stack: str, edits: str = "{}", config: Config | None = None) -> list[Said]:
    """What the pack says of a stack when everything is known."""
    judge = Judge(RULES, config or policy_config(stack), preview=False)
    made = list(resources(stack, edits))
    said = [word for resource in made for word in judge.resource(resource)]
    return said + judge.stack(made)


def _resource(item: Registration, stack: str, clusters: Mapping[str, str]) -> Resource:
    # The recording calls every stack the same; rules read from the URN whether it is production.
    _, *rest = item.urn.split("::")
    sent = Struct()
    sent.update(item.inputs)
    return Resource(
        "::".join([f"urn:pulumi:{stack}", *rest]),
        item.type,
        item.name,
        properties.read(sent),
        clusters.get(item.provider, DEFAULT) if item.type.startswith("kubernetes:") else "",
    )
