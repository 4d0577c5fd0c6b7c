"""Judges a step: measures at each interval, counts failures, says when traffic is too little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from meshwright_rollouts.metrics import NoAnswer, WrongQuery
from meshwright_rollouts.plan import Analysis, Rollout

Verdict = Literal["passed", "failed", "inconclusive"]
# Of what was missed while nobody drove, the newest so many measurements are made up for.
MOST_MISSED = 100


class Metrics(Protocol):
    """A source of metrics."""

    def value(self, query: str, at: float | None = None) -> float | None:
        """The one number that a query gives, now or at a time; None where there is none."""
        ...


@dataclass(frozen=True)
class Measurement:
    """What one look at one analysis found."""

    analysis: str
    verdict: Verdict
    text: str
    value: float | None = None
    samples: float | None = None


def filled(query: str, rollout: Rollout, analysis: Analysis) -> str:
    """The query with the rollout's names in it."""
    namespace, _, name = rollout.service.rpartition("/")
    words = {
        "service": name,
        "namespace": namespace,
        "stable": rollout.position.stable,
        "target": rollout.position.target,
        "interval": f"{analysis.interval_seconds:g}s",
    }
    for word, value in words.items():
        query = query.replace("{{" + word + "}}", value).replace("{{ " + word + " }}", value)
    return query


def measure(
    analysis: Analysis, rollout: Rollout, metrics: Metrics, at: float | None = None
) -> Measurement:
    """Look once, at a time that is past or now. A query that cannot be answered is inconclusive:
    silence proves nothing.
    """
    samples = None
    try:
        if analysis.samples_query is not None and analysis.min_samples:
            samples = metrics.value(filled(analysis.samples_query, rollout, analysis), at) or 0.0
            if samples < analysis.min_samples:
                return _doubtful(analysis, _too_few(samples, analysis.min_samples), samples)
        value = metrics.value(filled(analysis.query, rollout, analysis), at)
    except (NoAnswer, WrongQuery) as error:
        return _doubtful(analysis, str(error), samples)
    if value is None:
        return _doubtful(analysis, "too little traffic: the query gives no number", samples)
    if analysis.minimum is not None and value < analysis.minimum:
        text = f"{value:g} is below min {analysis.minimum:g}"
        return Measurement(analysis.name, "failed", text, value, samples)
    if analysis.maximum is not None and value > analysis.maximum:
        text = f"{value:g} is above max {analysis.maximum:g}"
        return Measurement(analysis.name, "failed", text, value, samples)
    return Measurement(analysis.name, "passed", f"{value:g}", value, samples)


def _too_few(samples: float, needed: float) -> str:
    """What is counted is what arrives, so that none at all may mean that nobody is there."""
    if samples:
        return f"too little traffic: {samples:g} calls of {needed:g} needed"
    return (
        f"too little traffic: none of the {needed:g} calls needed has reached the target; "
        "if there are calls, none of its pods is ready"
    )


def _doubtful(analysis: Analysis, text: str, samples: float | None) -> Measurement:
    verdict = "failed" if analysis.fails_on_too_few else "inconclusive"
    return Measurement(analysis.name, verdict, text, None, samples)


class Watch:
    """The measurements of one step."""

    def __init__(self, rollout: Rollout, began: float) -> None:
        """`began`: when the step began, in the clock's seconds."""
        self._due = {one.name: began + one.interval_seconds for one in rollout.judges}
        self._failures = dict.fromkeys(self._due, 0)
        self._last: dict[str, Measurement] = {}
        self._failed: dict[str, Measurement] = {}

    def look(self, rollout: Rollout, metrics: Metrics, now: float) -> Iterator[Measurement]:
        """Make the measurements that are due, and those that were while nobody drove.

        What the step's failures were is nowhere but in the metrics: they are counted anew there.
        """
        for analysis in rollout.judges:
            due = self._due.get(analysis.name, now)
            if now < due:
                continue
            for moment in _missed(due, analysis.interval_seconds, now):
                found = measure(analysis, rollout, metrics, moment)
                text = f"{found.text} ({now - moment:.0f} s ago)"
                yield self._counted(replace(found, text=text))
                if self.broken(rollout):
                    return
            self._due[analysis.name] = now + analysis.interval_seconds
            yield self._counted(measure(analysis, rollout, metrics))

    def _counted(self, found: Measurement) -> Measurement:
        self._last[found.analysis] = found
        if found.verdict == "failed":
            self._failures[found.analysis] = self._failures.get(found.analysis, 0) + 1
            self._failed[found.analysis] = found
        return found

    def broken(self, rollout: Rollout) -> str | None:
        """Why the target is bad, if it is."""
        for analysis in rollout.judges:
            count = self._failures.get(analysis.name, 0)
            if count > analysis.failures_allowed:
                last = self._failed[analysis.name]
                allowed = f"{count} failed, {analysis.failures_allowed} allowed"
                return f"analysis {analysis.name}: {last.text} ({allowed})"
        return None

    def open(self, rollout: Rollout) -> list[str]:
        """What the step still waits for, an analysis each."""
        waits: list[str] = []
        for analysis in rollout.judges:
            last = self._last.get(analysis.name)
            if last is None:
                waits.append(f"{analysis.name}: not measured yet")
            elif last.verdict != "passed":
                waits.append(f"{analysis.name}: {last.text}")
        return waits

    def next_due(self) -> float | None:
        """When the next measurement is due."""
        return min(self._due.values(), default=None)


def _missed(due: float, interval: float, now: float) -> list[float]:
    """When it was due, and a whole interval or more has gone by since; the newest of them."""
    number = int((now - due) // interval)
    return [due + step * interval for step in range(max(0, number - MOST_MISSED), number)]
