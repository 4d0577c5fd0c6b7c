"""Where a rollout stands, and what moves it: a new target in the spec, or an order to one update.

The position is an input that nobody writes: `Check` keeps it from the last update's inputs, as
plugins keep a name that they made up. So every update keeps the weights, whoever runs it; only an
order in the environment of one update (`MESHWRIGHT_ROLLOUT`, written by `meshwright rollout`) or a
new target changes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast, get_args

ORDER_VARIABLE = "MESHWRIGHT_ROLLOUT"
"""Environment variable of an update that orders a rollout to a position."""

Phase = Literal["Healthy", "Pending", "Progressing", "Paused", "Degraded"]
PHASES: tuple[Phase, ...] = get_args(Phase)


class Refused(Exception):
    """An order or a new target that cannot be followed; the text says why and what to do."""


@dataclass(frozen=True)
class Position:
    """Where a rollout stands. `generation` counts the moves, so that two cannot cross."""

    phase: Phase
    stable: str
    """Version that serves, and gets every call back if the target is bad."""
    target: str
    """Version that the spec wants to serve."""
    target_revision: str = ""
    """What tells one content of the target from the next, such as its image."""
    weight: int = 0
    """Share of the target in percent; the stable version has the rest."""
    step: int = 0
    """Number of the step, from 1; 0 outside of steps."""
    since: str = ""
    """When this position was taken, UTC."""
    reason: str = ""
    by: str = ""
    paused_by: str = ""
    """`step` or `user` while paused."""
    generation: int = 1

    @property
    def under_way(self) -> bool:
        """Whether the target is being tried."""
        return self.phase in ("Progressing", "Paused")

    def weights(self, versions: list[str]) -> dict[str, int]:
        """Share of every version; together 100."""
        return _shares(versions, self.stable, self.target, self.weight)

    def matched_weights(self, versions: list[str]) -> dict[str, int]:
        """Shares for the callers who try the target first."""
        return _shares(versions, self.stable, self.target, 100 if self.under_way else self.weight)

    def as_properties(self) -> dict[str, Any]:
        """The position as the state holds it."""
        return {_camel(name): value for name, value in asdict(self).items()}

    @staticmethod
    def of(properties: Mapping[str, Any]) -> Position:
        """The position that properties hold."""
        found = {
            name: properties[_camel(name)]
            for name in Position.__dataclass_fields__
            if _camel(name) in properties
        }
        for number in ("weight", "step", "generation"):
            if number in found:
                found[number] = int(found[number])
        return Position(**found)


@dataclass(frozen=True)
class Order:
    """An order to one rollout: where to go, given that it stands where its giver saw it."""

    urn: str
    generation: int
    position: Position | None
    """None: it stays, and the update fails if anything else would move it."""

    def as_text(self) -> str:
        """The order as the environment variable holds it."""
        return json.dumps(
            {
                "urn": self.urn,
                "generation": self.generation,
                "position": self.position and self.position.as_properties(),
            }
        )

    @staticmethod
    def of(text: str) -> Order:
        """The order that the variable holds."""
        try:
            found: Any = json.loads(text)
            wanted = found["position"]
            position = None if wanted is None else Position.of(wanted)
            return Order(found["urn"], int(found["generation"]), position)
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"{ORDER_VARIABLE} is not an order of `meshwright rollout` ({error}); unset it"
            ) from error


def next_position(
    urn: str,
    versions: list[str],
    target: str,
    target_revision: str,
    before: Mapping[str, Any] | None,
    order: Order | None,
) -> Position:
    """The position after an update.

    Args:
        urn: the rollout's.
        versions: every version of the service.
        target: what the spec wants to serve.
        target_revision: content of the target.
        before: properties of the position in the state; None for a rollout that is new.
        order: what the update was told, to this rollout or another; None: nothing.

    Raises:
        Refused: the target is gone or was never there, or the order comes too late.
    """
    if before is None:
        position = Position("Healthy", target, target, target_revision, weight=100)
    else:
        position = _wanted(Position.of(before), target, target_revision)
    if order is not None and order.urn == urn:
        position = _ordered(position, order)
    if position.weight < 100 and position.stable not in versions:
        raise Refused(
            f"version {position.stable} is gone from the service and still gets "
            f"{100 - position.weight} % of its calls; keep it until the rollout to "
            f"{position.target} is through"
        )
    return position


def _wanted(position: Position, target: str, revision: str) -> Position:
    """The position once the spec's target is heard."""
    if (target, revision) == (position.target, position.target_revision):
        return position
    moved = replace(
        position,
        target=target,
        target_revision=revision,
        step=0,
        since="",
        by="",
        paused_by="",
        generation=position.generation + 1,
    )
    if target == position.stable:
        # Also where what serves was changed in place: there is nothing beside it to go back to.
        return replace(
            moved, phase="Healthy", weight=100, reason=f"the spec names {target}, which serves"
        )
    return replace(
        moved, phase="Pending", weight=0, reason=f"the spec names {target} as new target"
    )


def _ordered(position: Position, order: Order) -> Position:
    if order.generation != position.generation:
        raise Refused(
            f"the rollout has moved on: it is at move {position.generation} "
            f"({position.phase}: {position.reason}), the order was given at move "
            f"{order.generation}; `pulumi up` deploys what the spec names, `meshwright rollout "
            "status` says where the rollout stands; then give the order again"
        )
    wanted = order.position
    if wanted is None:
        return position
    if wanted.phase not in PHASES or not 0 <= wanted.weight <= 100:
        raise Refused(f"{ORDER_VARIABLE} names no position: {wanted.phase}, {wanted.weight} %")
    if {wanted.stable, wanted.target} - {position.stable, position.target}:
        raise Refused(f"{ORDER_VARIABLE} names versions that are not of this rollout")
    return replace(
        wanted, target_revision=position.target_revision, generation=position.generation + 1
    )


def _shares(versions: list[str], stable: str, target: str, weight: int) -> dict[str, int]:
    shares = dict.fromkeys(versions, 0)
    # The order matters where both are one: what serves has all.
    shares[stable] = 100 - weight
    shares[target] = 100 if stable == target else weight
    return shares


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def position_in(properties: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The position that a rollout's properties hold, if they do."""
    found = properties.get("position")
    return cast(Mapping[str, Any], found) if isinstance(found, Mapping) else None
