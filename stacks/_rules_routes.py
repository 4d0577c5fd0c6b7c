"""Routes: shares that sum to 100, versions that exist, and how long calls may take."""

import math
from collections.abc import Iterator
from typing import cast

from pydantic import ValidationError

from meshwright.traffic import TrafficRouteArgs, route_problems, unsupported
from stacks._routes import arguments, callers_of, foresee, mesh_arguments, place
from stacks._rules_names import known
from stacks._view import Problem, View
from stacks.spec_hybrid import MeshRoute
from stacks.spec_rollouts import Rollout
from stacks.spec_routes import Route
from stacks.spec_services import Service

_BY_COMPONENT = ("retries", "matches", "mirror", "sticky", "fault")


def check(spec: View) -> Iterator[Problem]:
    """What the route of each service says."""
    for namespace in spec.each("namespaces"):
        for service in namespace.each("services"):
            names = [version.text("name") or "" for version in service.each("versions")]
            if service.has("route") or service.has("rollout"):
                yield from _route(service, service.part("route"), names)
            elif len(names) > 1:
                yield service.problem(
                    "route",
                    "with several versions a route must say how calls are shared",
                    "add route.weights, such as 90 and 10",
                )
    yield from _outside(spec)


def _outside(spec: View) -> Iterator[Problem]:
    """Routes to what runs outside the clusters."""
    names = [
        part.text("name") or ""
        for key in ("vm_groups", "cloud_run_services")
        for part in spec.each(key)
        if part.text("mode") != "workload-group"
    ]
    for outside in spec.each("mesh_routes"):
        route = outside.part("route")
        what = "group of VMs with service-proxy, or Cloud Run service"
        led = outside.has("rollout")
        own = list(_shape(route, names, what, led=led))
        yield from own
        for index, name in outside.texts("versions"):
            yield from known(outside, ("versions", index), name, names, what)
        if outside.get("versions") and not led:
            yield outside.problem(
                "versions", "weights name the versions", "remove it, or add a rollout"
            )
        if route.has("rendering") and route.text("rendering") != "networkservices":
            yield route.problem(
                "rendering", "VMs and Cloud Run take networkservices alone", "remove it"
            )
        for key in ("gateway", "hosts"):
            if route.has(key):
                yield route.problem(key, "is for services in clusters", "write hosts beside route")
        try:
            part = MeshRoute.model_validate(outside.raw)
        except ValidationError:
            continue  # each field tells its own mistake
        yield from _refused(route, mesh_arguments(part), own)
        if part.rollout is not None:
            yield from _led(outside, mesh_arguments(part), part.rollout)


def _route(service: View, route: View, names: list[str]) -> Iterator[Problem]:
    led = service.has("rollout")
    own = list(_shape(route, names, f"version of {service.text('name')}", led=led))
    yield from own
    if route.text("rendering") == "gateway-api" and route.has("gateway"):
        yield route.problem(
            "gateway",
            "gateways of the spec are Istio's, which take no routes of the Gateway API",
            "remove gateway and hosts: calls in the mesh are routed, or write rendering: istio",
        )
    try:
        parts = Service.model_validate(service.raw), Route.model_validate(route.raw or {})
    except ValidationError:
        return  # each field tells its own mistake
    yield from _refused(route, arguments(*parts), own)
    if parts[0].rollout is not None:
        yield from _led(service, arguments(*parts), parts[0].rollout)


def _led(service: View, args: TrafficRouteArgs, plan: Rollout) -> Iterator[Problem]:
    """What a route's rendering has no word for in what a rollout adds to it."""
    alone, route, rollout = unsupported(args), service.part("route"), service.part("rollout")
    number = len(args.get("matches", []))
    added = {f"matches[{number + n}]": key for n, key in enumerate(callers_of(plan))}
    foresee(args, plan)
    for path, text in unsupported(args):
        if (path, text) in alone or not text.startswith("rendering"):
            continue  # said already, or the rollout's own rules say it
        for match, key in added.items():
            text = text.replace(match, ".".join(("rollout", *key)))
        near = path.partition(".")[0]
        if near in added or near == "matches":
            where = added.get(near, next(iter(added.values())))
            yield rollout.problem(where, text, "tell these callers otherwise, or change rendering")
        else:
            yield from _told(route, [(path, text)])


def _shape(route: View, names: list[str], what: str, *, led: bool) -> Iterator[Problem]:
    """`led`: a rollout decides the shares, and speaks for itself."""
    if not led:
        yield from _shares(route, names, what)
    yield from known(route, "active", route.text("active"), names, what)
    for match in route.each("matches"):
        yield from _match(match, names, what)
    if route.has("mirror"):
        mirror = route.part("mirror")
        yield from known(mirror, "version", mirror.text("version"), names, what)
    if route.has("sticky"):
        yield from sticky_by_one_thing(route.part("sticky"))
    if route.has("fault"):
        fault = route.part("fault")
        if not fault.has("delay_seconds") and not fault.has("abort_status"):
            yield route.problem(
                "fault", "names no fault", "add delay_seconds or abort_status, or remove it"
            )
    yield from _deadline(route)


