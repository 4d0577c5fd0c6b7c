"""A service's rollout as the component takes it: steps, analyses and queries of the spec."""

from collections.abc import Mapping

import pulumi

from meshwright import (
    Rollout,
    RolloutAnalysisArgs,
    RolloutMetricsArgs,
    RolloutStepArgs,
    TrafficRouteArgs,
)
from meshwright._mesh_metrics import ERRORS, METRICS
from stacks import _routes, spec_rollouts
from stacks.spec import Platform
from stacks.spec_rollouts import Analysis, Metrics

Rollouts = Mapping[str, Rollout]
"""By `namespace/name` of a service, or the name of a route outside the clusters."""

_GOOGLE = "https://monitoring.googleapis.com/v1/projects/{}/location/global/prometheus"
_WHO = '{server},{namespace}="{{{{namespace}}}}",{service}="{{{{service}}}}"'
_TARGET = _WHO + ',{version}="{{{{target}}}}"'
_WINDOW = "[{{{{interval}}}}]"
# Errors are taken from 100: where there are none they have no series, and the rest must not be
# 99.999... for the rounding of a quotient, which would break a `min` of 100.
_QUERIES = {
    "request-success-rate": "100 - 100 * (sum(rate({count}{{" + _TARGET + "," + ERRORS + "}}"
    + _WINDOW + ")) or vector(0)) / sum(rate({count}{{" + _TARGET + "}}" + _WINDOW + "))",
    "request-duration-p99": "histogram_quantile(0.99, sum by (le) (rate({latency}_bucket{{"
    + _TARGET + "}}" + _WINDOW + ")))",
    "samples": "sum(increase({count}{{" + _TARGET + "}}" + _WINDOW + "))",
}  # fmt: skip


def build(spec: Platform) -> dict[str, Rollout]:
    """Every rollout of a spec. None belongs to one cluster: a service goes over in all at once."""
    made: dict[str, Rollout] = {}
    for namespace in spec.namespaces:
        for service in namespace.services:
            if service.rollout is not None:
                images = {version.name: version.image for version in service.versions}
                made[f"{namespace.name}/{service.name}"] = _rollout(
                    f"{namespace.name}-{service.name}",
                    f"{namespace.name}/{service.name}",
                    [*images],
                    service.rollout,
                    spec.metrics,
                    images.get(service.rollout.target),
                )
    for route in spec.mesh_routes:
        if route.rollout is not None:
            versions = list(dict.fromkeys([*route.versions, *_routes.versions_of(route.route)]))
            made[route.name] = _rollout(
                route.name, route.name, versions, route.rollout, spec.metrics, None
            )
    return made


def queries(names: str) -> dict[str, str]:
    """PromQL of the built-in metrics, and of how many calls they are about (`samples`).

    Args:
        names: `google` or `prometheus`, as `metrics.names` of the spec.
    """
    words = METRICS[names]
    return {
        name: query.format(
            count=words.count, latency=words.latency, server=words.server,
            namespace=words.namespace, service=words.service, version=words.version,
        )
        for name, query in _QUERIES.items()
    }  # fmt: skip


def outputs(made: Rollouts) -> dict[str, pulumi.Input[object]]:
    """The stack's output about rollouts, where it has any."""
    if not made:
        return {}
    return {
        "rollouts": {
            name: {"phase": rollout.phase, "weights": rollout.weights}
            for name, rollout in made.items()
        }
    }


def lead(args: TrafficRouteArgs, rollout: Rollout, plan: spec_rollouts.Rollout) -> None:
    """Let a rollout say the weights of a route."""
    _routes.led_by(args, plan, rollout.share_of, rollout.matched_share_of)


def _rollout(
    name: str,
    service: str,
    versions: list[str],
    plan: spec_rollouts.Rollout,
    metrics: Metrics | None,
    revision: str | None,
) -> Rollout:
    return Rollout(
        name,
        service=service,
        versions=versions,
        target=plan.target,
        target_revision=revision,
        steps=steps(plan),
        analyses=[_analysis(analysis, metrics) for analysis in plan.analyses],
        metrics=_source(metrics) if plan.analyses else None,
    )


def steps(plan: spec_rollouts.Rollout) -> list[RolloutStepArgs]:
    """The steps of any kind of rollout: a blue/green switch and an A/B test are steps too."""
    if plan.blue_green is not None:
        switch = plan.blue_green
        before: RolloutStepArgs = {
            "weight": 0,
            "duration_seconds": switch.pre_switch_seconds,
            "pause": switch.pause,
            "analyses": [*switch.pre_switch],
        }
        after: RolloutStepArgs = {"weight": 100, "duration_seconds": switch.post_switch_seconds}
        if switch.post_switch is not None:
            after["analyses"] = [*switch.post_switch]
        return [before, after]
    if plan.ab_test is not None:
        test = plan.ab_test
        return [{"weight": 0, "duration_seconds": test.duration_seconds, "pause": test.pause}]
    made: list[RolloutStepArgs] = []
    for step in plan.steps:
        one: RolloutStepArgs = {
            "weight": step.weight,
            "duration_seconds": step.duration_seconds,
            "pause": step.pause,
        }
        if step.analyses is not None:
            one["analyses"] = [*step.analyses]
        made.append(one)
    return made


def _analysis(analysis: Analysis, metrics: Metrics | None) -> RolloutAnalysisArgs:
    built_in = _built_in(metrics)
    args: RolloutAnalysisArgs = {
        "name": analysis.name,
        "query": analysis.query or built_in[analysis.metric or "samples"],
        "interval_seconds": analysis.interval_seconds,
        "failures_allowed": analysis.failures_allowed,
        "on_too_few_samples": analysis.on_too_few_samples,
    }
    if analysis.min is not None:
        args["min"] = analysis.min
    if analysis.max is not None:
        args["max"] = analysis.max
    if analysis.min_samples:
        args["min_samples"] = analysis.min_samples
        args["samples_query"] = analysis.samples_query or built_in["samples"]
    return args


def _built_in(metrics: Metrics | None) -> dict[str, str]:
    google = metrics is not None and metrics.google_project is not None
    names = metrics.names if metrics is not None and metrics.names is not None else None
    return queries(names or ("google" if google else "prometheus"))


def _source(metrics: Metrics | None) -> RolloutMetricsArgs | None:
    if metrics is None:
        return None
    if metrics.google_project is not None:
        return {"url": _GOOGLE.format(metrics.google_project)}
    return {"url": metrics.prometheus_url or ""}
