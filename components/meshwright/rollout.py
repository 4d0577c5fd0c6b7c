# pyright: reportUnknownMemberType=false
# `pulumi.get`, which output properties need, is not annotated.
"""A rollout: how a service's new version gets its calls, and where that stands.

A `Rollout` keeps the weights of a service's versions in the stack's state. `meshwright rollout`
moves them step by step and judges each step; every other update, of whoever runs `pulumi up`, keeps
them. It is a resource of this package's own plugin, `pulumi-resource-meshwright`, and so also
serves programs in other languages.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict, cast

import pulumi


class RolloutStepArgs(TypedDict):
    """A step of a rollout."""

    weight: int
    """Share of the target in percent, 0 to 100; never below that of the step before."""
    duration_seconds: NotRequired[float]
    """How long the step lasts at least, in seconds. Default: 0."""
    pause: NotRequired[bool]
    """Whether it ends only with `meshwright rollout promote`. Default: false."""
    analyses: NotRequired[Sequence[str]]
    """Names of the analyses that judge it. Default: all."""


class RolloutAnalysisArgs(TypedDict):
    """A judgement of the target by a number that Prometheus knows."""

    name: str
    """Name, unique in the rollout."""
    query: str
    """PromQL that gives one number. `{{service}}`, `{{namespace}}`, `{{stable}}`, `{{target}}` and
    `{{interval}}` (such as `60s`) are filled in."""
    min: NotRequired[float]
    """Least value that passes; `min`, `max` or both. Default: no limit."""
    max: NotRequired[float]
    """Greatest value that passes. Default: no limit."""
    interval_seconds: NotRequired[float]
    """Time between two measurements, in seconds. Default: 60."""
    failures_allowed: NotRequired[int]
    """How many measurements of one step may fail; one more ends the rollout. Default: 0."""
    min_samples: NotRequired[float]
    """How many calls a measurement needs to count. Default: 0."""
    samples_query: NotRequired[str]
    """PromQL that counts them; required with `min_samples`. Default: none."""
    on_too_few_samples: NotRequired[str]
    """What a measurement with too few calls, or without an answer, means: `wait`: nothing, the step
    goes on; `fail`: it failed. Default: `wait`."""


class RolloutMetricsArgs(TypedDict):
    """Whom the analyses ask."""

    url: str
    """Base address of a Prometheus API, the part before `/api/v1/query`. An address below
    `https://monitoring.googleapis.com/` is asked with Google credentials."""


class Rollout(pulumi.CustomResource):
    """The weights of a service's versions while one of them takes over from another.

    Give `weights` to TrafficRoute.weights; an A/B test, or testers who go first, give
    `matched_weights` to a match of the route. A rollout that is made anew serves its target at
    once. Afterwards a new target gets nothing until `meshwright rollout start` is run: then it gets
    the share of each step in turn, and in the end all; if an analysis fails, the version that
    served before gets every call back. Raises nothing itself: the plugin refuses wrong arguments,
    all at once, and a new target while the version that serves is missing.
    """

    def __init__(
        self,
        name: str,
        service: pulumi.Input[str],
        versions: Sequence[str],
        target: str,
        steps: Sequence[RolloutStepArgs],
        analyses: Sequence[RolloutAnalysisArgs] = (),
        metrics: RolloutMetricsArgs | None = None,
        target_revision: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the rollout.

        Args:
            name: the resource's name.
            service: name of the service, `NAMESPACE/NAME` where it has a namespace.
            versions: names of all its versions.
            target: the version that shall serve in the end; another one starts a new rollout.
            steps: the steps to 100 percent, at least one.
            analyses: what judges the target. Default: nothing.
            metrics: whom the analyses ask; required with analyses. Default: nobody.
            target_revision: what tells one content of the target from the next, such as its image:
                another one starts the rollout anew. Default: none.
            opts: resource options.
        """
        properties: dict[str, Any] = {
            "service": service,
            "versions": list(versions),
            "target": target,
            "steps": [_camel(step) for step in steps],
            "analyses": [_camel(analysis) for analysis in analyses] or None,
            "metrics": metrics,
            "targetRevision": target_revision,
            "weights": None,
            "matchedWeights": None,
            "phase": None,
            "stable": None,
        }
        super().__init__("meshwright:index:Rollout", name, properties, opts)

    @property
    @pulumi.getter
    def weights(self) -> pulumi.Output[Mapping[str, float]]:
        """Share of each version in percent; together 100."""
        return cast(pulumi.Output[Mapping[str, float]], pulumi.get(self, "weights"))

    @property
    @pulumi.getter(name="matchedWeights")
    def matched_weights(self) -> pulumi.Output[Mapping[str, float]]:
        """Shares for the callers who try the target first: all to it while it is tried."""
        return cast(pulumi.Output[Mapping[str, float]], pulumi.get(self, "matchedWeights"))

    @property
    @pulumi.getter
    def phase(self) -> pulumi.Output[str]:
        """`Healthy`, `Pending`, `Progressing`, `Paused` or `Degraded`."""
        return cast(pulumi.Output[str], pulumi.get(self, "phase"))

    @property
    @pulumi.getter
    def stable(self) -> pulumi.Output[str]:
        """The version that serves, and gets every call back if the target is bad."""
        return cast(pulumi.Output[str], pulumi.get(self, "stable"))

    def share_of(self, version: str) -> pulumi.Output[int]:
        """Share of one version in percent, as TrafficRoute.weights takes it."""
        return self.weights.apply(lambda weights: int(weights[version]))

    def matched_share_of(self, version: str) -> pulumi.Output[int]:
        """The same for the callers who try the target first."""
        return self.matched_weights.apply(lambda weights: int(weights[version]))


def _camel(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties named as the plugin's schema names them."""
    named: dict[str, Any] = {}
    for name, value in properties.items():
        first, *rest = name.split("_")
        named[first + "".join(word.title() for word in rest)] = value
    return named
