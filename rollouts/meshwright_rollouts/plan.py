"""What a stack's state says of a rollout: its steps, its analyses and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from meshwright_provider.position import Position, position_in
from meshwright_provider.schema import ROLLOUT_TYPE


class NoSuchRollout(Exception):
    """The stack has no such rollout; the text names those it has."""


@dataclass(frozen=True)
class Step:
    """A step of a rollout."""

    weight: int
    duration_seconds: float
    pause: bool
    analyses: tuple[str, ...]


@dataclass(frozen=True)
class Analysis:
    """A judgement of the target by a number that Prometheus knows."""

    name: str
    query: str
    minimum: float | None
    maximum: float | None
    interval_seconds: float
    failures_allowed: int
    min_samples: float
    samples_query: str | None
    fails_on_too_few: bool

    @staticmethod
    def of(properties: Mapping[str, Any]) -> Analysis:
        """The analysis that properties of the state describe."""
        return Analysis(
            name=properties["name"],
            query=properties["query"],
            minimum=properties.get("min"),
            maximum=properties.get("max"),
            interval_seconds=properties.get("intervalSeconds", 60),
            failures_allowed=int(properties.get("failuresAllowed", 0)),
            min_samples=properties.get("minSamples", 0),
            samples_query=properties.get("samplesQuery"),
            fails_on_too_few=properties.get("onTooFewSamples") == "fail",
        )


@dataclass(frozen=True)
class Rollout:
    """A rollout as the stack's state holds it."""

    urn: str
    name: str
    service: str
    versions: tuple[str, ...]
    steps: tuple[Step, ...]
    analyses: tuple[Analysis, ...]
    metrics_url: str | None
    position: Position
    dependents: tuple[str, ...]
    """URNs of the resources that take their weights from it."""

    @property
    def step(self) -> Step | None:
        """The step that it is at, if it is at one."""
        number = self.position.step
        return self.steps[number - 1] if 0 < number <= len(self.steps) else None

    @property
    def judges(self) -> tuple[Analysis, ...]:
        """The analyses of the step that it is at."""
        step = self.step
        names = step.analyses if step else ()
        return tuple(analysis for analysis in self.analyses if analysis.name in names)

    @property
    def weights(self) -> dict[str, int]:
        """Share of each version in percent."""
        return self.position.weights(list(self.versions))


def rollouts_in(deployment: Mapping[str, Any]) -> list[Rollout]:
    """Every rollout of an exported state, by name."""
    resources = cast("Sequence[Mapping[str, Any]]", deployment.get("resources") or [])
    return sorted(_found(resources), key=lambda rollout: rollout.name)


def rollout_in(deployment: Mapping[str, Any], name: str | None) -> Rollout:
    """The rollout of a resource's name or a service's; without one, the only one there is."""
    found = rollouts_in(deployment)
    if name is None:
        fitting = found
    else:
        # `checkout` is enough where one service is called so.
        fitting = [one for one in found if name in (one.name, one.service)] or [
            one for one in found if one.service.endswith(f"/{name}")
        ]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(one.service for one in found) or "none"
    if not fitting:
        asked = f"no rollout of {name}" if name else "no rollout"
        raise NoSuchRollout(
            f"the stack's state has {asked}; it has: {listed}. A rollout that the spec names "
            "is there after the next `pulumi up`"
        )
    raise NoSuchRollout(f"name one of the stack's rollouts: {listed}")


def _found(resources: Sequence[Mapping[str, Any]]) -> Iterator[Rollout]:
    for resource in resources:
        inputs = cast("Mapping[str, Any]", resource.get("inputs") or {})
        position = position_in(inputs)
        if resource.get("type") != ROLLOUT_TYPE or position is None or resource.get("delete"):
            continue
        urn = str(resource["urn"])
        listed = cast("Sequence[Mapping[str, Any]]", inputs.get("analyses") or [])
        analyses = tuple(Analysis.of(entry) for entry in listed)
        metrics = cast("Mapping[str, Any]", inputs.get("metrics") or {})
        yield Rollout(
            urn=urn,
            name=urn.rpartition("::")[2],
            service=inputs["service"],
            versions=tuple(inputs["versions"]),
            steps=tuple(_step(entry, analyses) for entry in inputs["steps"]),
            analyses=analyses,
            metrics_url=metrics.get("url"),
            position=Position.of(position),
            dependents=tuple(
                str(other["urn"])
                for other in resources
                if urn in (other.get("dependencies") or []) and not other.get("delete")
            ),
        )


def _step(properties: Mapping[str, Any], analyses: Sequence[Analysis]) -> Step:
    names = properties.get("analyses")
    return Step(
        weight=int(properties["weight"]),
        duration_seconds=properties.get("durationSeconds", 0),
        pause=properties.get("pause", False),
        analyses=tuple(analysis.name for analysis in analyses) if names is None else tuple(names),
    )