def _told(route: View, found: list[tuple[str, str]]) -> Iterator[Problem]:
    """What the route's rendering has no word for, where the spec says it."""
    for path, text in found:
        where = place(path)
        if where[0] in Route.model_fields:
            yield route.problem(_written(route, where), text, "remove it, or change rendering")
        else:
            yield route.problem("rendering", f"{path}: {text}", "choose another rendering")


def _refused(route: View, args: TrafficRouteArgs, own: list[Problem]) -> Iterator[Problem]:
    """What the component refuses, by its rendering or else where the spec's rules said nothing."""
    told = unsupported(args)
    yield from _told(route, told)
    known_already = {problem.loc[: len(route.loc) + 1] for problem in own}
    for path, text in route_problems(args):
        where = place(path)
        part = (*route.loc, where[0])
        if (path, text) not in told and where[0] in _BY_COMPONENT and part not in known_already:
            rule = f"{path}: {text}" if "[" in path else text
            yield route.problem(_written(route, where), rule, "correct or remove it")


def _written(route: View, where: tuple[str, ...]) -> tuple[str, ...]:
    """As much of a path as the spec has: what is wrong may be a default."""
    value = route.raw
    for depth, key in enumerate(where):
        if not isinstance(value, dict) or key not in value:
            return where[: max(depth, 1)]
        value = cast(dict[str, object], value)[key]
    return where


def _shares(route: View, names: list[str], what: str) -> Iterator[Problem]:
    shares = route.each("weights")
    if route.has("active") == bool(route.get("weights")):
        also = "both" if route.has("active") else "neither"
        yield route.problem(
            "weights",
            f"a route has weights or active (blue/green), this has {also}",
            "remove one of them" if also == "both" else "add it: a share for each version",
        )
    seen: set[str] = set()
    for share in shares:
        name = share.text("version")
        yield from known(share, "version", name, names, what)
        if name in seen:
            yield share.problem("version", "has a weight already", "keep one weight a version")
        seen.add(name or "")
    weights = [share.integer("weight") for share in shares]
    total = sum(weight for weight in weights if weight is not None)
    if shares and None not in weights and total != 100:
        spelt = " + ".join(str(weight) for weight in weights)
        word = "raise" if total < 100 else "lower"
        yield route.problem(
            "weights",
            f"the weights of a route sum to 100, these to {total} ({spelt})",
            f"{word} one of them by {abs(100 - total)}",
        )


def _match(match: View, names: list[str], what: str) -> Iterator[Problem]:
    yield from known(match, "version", match.text("version"), names, what)
    if not match.get("headers") and not match.has("cookie"):
        yield match.problem(
            "version", "a match without a condition takes every call", "add headers or cookie"
        )
    if match.has("cookie") != match.has("cookie_value"):
        key, other = ("cookie", "cookie_value") if match.has("cookie") else (
            "cookie_value", "cookie"
        )  # fmt: skip
        yield match.problem(key, f"{key} and {other} go together", f"add {other}")


def sticky_by_one_thing(sticky: View) -> Iterator[Problem]:
    """What keeps a caller somewhere is one thing, and only a cookie has a life."""
    ways = [key for key in ("cookie", "header", "source_ip") if sticky.get(key)]
    if len(ways) != 1:
        yield sticky.problem(
            "source_ip" if "source_ip" in ways else ways[0] if ways else "cookie",
            f"calls stick by exactly one thing, this names {len(ways)}",
            "keep one of cookie, header and source_ip",
        )
    if sticky.has("cookie_ttl_seconds") and not sticky.has("cookie"):
        yield sticky.problem("cookie_ttl_seconds", "only a cookie has a life", "remove it")


def _deadline(route: View) -> Iterator[Problem]:
    """All tries together must fit into the deadline, else the last ones can never happen."""
    timeout = route.number("timeout_seconds")
    retries = route.part("retries")
    attempts, one = retries.integer("attempts"), retries.number("per_try_timeout_seconds")
    if timeout is None or attempts is None or one is None or not math.isfinite(timeout * one):
        return
    if (attempts + 1) * one > timeout:
        yield retries.problem(
            "per_try_timeout_seconds",
            f"{attempts + 1} tries of {one:g} s take {(attempts + 1) * one:g} s, the deadline "
            f"timeout_seconds is {timeout:g} s",
            f"at most {math.floor(timeout / (attempts + 1) * 10) / 10:g}, or fewer attempts",
        )
