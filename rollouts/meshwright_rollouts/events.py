"""What a rollout tells while it runs: for a screen, or a line of JSON each."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from meshwright_rollouts.plan import Rollout

Kind = Literal[
    "started", "resumed", "step", "measured", "waiting", "paused", "moved", "aborted", "promoted",
    "replaced", "retrying", "finished",
]  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    kind: Kind
    at: float
    rollout: Rollout
    text: str = ""
    measurement: Any = None

    def data(self) -> dict[str, Any]:
        """The event for programs."""
        position = self.rollout.position
        found: dict[str, Any] = {
            "time": utc(self.at),
            "event": self.kind,
            "service": self.rollout.service,
            "phase": position.phase,
            "stable": position.stable,
            "target": position.target,
            "step": position.step,
            "steps": len(self.rollout.steps),
            "weights": self.rollout.weights,
            "text": self.text,
        }
        if self.measurement is not None:
            measured = self.measurement
            found["analysis"] = {
                "name": measured.analysis,
                "verdict": measured.verdict,
                "value": measured.value,
                "samples": measured.samples,
            }
        return found


Tell = Callable[[Event], None]


def utc(seconds: float) -> str:
    """A time as the state and the events hold it."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """The same time in seconds."""
    return datetime.datetime.fromisoformat(text).timestamp()
