"""Drives one rollout to its end: step by step, or all the way back.

All that matters is in the stack's state. The driver reads it before every move, so that it may die
at any point and be started again, and so that others may promote, pause or abort meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from meshwright_provider.position import Position
from meshwright_rollouts import moves
from meshwright_rollouts.analysis import Metrics, Watch, filled
from meshwright_rollouts.engine import MovedOn, UpdateFailed
from meshwright_rollouts.events import Event, Kind, Tell, seconds_of, utc
from meshwright_rollouts.metrics import NoAnswer, WrongQuery
from meshwright_rollouts.plan import Rollout

Outcome = Literal["healthy", "degraded", "replaced"]

_TRIES = 8
_TRIES_BACK = 60
_LONGEST_PAUSE = 30.0


class NotStarted(Exception):
    """The rollout cannot start; nothing was moved."""


class Stack(Protocol):
    """Where rollouts stand, and what moves them."""

    def read(self, name: str | None) -> Rollout:
        """The rollout as the state holds it."""
        ...

    def settle(self, rollout: Rollout, message: str) -> Rollout:
        """Bring the routes to what the state says; where the rollout stands then."""
        ...

    def order(self, rollout: Rollout, position: Position, message: str) -> Rollout:
        """Move a rollout and its routes, and nothing else."""
        ...


class Clock(Protocol):
    """The time."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True)
class Driver:
    """What drives a rollout."""

    stack: Stack
    metrics: Callable[[str], Metrics]
    """Makes the source of metrics of an address."""
    clock: Clock
    tell: Tell
    by: str
    poll_seconds: float = 10
    """How often the state is looked at for what others ordered."""

    def run(self, name: str | None, *, retry: bool = False) -> Outcome:
        """Start a rollout, or carry on one that is under way, to its end.

        Raises:
            NotStarted: it was aborted and is not to be tried again, or cannot be judged.
            UpdateFailed: the engine failed again and again; what is reached stays.
        """
        found = self.stack.read(name)
        try:
            rollout = self.stack.settle(found, _settling(found, self.by))
        except MovedOn as error:
            raise NotStarted(
                f"the spec and the stack's state differ about {found.service}. Run `pulumi up`, "
                f"which deploys what the spec names, and start again.\n{error}"
            ) from error
        return _Run(self, rollout).run(retry=retry)


