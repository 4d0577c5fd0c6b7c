"""Rollouts that no driver could follow."""

from typing import Any

from tests.inputs.cases_fields import CHECKOUT
from tests.inputs.specs import DELETE, Case

ROLLOUT = f"{CHECKOUT}.rollout"
ANALYSIS = f"{ROLLOUT}.analyses[0]"
_ERRORS = {"name": "errors", "metric": "request-success-rate", "min": 99}


def plan(**changed: Any) -> dict[str, Any]:
    """The edits that give dev's checkout a rollout in place of weights."""
    given = {"target": "v2", "steps": [{"weight": 10}], "analyses": [_ERRORS], **changed}
    return {
        f"{CHECKOUT}.route.weights": DELETE,
        ROLLOUT: {key: value for key, value in given.items() if value is not None},
        "metrics": {"prometheus_url": "http://prometheus.example.com:9090"},
    }


def _judged(**changed: Any) -> dict[str, Any]:
    analysis = {**_ERRORS, **changed}
    return plan(analyses=[{key: value for key, value in analysis.items() if value is not None}])


_GREEN = {"pre_switch": ["errors"], "post_switch": ["latency"]}
_AB = {"callers": {}, "duration_seconds": 60}
_TWO = {"headers": {"x-tester": "true", "x-team": "shop"}}
_GATEWAY_API = {
    f"{CHECKOUT}.route.rendering": "gateway-api",
    f"{CHECKOUT}.route.retries": DELETE,
    f"{CHECKOUT}.route.gateway": DELETE,
    f"{CHECKOUT}.route.hosts": DELETE,
}
_BETA = {f"{CHECKOUT}.route.matches": [{"version": "v1", "headers": {"x-beta": "true"}}]}

ALL = [
    Case("rollout-unknown-target", plan(target="v3"), f"{ROLLOUT}.target",
         "must name a version of checkout", "known are: v1, v2"),
    Case("rollout-and-weights", {**plan(), f"{CHECKOUT}.route.weights":
         [{"version": "v1", "weight": 100}]}, f"{CHECKOUT}.route.weights",
         "the rollout decides", "remove it"),
    Case("rollout-and-active", {**plan(), f"{CHECKOUT}.route.active": "v1"},
         f"{CHECKOUT}.route.active", "the rollout decides", "remove it"),
    Case("rollout-no-way", plan(steps=None), f"{ROLLOUT}.steps", "exactly one way", "keep one"),
    Case("rollout-two-ways", plan(blue_green={}), f"{ROLLOUT}.steps", "this names 2", "keep one"),
    Case("rollout-falls", plan(steps=[{"weight": 50}, {"weight": 20}]),
         f"{ROLLOUT}.steps[1].weight", "do not fall, the step before has 50", "at least 50"),
    Case("rollout-weight-101", plan(steps=[{"weight": 101}]), f"{ROLLOUT}.steps[0].weight",
         "less than or equal to 100", "Share of the target"),
    Case("rollout-typo", plan(steps=[{"weight": 10, "duration_secs": 60}]),
         f"{ROLLOUT}.steps[0].duration_secs", "not a key", "did you mean duration_seconds?"),
    Case("rollout-step-analysis", plan(steps=[{"weight": 10, "analyses": ["error"]}]),
         f"{ROLLOUT}.steps[0].analyses[0]", "must name a analysis", "did you mean errors?"),
    Case("blue-green-analysis", plan(steps=None, blue_green=_GREEN),
         f"{ROLLOUT}.blue_green.post_switch[0]", "must name a analysis", "known are: errors"),
    Case("ab-nobody", plan(steps=None, ab_test=_AB), f"{ROLLOUT}.ab_test.callers.headers",
         "nothing tells these callers", "add headers"),
    Case("testers-half-a-cookie", plan(testers={"cookie": "beta"}), f"{ROLLOUT}.testers.cookie",
         "go together", "add cookie_value"),
    Case("testers-of-tcp", {**plan(testers={"headers": {"x-a": "b"}}),
         f"{CHECKOUT}.protocol": "tcp", f"{CHECKOUT}.route": {}}, f"{ROLLOUT}.testers",
         "carries no headers", "remove it", (f"{ANALYSIS}.metric",)),
    Case("testers-before-matches", {**plan(testers=_TWO), **_GATEWAY_API, **_BETA},
         f"{ROLLOUT}.testers", "tries rollout.testers before matches[0]", "change rendering"),
    Case("ab-before-matches", {**plan(steps=None, ab_test={**_AB, "callers": _TWO}),
         **_GATEWAY_API, **_BETA}, f"{ROLLOUT}.ab_test.callers",
         "tries rollout.ab_test.callers before matches[0]", "change rendering"),
    Case("testers-one-too-many", {**plan(testers=_TWO), **_GATEWAY_API,
         f"{CHECKOUT}.route.matches": [
             {"version": "v1", "headers": {"x-a": str(n), "x-b": "c"}} for n in range(15)]},
         f"{ROLLOUT}.testers", "at most 16 rules, this has 17", "change rendering"),
    Case("analysis-twice", plan(analyses=[_ERRORS, _ERRORS]), f"{ROLLOUT}.analyses[1].name",
         "must be unique", "choose another name"),
    Case("analysis-measures-nothing", _judged(metric=None), f"{ANALYSIS}.query",
         "exactly one thing, this names 0", "keep one"),
    Case("analysis-measures-two", _judged(query="vector(1)"), f"{ANALYSIS}.metric",
         "exactly one thing, this names 2", "keep one"),
    Case("analysis-no-threshold", _judged(min=None), f"{ANALYSIS}.min", "needs a threshold",
         "add min, max or both"),
    Case("analysis-nothing-passes", _judged(max=1), f"{ANALYSIS}.min",
         "at least 99 and at most 1", "exchange"),
    Case("analysis-nan", _judged(min=float("nan")), f"{ANALYSIS}.min", "finite number", "plain"),
    Case("analysis-interval-0", _judged(interval_seconds=0), f"{ANALYSIS}.interval_seconds",
         "greater than or equal to 1", "Time between"),
    Case("analysis-on-too-few", _judged(on_too_few_samples="Wait"),
         f"{ANALYSIS}.on_too_few_samples", "must be one of", "did you mean wait?"),
    Case("metrics-missing", {path: edit for path, edit in plan().items() if path != "metrics"},
         "metrics",
         "nothing says whom they ask", "prometheus_url"),
    Case("metrics-two", {**plan(), "metrics": {"prometheus_url": "http://p:9090",
         "google_project": "meshwright-dev"}}, "metrics.prometheus_url", "exactly one source",
         "keep one"),
    Case("metrics-user", {**plan(), "metrics": {"prometheus_url": "http://me@p:9090"}},
         "metrics.prometheus_url", "without a user in it", "write it like"),
    Case("mesh-route-metric", {
        "mesh_routes[0].route": {}, "mesh_routes[0].versions": ["pricing", "pricing-next"],
        "mesh_routes[0].rollout": {"target": "pricing", "steps": [{"weight": 10}],
                                   "analyses": [_ERRORS]},
        "metrics": {"google_project": "meshwright-dev"}},
        "mesh_routes[0].rollout.analyses[0].metric", "services in clusters", "write a query",
        base="hybrid"),
]  # fmt: skip
