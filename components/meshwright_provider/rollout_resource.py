# pyright: basic
# gRPC's generated messages carry no usable annotations.
"""The resource `Rollout`: it holds a rollout's position in the stack's state.

It owns nothing outside the state, so that it can be refreshed, previewed and deleted at no cost.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2

from meshwright_provider.position import (
    ORDER_VARIABLE,
    Order,
    Position,
    Refused,
    next_position,
    position_in,
)
from meshwright_provider.properties import marked, plain, struct
from meshwright_provider.rollout_checks import INPUT_NAMES, problems
from meshwright_provider.schema import ROLLOUT_TYPE

RESOURCE_TYPE = ROLLOUT_TYPE


def check(request):
    """Refuse wrong inputs; add the position: the last one, unless something moves it."""
    inputs, before = plain(request.news), plain(request.olds)
    news = marked(request.news)
    news.pop("position", None)
    found = list(problems(inputs))
    if not found and not _unknown(inputs):
        try:
            position = next_position(
                request.urn,
                inputs["versions"],
                inputs["target"],
                inputs.get("targetRevision", ""),
                position_in(before),
                _order(),
            )
            news["position"] = position.as_properties()
        except Refused as error:
            found = [("target", str(error))]
    elif position_in(before) is not None:
        news["position"] = before["position"]
    failures = [provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in found]
    return provider_pb2.CheckResponse(inputs=struct(news), failures=failures)


def diff(request):
    """What differs; nothing of it replaces the resource."""
    kind, change = provider_pb2.DiffResponse, provider_pb2.PropertyDiff
    old, new = plain(request.old_inputs), plain(request.news)
    changed = [name for name in (*INPUT_NAMES, "position") if old.get(name) != new.get(name)]
    return kind(
        changes=kind.DIFF_SOME if changed else kind.DIFF_NONE,
        diffs=sorted(changed),
        detailedDiff={name: change(kind=change.UPDATE) for name in changed},
        hasDetailedDiff=True,
    )


def create(request):
    """The first position: the target serves."""
    inputs = plain(request.properties)
    return provider_pb2.CreateResponse(
        id="" if request.preview else f"rollouts/{inputs['service']}",
        properties=struct(_outputs(marked(request.properties), inputs)),
    )


def update(request):
    """The position that Check found."""
    return provider_pb2.UpdateResponse(
        properties=struct(_outputs(marked(request.news), plain(request.news)))
    )


def read(request):
    """The state is the truth, so that a refresh finds what it holds."""
    if not plain(request.inputs):
        raise ValueError(
            f"{request.id} cannot be imported: a rollout's position lives in its stack's state only"
        )
    return provider_pb2.ReadResponse(
        id=request.id, inputs=request.inputs, properties=request.properties
    )


def _order() -> Order | None:
    text = os.environ.get(ORDER_VARIABLE)
    return Order.of(text) if text else None


def _outputs(given: dict[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    found = position_in(inputs)
    if found is None:
        names = ("weights", "matchedWeights", "phase", "stable", "weight", "step", "position")
        return {**given, **dict.fromkeys(names, rpc.UNKNOWN)}
    position = Position.of(found)
    return {
        **given,
        "weights": position.weights(inputs["versions"]),
        "matchedWeights": position.matched_weights(inputs["versions"]),
        "phase": position.phase,
        "stable": position.stable,
        "weight": position.weight,
        "step": position.step,
    }


def _unknown(inputs: Mapping[str, Any]) -> bool:
    versions = inputs["versions"]
    wanted = (inputs["target"], inputs.get("targetRevision", ""), versions)
    return rpc.UNKNOWN in wanted or rpc.UNKNOWN in versions
