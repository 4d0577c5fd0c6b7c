"""The positions that a rollout can be ordered to, from where it stands."""

from __future__ import annotations

from dataclasses import replace

from meshwright_provider.position import Position
from meshwright_rollouts.plan import Rollout


class NotPossible(Exception):
    """The order makes no sense where the rollout stands; the text says what does."""


def to_step(rollout: Rollout, number: int, *, reason: str, by: str, now: str) -> Position:
    """At a step, by its number from 1; after the last one the target serves."""
    moved = replace(rollout.position, reason=reason, by=by, since=now, paused_by="")
    if number > len(rollout.steps):
        return replace(moved, phase="Healthy", stable=moved.target, weight=100, step=0)
    weight = rollout.steps[number - 1].weight
    return replace(moved, phase="Progressing", weight=weight, step=number)


def paused(rollout: Rollout, *, reason: str, by: str, now: str, user: bool = True) -> Position:
    """Held where it is."""
    _under_way(rollout, "pause")
    if rollout.position.phase == "Paused":
        raise NotPossible(f"the rollout of {rollout.service} is paused already")
    kind = "user" if user else "step"
    since = now if user else rollout.position.since
    return replace(
        rollout.position, phase="Paused", paused_by=kind, reason=reason, by=by, since=since
    )


def promoted(rollout: Rollout, *, full: bool, reason: str, by: str, now: str) -> Position:
    """One step on: what a user paused goes on where it was; `full`: the target serves."""
    if rollout.position.phase not in ("Pending", "Degraded") or not full:
        _under_way(rollout, "promote")
    if full:
        return to_step(rollout, len(rollout.steps) + 1, reason=reason, by=by, now=now)
    at = rollout.position.step
    held = rollout.position.paused_by == "user"
    return to_step(rollout, at if held else at + 1, reason=reason, by=by, now=now)


def aborted(rollout: Rollout, *, reason: str, by: str, now: str) -> Position:
    """Every call back at the version that served before."""
    if rollout.position.phase == "Degraded":
        raise NotPossible(f"the rollout of {rollout.service} came back already")
    if rollout.position.phase == "Healthy":
        _under_way(rollout, "abort")
    return replace(
        rollout.position,
        phase="Degraded",
        weight=0,
        step=0,
        reason=reason,
        by=by,
        since=now,
        paused_by="",
    )


def _under_way(rollout: Rollout, verb: str) -> None:
    position = rollout.position
    if position.under_way:
        return
    hints = {
        "Healthy": f"{position.target} serves; another target in the spec starts a new one",
        "Pending": "`meshwright rollout start` starts it",
        "Degraded": f"{position.target} came back ({position.reason}); "
        "`meshwright rollout start --retry` tries it again",
    }
    raise NotPossible(
        f"there is nothing to {verb}: the rollout of {rollout.service} is "
        f"{position.phase}; {hints[position.phase]}"
    )
