"""A service's route as TrafficRoute takes it: what the spec says, in the component's words."""

from collections.abc import Callable, Generator
from typing import Any

import pulumi

from meshwright import (
    RetryArgs,
    RouteFaultArgs,
    RouteMatchArgs,
    RouteMirrorArgs,
    RouteStickyArgs,
    TrafficRouteArgs,
    VmStickyArgs,
)
from stacks import _failover
from stacks.spec_hybrid import MeshRoute, VmSticky
from stacks.spec_rollouts import Rollout
from stacks.spec_routes import Callers, Fault, Match, Retries, Route, Sticky
from stacks.spec_services import Service

_PATHS = {
    "timeout": "timeout_seconds",
    "retry": "retries",
    "retry.attempts": "retries.attempts",
    "retry.retry_on": "retries.on",
    "retry.remote_localities": "retries.remote_localities",
    "retry.per_try_timeout": "retries.per_try_timeout_seconds",
    "sticky.ttl": "sticky.cookie_ttl_seconds",
    "fault.delay": "fault.delay_seconds",
    "fault.abort": "fault.abort_status",
}
"""Where in a spec's route an argument of TrafficRoute comes from, if not from its own name."""


def arguments(service: Service, route: Route) -> TrafficRouteArgs:
    """A route to a service in a cluster: everything that the spec alone decides."""
    args = _common(service.name, [version.name for version in service.versions], route)
    args["port"] = service.port
    args["protocol"] = "http" if service.protocol == "http2" else service.protocol
    args["rendering"] = route.rendering
    if service.outlier_detection is not None and service.outlier_detection.enabled:
        args["outlier_detection"] = _failover.arguments(service.outlier_detection)
    if route.rendering == "gateway-api":
        # Routes of the Gateway API share calls among Services, so that each version gets its own.
        selector: dict[str, pulumi.Input[str]] = {"app": service.name}
        args["selector"] = selector
        args["target_port"] = service.port
    return args


def mesh_arguments(outside: MeshRoute) -> TrafficRouteArgs:
    """A route to groups of VMs and Cloud Run services: everything that the spec alone decides."""
    versions = list(dict.fromkeys([*outside.versions, *versions_of(outside.route)]))
    args = _common(outside.name, versions, outside.route)
    args["hosts"] = [*outside.hosts]
    args["protocol"] = outside.protocol
    args["rendering"] = "networkservices"
    retries = outside.route.retries
    if "retry" in args and retries is not None and "on" not in retries.model_fields_set:
        # Its routes have words of their own: TrafficRoute's default for them holds.
        args["retry"].pop("retry_on", None)
    return args


class _Later:
    """A share that the rollout will say: nothing is known of it before the update."""

    def __await__(self) -> Generator[Any, None, int]:
        raise RuntimeError("only the update knows it")


def led_by(
    args: TrafficRouteArgs,
    plan: Rollout,
    share: Callable[[str], pulumi.Input[int]],
    matched_share: Callable[[str], pulumi.Input[int]],
) -> None:
    """Let a rollout say the shares of a route's versions, and those of the callers it matches."""
    versions = [version["name"] for version in args["versions"]]
    args["weights"] = {version: share(version) for version in versions}
    callers = callers_of(plan).values()
    if callers:
        shares = {version: matched_share(version) for version in versions}
        added: list[RouteMatchArgs] = [{"weights": shares, **_told_by(one)} for one in callers]
        args["matches"] = [*args.get("matches", []), *added]


def foresee(args: TrafficRouteArgs, plan: Rollout) -> None:
    """The same, as far as it is known without the rollout."""
    led_by(args, plan, lambda _: _Later(), lambda _: _Later())


def callers_of(plan: Rollout) -> dict[tuple[str, ...], Callers]:
    """Whose calls a rollout matches after the route's own matches, by their place in the plan."""
    found: dict[tuple[str, ...], Callers] = {}
    if plan.ab_test is not None:
        found["ab_test", "callers"] = plan.ab_test.callers
    if plan.testers is not None:
        found["testers",] = plan.testers
    return found


def versions_of(route: Route) -> list[str]:
    """Every version that a route names, each once."""
    named = [share.version for share in route.weights]
    named += [match.version for match in route.matches]
    named += [route.active] if route.active is not None else []
    named += [route.mirror.version] if route.mirror is not None else []
    return list(dict.fromkeys(named))


def _common(name: str, versions: list[str], route: Route) -> TrafficRouteArgs:
    args: TrafficRouteArgs = {
        "route": name,
        "service": name,
        "versions": [{"name": version} for version in versions],
    }
    if route.active is not None:
        args["active"] = route.active
    else:
        args["weights"] = {share.version: share.weight for share in route.weights}
    if route.matches:
        args["matches"] = [_match(match) for match in route.matches]
    if route.mirror is not None:
        args["mirror"] = RouteMirrorArgs(version=route.mirror.version, percent=route.mirror.percent)
    if route.sticky is not None:
        args["sticky"] = _sticky(route.sticky)
    if route.fault is not None:
        args["fault"] = _fault(route.fault)
    if route.timeout_seconds is not None:
        args["timeout"] = duration(route.timeout_seconds)
    if route.retries is not None:
        args["retry"] = _retry(route.retries)
    if route.hosts:
        args["hosts"] = [*route.hosts]
    return args


def place(path: str) -> tuple[str, ...]:
    """Where in the spec's route an argument's path points to."""
    plain = path.partition("[")[0]
    found = _PATHS.get(plain) or _PATHS.get(plain.partition(".")[0]) or plain
    return tuple(found.split("."))


def duration(seconds: float) -> str:
    """A protobuf duration in the form that Kubernetes objects carry."""
    return f"{seconds:.15g}s"


def _retry(retries: Retries) -> RetryArgs:
    args = RetryArgs(attempts=retries.attempts, retry_on=",".join(retries.on))
    if retries.per_try_timeout_seconds is not None:
        args["per_try_timeout"] = duration(retries.per_try_timeout_seconds)
    if retries.remote_localities is not None:
        args["remote_localities"] = retries.remote_localities
    return args


def _match(match: Match) -> RouteMatchArgs:
    return {"version": match.version, **_told_by(match)}


def _told_by(callers: Callers) -> RouteMatchArgs:
    args: RouteMatchArgs = {}
    if callers.headers:
        args["headers"] = {**callers.headers}
    if callers.cookie is not None and callers.cookie_value is not None:
        args["cookie"] = {"name": callers.cookie, "value": callers.cookie_value}
    return args


def _sticky(sticky: Sticky) -> RouteStickyArgs:
    return {"to": sticky.to, **kept_by(sticky)}


def kept_by(sticky: Sticky | VmSticky) -> VmStickyArgs:
    """The one thing that keeps a caller where its first call went."""
    args: VmStickyArgs = {}
    if sticky.cookie is not None:
        args["cookie"] = sticky.cookie
    if sticky.cookie_ttl_seconds is not None:
        args["ttl"] = f"{sticky.cookie_ttl_seconds}s"
    if sticky.header is not None:
        args["header"] = sticky.header
    if sticky.source_ip:
        args["source_ip"] = True
    return args


def _fault(fault: Fault) -> RouteFaultArgs:
    args: RouteFaultArgs = {}
    if fault.delay_seconds is not None:
        args["delay"] = {
            "fixed_delay": duration(fault.delay_seconds),
            "percent": fault.delay_percent,
        }
    if fault.abort_status is not None:
        args["abort"] = {"http_status": fault.abort_status, "percent": fault.abort_percent}
    return args
