"""Rollouts: one way to take over, a target that exists, analyses that can judge."""

from collections.abc import Collection, Iterator

from stacks._rules_names import known, unique
from stacks._view import Problem, View

_WAYS = ("steps", "blue_green", "ab_test")


def check(spec: View) -> Iterator[Problem]:
    """What each rollout says, and whom it asks."""
    asked = False
    for namespace in spec.each("namespaces"):
        for service in namespace.each("services"):
            if service.has("rollout"):
                names = [version.text("name") or "" for version in service.each("versions")]
                what = f"version of {service.text('name')}"
                yield from _rollout(service, names, what, in_cluster=True)
                asked = asked or bool(service.part("rollout").each("analyses"))
    for route in spec.each("mesh_routes"):
        if route.has("rollout"):
            names = [name for _, name in route.texts("versions")]
            yield from _rollout(route, names, "version of this route", in_cluster=False)
            asked = asked or bool(route.part("rollout").each("analyses"))
    if spec.has("metrics"):
        yield from _source(spec.part("metrics"))
    elif asked:
        yield spec.problem(
            "metrics",
            "rollouts have analyses, and nothing says whom they ask",
            "add metrics.prometheus_url or metrics.google_project",
        )


def _source(metrics: View) -> Iterator[Problem]:
    ways = [key for key in ("prometheus_url", "google_project") if metrics.has(key)]
    if len(ways) != 1:
        yield metrics.problem(
            ways[0] if ways else "prometheus_url",
            f"analyses ask exactly one source, this names {len(ways)}",
            "keep one of prometheus_url and google_project",
        )


def _rollout(
    service: View, names: Collection[str], what: str, *, in_cluster: bool
) -> Iterator[Problem]:
    rollout, route = service.part("rollout"), service.part("route")
    yield from known(rollout, "target", rollout.text("target"), names, what)
    ways = [key for key in _WAYS if rollout.get(key) not in (None, [])]
    if len(ways) != 1:
        yield rollout.problem(
            ways[0] if ways else "steps",
            f"a rollout goes in exactly one way, this names {len(ways)}",
            f"keep one of {', '.join(_WAYS)}",
        )
    for key in ("weights", "active"):
        if route.get(key) not in (None, []):
            yield route.problem(key, "the rollout decides the shares", "remove it, or the rollout")
    yield from _rising(rollout)
    judges = [analysis.text("name") or "" for analysis in rollout.each("analyses")]
    yield from unique(rollout.each("analyses"), "analysis of this rollout")
    for part in (*rollout.each("steps"), rollout.part("blue_green")):
        for key in ("analyses", "pre_switch", "post_switch"):
            for index, name in part.texts(key):
                yield from known(part, (key, index), name, judges, "analysis of this rollout")
    for analysis in rollout.each("analyses"):
        counted = in_cluster and service.text("protocol") != "tcp"
        yield from _analysis(analysis, counted=counted)
    for part, key in ((rollout, "testers"), (rollout.part("ab_test"), "callers")):
        if part.has(key):
            yield from _callers(part, key, service.text("protocol"))


def _rising(rollout: View) -> Iterator[Problem]:
    before = 0
    for step in rollout.each("steps"):
        weight = step.integer("weight")
        if weight is None:
            continue
        if weight < before:
            yield step.problem(
                "weight",
                f"shares of a canary do not fall, the step before has {before}",
                f"at least {before}",
            )
        before = max(before, weight)


def _analysis(analysis: View, *, counted: bool) -> Iterator[Problem]:
    ways = [key for key in ("metric", "query") if analysis.has(key)]
    if len(ways) != 1:
        yield analysis.problem(
            ways[0] if ways else "query",
            f"an analysis measures exactly one thing, this names {len(ways)}",
            "keep one of metric and query",
        )
    low, high = analysis.number("min"), analysis.number("max")
    if low is None and high is None:
        yield analysis.problem("min", "an analysis needs a threshold", "add min, max or both")
    if low is not None and high is not None and low > high:
        yield analysis.problem(
            "min", f"nothing is at least {low:g} and at most {high:g}", "exchange min and max"
        )
    if counted:
        return
    if analysis.has("metric"):
        yield analysis.problem(
            "metric", "the mesh's metrics count calls to services in clusters", "write a query"
        )
    if analysis.get("min_samples") and not analysis.has("samples_query"):
        yield analysis.problem(
            "min_samples",
            "the mesh's metrics count calls to services in clusters",
            "add samples_query, the PromQL that counts them",
        )


def _callers(part: View, name: str, protocol: str | None) -> Iterator[Problem]:
    callers = part.part(name)
    if protocol == "tcp":
        yield part.problem(name, "a connection carries no headers", "remove it")
    if protocol == "grpc" and callers.has("cookie"):
        yield callers.problem("cookie", "gRPC clients keep no cookies", "name a header")
    if not callers.get("headers") and not callers.has("cookie"):
        yield callers.problem("headers", "nothing tells these callers", "add headers or cookie")
    if callers.has("cookie") != callers.has("cookie_value"):
        key, other = ("cookie", "cookie_value") if callers.has("cookie") else (
            "cookie_value", "cookie"
        )  # fmt: skip
        yield callers.problem(key, f"{key} and {other} go together", f"add {other}")