class _Run:
    """One run of a driver."""

    def __init__(self, driver: Driver, rollout: Rollout) -> None:
        self._by = driver
        self._rollout = rollout
        self._target = _identity(rollout)
        self._metrics = driver.metrics(rollout.metrics_url) if rollout.metrics_url else None
        self._watch: Watch | None = None
        self._watched = 0
        self._failures = 0
        self._told = ""

    def run(self, *, retry: bool) -> Outcome:
        self._begin(retry=retry)
        while True:
            if _identity(self._rollout) != self._target:
                self._say("replaced", self._rollout.position.reason)
                return "replaced"
            phase = self._rollout.position.phase
            if phase == "Healthy":
                self._say("finished", f"{self._rollout.position.target} serves every call")
                return "healthy"
            if phase in ("Degraded", "Pending"):
                self._say("finished", self._rollout.position.reason)
                return "degraded"
            self._one_look()

    def _begin(self, *, retry: bool) -> None:
        position = self._rollout.position
        if position.phase == "Degraded" and not retry:
            raise NotStarted(
                f"{position.target} was tried and came back: {position.reason}. Another target, or "
                "another image of it, starts a new rollout; `--retry` tries this one again"
            )
        if position.phase in ("Pending", "Degraded"):
            self._ask_once()
            self._say("started", f"{position.stable} -> {position.target}")
            while not self._move("step", self._to_step(1, "started")):
                if self._rollout.position.under_way:
                    break
        elif position.under_way:
            self._say("resumed", f"at step {position.step} of {len(self._rollout.steps)}")

    def _ask_once(self) -> None:
        """A query that is wrong, or a source that is silent, is told before anything moves."""
        metrics = self._metrics
        for analysis in self._rollout.analyses if metrics else ():
            assert metrics is not None
            try:
                metrics.value(filled(analysis.query, self._rollout, analysis))
                if analysis.samples_query:
                    metrics.value(filled(analysis.samples_query, self._rollout, analysis))
            except (NoAnswer, WrongQuery) as error:
                raise NotStarted(f"analysis {analysis.name} cannot be asked: {error}") from error

    def _one_look(self) -> None:
        """Measure what is due; go back, on, or wait."""
        rollout, now = self._rollout, self._by.clock.now()
        watch = self._watch_of(rollout)
        for found in watch.look(rollout, self._metrics, now) if self._metrics else ():
            self._say("measured", f"{found.analysis}: {found.text}", found)
        broken = watch.broken(rollout)
        if broken is not None:
            self._move("aborted", self._aborted(broken))
            return
        step, position = rollout.step, rollout.position
        if step is None:
            # The spec has fewer steps than when this one began.
            self._move("promoted", self._to_step(len(rollout.steps) + 1, "no step is left"))
            return
        over = _began(position, now) + step.duration_seconds
        waits = watch.open(rollout)
        if position.phase == "Progressing" and now >= over and not waits:
            self._end_step(rollout)
            return
        self._wait(now, over, waits)

    def _end_step(self, rollout: Rollout) -> None:
        step, number = rollout.step, rollout.position.step
        if step is not None and step.pause:
            reason = f"step {number} waits for `meshwright rollout promote`"
            now = utc(self._by.clock.now())
            held = moves.paused(rollout, reason=reason, by=self._by.by, now=now, user=False)
            self._move("paused", held)
            return
        last = number >= len(rollout.steps)
        reason = f"step {number} passed"
        self._move("promoted" if last else "step", self._to_step(number + 1, reason))

    def _wait(self, now: float, over: float, waits: list[str]) -> None:
        position = self._rollout.position
        text = "; ".join(waits)
        if position.phase == "Paused":
            text = position.reason
        if text and text != self._told:
            self._say("waiting", text)
            self._told = text
        due = self._watch.next_due() if self._watch and self._metrics else None
        times = [time for time in (due, over) if time is not None and time > now]
        self._by.clock.sleep(min([self._by.poll_seconds, *(time - now for time in times)]))
        self._look_again()

    def _look_again(self) -> None:
        before = self._rollout
        while True:
            try:
                self._rollout = self._by.stack.read(before.name)
                break
            except UpdateFailed as error:
                self._failed(error, "waiting")
        self._failures = 0
        position = self._rollout.position
        if position.generation != before.position.generation:
            by = f" by {position.by}" if position.by else ""
            self._say("moved", f"{position.phase}{by}: {position.reason}")

    def _watch_of(self, rollout: Rollout) -> Watch:
        if self._watch is None or self._watched != rollout.position.step:
            began = _began(rollout.position, self._by.clock.now())
            self._watch, self._watched = Watch(rollout, began), rollout.position.step
        return self._watch

    def _move(self, kind: Kind, position: Position) -> bool:
        """Order it; False when it failed and is to be tried again."""
        try:
            self._rollout = self._by.stack.order(self._rollout, position, self._message(position))
        except MovedOn as error:
            before = self._rollout.position.generation
            self._look_again()
            if self._rollout.position.generation == before:
                # Not somebody else's move, but a spec that was changed below this run.
                raise UpdateFailed(str(error)) from error
            return True
        except UpdateFailed as error:
            self._failed(error, kind)
            self._mend(kind)
            return False
        self._failures, self._told = 0, ""
        self._say(kind, position.reason)
        return True

    def _mend(self, kind: Kind) -> None:
        """The state may have moved though the routes have not: bring them to what it says."""
        while True:
            try:
                found = self._by.stack.read(self._rollout.name)
                if found.position.generation == self._rollout.position.generation:
                    return
                found = self._by.stack.settle(found, _settling(found, self._by.by))
            except (UpdateFailed, MovedOn) as error:
                self._failed(error, kind)
                continue
            self._rollout, self._failures = found, 0
            self._say("moved", found.position.reason)
            return

    def _failed(self, error: Exception, kind: Kind) -> None:
        """Wait before it is tried again, longer each time; a bad target is not given up soon."""
        self._failures += 1
        if self._failures >= (_TRIES_BACK if kind == "aborted" else _TRIES):
            raise UpdateFailed(str(error)) from error
        self._say("retrying", str(error))
        self._by.clock.sleep(min(2.0**self._failures, _LONGEST_PAUSE))

    def _to_step(self, number: int, reason: str) -> Position:
        now = utc(self._by.clock.now())
        return moves.to_step(self._rollout, number, reason=reason, by=self._by.by, now=now)

    def _aborted(self, reason: str) -> Position:
        now = utc(self._by.clock.now())
        return moves.aborted(self._rollout, reason=reason, by=self._by.by, now=now)

    def _message(self, position: Position) -> str:
        return message(self._rollout, position)

    def _say(self, kind: Kind, text: str, measurement: object = None) -> None:
        self._by.tell(Event(kind, self._by.clock.now(), self._rollout, text, measurement))


def message(rollout: Rollout, position: Position) -> str:
    """What the stack's history says of a move: which, who and why."""
    where = f"{position.target} gets {position.weight} %"
    if position.step:
        where = f"step {position.step} of {len(rollout.steps)}, {where}"
    return (
        f"rollout {rollout.service}: {position.phase}, {where} ({position.by}: {position.reason})"
    )


def _settling(rollout: Rollout, by: str) -> str:
    return f"rollout {rollout.service}: routes as the state says ({by})"


def _identity(rollout: Rollout) -> tuple[str, str]:
    return rollout.position.target, rollout.position.target_revision


def _began(position: Position, now: float) -> float:
    return seconds_of(position.since) if position.since else now
