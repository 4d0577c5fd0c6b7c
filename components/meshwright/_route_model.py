"""From a route's arguments, which are checked, to the Route that is rendered."""

from collections.abc import Mapping

import pulumi

from ._route_checks import weight_problems
from ._routes import (
    Abort,
    Delay,
    Match,
    Mirror,
    OutlierDetection,
    Retry,
    Route,
    Sticky,
    Version,
    rules,
)
from ._traffic_args import (
    RetryArgs,
    RouteMatchArgs,
    RouteOutlierDetectionArgs,
    RouteStickyArgs,
    TrafficRouteArgs,
)
from ._validation import ArgumentError, is_plain

# What is safe to try again whatever the method: the call never reached the application.
_RETRY_ON = "connect-failure,refused-stream"
_RETRY_ON_GRPC = f"{_RETRY_ON},unavailable,cancelled"


def known_weights(name: str, args: TrafficRouteArgs) -> dict[str, pulumi.Input[int]]:
    """The shares; such as are known later are checked then, and end the update where wrong."""
    if "active" in args:
        return {args["active"]: 100}
    return _known(name, dict(args.get("weights", {})))


def _known(name: str, weights: dict[str, pulumi.Input[int]]) -> dict[str, pulumi.Input[int]]:
    if all(is_plain(weight) for weight in weights.values()):
        return weights
    known = pulumi.Output.all(**weights).apply(lambda found: checked_weights(name, found))
    return {version: known[version].apply(int) for version in weights}


def checked_weights(name: str, weights: dict[str, int]) -> dict[str, int]:
    """`weights`; raises ArgumentError where they are wrong."""
    problems = list(weight_problems(weights))
    if problems:
        raise ArgumentError("TrafficRoute", name, problems)
    return weights


def route_of(
    args: TrafficRouteArgs,
    weights: dict[str, pulumi.Input[int]],
    services: Mapping[str, pulumi.Input[str]] | None = None,
) -> Route:
    """The route of checked arguments; `services` are those made for versions that name none."""
    rendering, namespace = args.get("rendering", "istio"), args.get("namespace", "")
    host = pulumi.Output.from_input(args["service"])
    if rendering != "networkservices":
        host = pulumi.Output.concat(args["service"], ".", namespace, ".svc.cluster.local")
    elif args.get("hosts"):
        host = pulumi.Output.from_input(args.get("hosts", [""])[0])
    sticky = _sticky(args["sticky"]) if "sticky" in args else None
    matches = [
        (_match(match), _known("matches", match["weights"]))
        if "weights" in match
        else (_match(match), {match.get("version", ""): 100})
        for match in args.get("matches", [])
    ]
    return Route(
        service=args["service"],
        host=host,
        versions=_versions(args, services or {}),
        rules=rules(matches, weights, sticky),
        protocol=args.get("protocol", "http"),
        port=args.get("port"),
        public_hosts=args.get("hosts", []),
        gateways=args.get("gateways", []),
        timeout=args.get("timeout"),
        retry=_retry(args["retry"], args) if "retry" in args else None,
        mirror=_mirror(args),
        delay=_delay(args),
        abort=_abort(args),
        sticky=sticky,
        outliers=_outliers(args["outlier_detection"]) if "outlier_detection" in args else None,
    )


def _versions(
    args: TrafficRouteArgs, services: Mapping[str, pulumi.Input[str]]
) -> dict[str, Version]:
    return {
        version["name"]: Version(
            version["name"],
            version.get("labels", {"version": version["name"]}),
            version.get("service", services.get(version["name"])),
            version.get("backend_service"),
        )
        for version in args["versions"]
    }


def _match(match: RouteMatchArgs) -> Match:
    headers = {name.lower(): value for name, value in match.get("headers", {}).items()}
    cookie = match.get("cookie")
    return Match(headers, cookie and (cookie["name"], cookie["value"]))


# What is for 0 percent of the calls is left out below: not every API can be told 0.
def _mirror(args: TrafficRouteArgs) -> Mirror | None:
    given = args.get("mirror")
    percent = given.get("percent", 100) if given else 0
    return Mirror(given["version"], percent) if given and percent != 0 else None


def _delay(args: TrafficRouteArgs) -> Delay | None:
    given = args.get("fault", {}).get("delay")
    percent = given.get("percent", 100) if given else 0
    return Delay(given["fixed_delay"], percent) if given and percent != 0 else None


def _abort(args: TrafficRouteArgs) -> Abort | None:
    given = args.get("fault", {}).get("abort")
    percent = given.get("percent", 100) if given else 0
    return Abort(given["http_status"], percent) if given and percent != 0 else None


def _retry(retry: RetryArgs, args: TrafficRouteArgs) -> Retry:
    http = args.get("rendering") == "networkservices" and args.get("protocol", "http") == "http"
    default = _RETRY_ON if http else _RETRY_ON_GRPC
    return Retry(
        retry["attempts"],
        retry.get("retry_on", default),
        retry.get("per_try_timeout"),
        retry.get("remote_localities", False),
    )


def _outliers(given: RouteOutlierDetectionArgs) -> OutlierDetection:
    return OutlierDetection(
        given.get("consecutive_5xx_errors", 5),
        given.get("interval", "10s"),
        given.get("base_ejection_time", "30s"),
        given.get("max_ejection_percent", 100),
    )


def _sticky(sticky: RouteStickyArgs) -> Sticky:
    return Sticky(
        to_version=sticky.get("to") == "version",
        ttl=sticky.get("ttl", "24h"),
        cookie=sticky.get("cookie"),
        header=sticky.get("header"),
        source_ip=sticky.get("source_ip", False),
    )
