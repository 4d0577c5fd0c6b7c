"""A route as Google's service routing API (networkservices) takes it.

The functions answer with the arguments of the resource; destinations are backend services.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pulumi
import pulumi_gcp as gcp

from ._durations import as_json_duration
from ._routes import Match, Route, Rule, cookie_pattern
from ._validation import is_plain

if TYPE_CHECKING:
    from pulumi_gcp import networkservices as api

# The conditions that each kind of route takes; Istio's and Envoy's others have no word here.
RETRY_CONDITIONS = {
    "http": (
        "5xx",
        "gateway-error",
        "reset",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
    ),
    "grpc": (
        "connect-failure",
        "refused-stream",
        "cancelled",
        "deadline-exceeded",
        "resource-exhausted",
        "unavailable",
    ),
}


@dataclass(frozen=True)
class Place:
    """Where a route is."""

    name: str
    project: pulumi.Input[str]
    meshes: list[pulumi.Input[str]]
    addresses: list[str]
    """What a TcpRoute matches: a connection carries no name."""


def make(parent: pulumi.Resource, name: str, place: Place, route: Route) -> pulumi.Resource:
    """Make the HttpRoute, GrpcRoute or TcpRoute."""
    opts = pulumi.ResourceOptions(parent=parent)
    project, meshes = place.project, place.meshes
    if route.protocol == "tcp":
        rules = tcp_rules(route, place.addresses)
        return gcp.networkservices.TcpRoute(
            name, name=place.name, project=project, meshes=meshes, rules=rules, opts=opts
        )
    if route.protocol == "grpc":
        return gcp.networkservices.GrpcRoute(
            name,
            name=place.name,
            project=project,
            meshes=meshes,
            hostnames=_hosts(route),
            rules=grpc_rules(route),
            opts=opts,
        )
    return gcp.networkservices.HttpRoute(
        name,
        name=place.name,
        project=project,
        meshes=meshes,
        hostnames=_hosts(route),
        rules=http_rules(route),
        opts=opts,
    )


def _hosts(route: Route) -> list[pulumi.Input[str]]:
    """The names that callers use; a gRPC client's target holds the port, where there is one."""
    hosts: list[pulumi.Input[str]] = [*route.public_hosts] or [route.host]
    if route.port is None:
        return hosts
    port = pulumi.Output.from_input(route.port).apply(lambda known: str(int(known)))
    return [pulumi.Output.concat(host, ":", port) for host in hosts]


def http_rules(route: Route) -> "list[api.HttpRouteRuleArgsDict]":
    """Rules of an HttpRoute."""
    return [_http_rule(route, rule) for rule in route.rules]


def grpc_rules(route: Route) -> "list[api.GrpcRouteRuleArgsDict]":
    """Rules of a GrpcRoute."""
    return [_grpc_rule(route, rule) for rule in route.rules]


def tcp_rules(route: Route, addresses: list[str]) -> "list[api.TcpRouteRuleArgsDict]":
    """The rule of a TcpRoute."""
    assert route.port is not None
    port = pulumi.Output.from_input(route.port).apply(lambda known: str(int(known)))
    return [
        {
            "matches": [{"address": address, "port": port} for address in addresses],
            "action": {"destinations": _destinations(route, route.rules[-1])},
        }
    ]


def _http_rule(route: Route, rule: Rule) -> "api.HttpRouteRuleArgsDict":
    action: api.HttpRouteRuleActionArgsDict = {"destinations": _destinations(route, rule)}
    if route.mirror is not None:
        shadow = _backend(route, route.mirror.version)
        action["request_mirror_policy"] = {"destination": {"service_name": shadow}}
    if route.delay is not None or route.abort is not None:
        action["fault_injection_policy"] = _fault(route)
    if route.timeout is not None:
        action["timeout"] = as_json_duration(route.timeout)
    if route.retry is not None:
        action["retry_policy"] = {
            "num_retries": route.retry.attempts,
            "retry_conditions": _conditions(route.retry.retry_on),
        }
        if route.retry.per_try_timeout is not None:
            limit = as_json_duration(route.retry.per_try_timeout)
            action["retry_policy"]["per_try_timeout"] = limit
    made: api.HttpRouteRuleArgsDict = {"action": action}
    headers = _http_headers(rule.match)
    if headers:
        made["matches"] = [{"prefix_match": "/", "headers": headers}]
    return made


def _http_headers(match: Match) -> "list[api.HttpRouteRuleMatchHeaderArgsDict]":
    headers: list[api.HttpRouteRuleMatchHeaderArgsDict] = [
        {"header": name, "exact_match": value} for name, value in match.headers.items()
    ]
    if match.cookie is not None:
        headers.append({"header": "cookie", "regex_match": cookie_pattern(match.cookie)})
    return headers


def _fault(route: Route) -> "api.HttpRouteRuleActionFaultInjectionPolicyArgsDict":
    """Both kinds of routes have the same words for it."""
    fault: api.HttpRouteRuleActionFaultInjectionPolicyArgsDict = {}
    if route.delay is not None:
        pause = as_json_duration(route.delay.fixed_delay)
        fault["delay"] = {"fixed_delay": pause, "percentage": route.delay.percent}
    if route.abort is not None:
        status = route.abort.http_status
        fault["abort"] = {"http_status": status, "percentage": route.abort.percent}
    return fault


def _grpc_rule(route: Route, rule: Rule) -> "api.GrpcRouteRuleArgsDict":
    action: api.GrpcRouteRuleActionArgsDict = {"destinations": _destinations(route, rule)}
    if route.delay is not None or route.abort is not None:
        action["fault_injection_policy"] = _fault(route)
    if route.timeout is not None:
        action["timeout"] = as_json_duration(route.timeout)
    if route.retry is not None:
        action["retry_policy"] = {
            "num_retries": route.retry.attempts,
            "retry_conditions": _conditions(route.retry.retry_on),
        }
    made: api.GrpcRouteRuleArgsDict = {"action": action}
    if rule.match.headers:
        made["matches"] = [
            {
                "headers": [
                    {"key": name, "value": value, "type": "EXACT"}
                    for name, value in rule.match.headers.items()
                ]
            }
        ]
    return made


def _destinations(route: Route, rule: Rule) -> pulumi.Output[list[Any]]:
    """The backend services that get a share.

    The official provider does not send a weight of 0, and the API then shares calls out evenly, so
    that a version without a share is left out.
    """
    backends = {version: _backend(route, version) for version in rule.shares}

    def with_share(weights: dict[str, int]) -> pulumi.Output[list[Any]]:
        return pulumi.Output.from_input(
            [
                {"service_name": backends[version], "weight": int(weight)}
                for version, weight in weights.items()
                if weight
            ]
        )

    if all(is_plain(weight) for weight in rule.shares.values()):
        return with_share(cast(dict[str, int], rule.shares))
    return pulumi.Output.all(**rule.shares).apply(with_share)


def _backend(route: Route, version: str) -> pulumi.Input[str]:
    backend = route.versions[version].backend_service
    assert backend is not None  # the arguments' check asks for it
    return backend


def _conditions(retry_on: pulumi.Input[str]) -> pulumi.Input[list[str]]:
    if isinstance(retry_on, str):
        return retry_on.split(",")
    return pulumi.Output.from_input(retry_on).apply(lambda known: known.split(","))
