"""A route as Istio takes it: subsets in a DestinationRule, their shares in a VirtualService."""

import pulumi
import pulumi_kubernetes as kubernetes

from ._kube import istio_object
from ._routes import Match, OutlierDetection, Route, Rule, cookie_pattern

_API = "networking.istio.io/v1"


def make(
    parent: pulumi.Resource,
    name: str,
    meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
    route: Route,
) -> pulumi.Resource:
    """Make both objects; the result is the one that holds the shares."""
    spec = destination_rule(route)
    subsets = istio_object(parent, f"{name}-subsets", _API, "DestinationRule", meta, spec)
    # A share of a subset that is not there yet is answered 503, so that subsets come first, and go
    # last.
    return kubernetes.apiextensions.CustomResource(
        f"{name}-shares",
        api_version=_API,
        kind="VirtualService",
        metadata=meta,
        spec=virtual_service(route),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[subsets]),
    )


def destination_rule(route: Route) -> dict[str, object]:
    """The DestinationRule's spec: one subset for each version, whatever its share.

    Subsets do not change with the shares, so that a canary's step touches the VirtualService alone.
    """
    subsets = [
        {"name": version.name, "labels": version.labels} for version in route.versions.values()
    ]
    spec: dict[str, object] = {"host": route.host, "subsets": subsets}
    policy: dict[str, object] = {}
    hashed = _consistent_hash(route)
    if hashed:
        policy["loadBalancer"] = {"consistentHash": hashed}
    if route.outliers is not None:
        policy["outlierDetection"] = _outlier_detection(route.outliers)
    if policy:
        spec["trafficPolicy"] = policy
    return spec


def _outlier_detection(outliers: OutlierDetection) -> dict[str, object]:
    """Without it Envoy knows no pod as failing, so that it has no reason to go elsewhere.

    It is also what makes Istio put pods into an order by their distance:
    https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/
    """
    return {
        "consecutive5xxErrors": outliers.consecutive_5xx_errors,
        "interval": outliers.interval,
        "baseEjectionTime": outliers.base_ejection_time,
        "maxEjectionPercent": outliers.max_ejection_percent,
    }


def virtual_service(route: Route) -> dict[str, object]:
    """The VirtualService's spec, for callers in the mesh and at the gateways."""
    rule = _tcp if route.protocol == "tcp" else _http
    return {
        "hosts": [route.host, *route.public_hosts],
        "gateways": ["mesh", *route.gateways],
        "tcp" if route.protocol == "tcp" else "http": [rule(route, one) for one in route.rules],
    }


def _consistent_hash(route: Route) -> dict[str, object]:
    sticky = route.sticky
    if sticky is None or sticky.to_version:
        return {}
    if sticky.cookie is not None:
        return {"httpCookie": {"name": sticky.cookie, "ttl": sticky.ttl}}
    if sticky.header is not None:
        return {"httpHeaderName": sticky.header}
    return {"useSourceIp": True}


def _tcp(route: Route, rule: Rule) -> dict[str, object]:
    spec: dict[str, object] = {"route": _shares(route, rule)}
    if route.port is not None:
        spec["match"] = [{"port": route.port}]
    return spec


def _http(route: Route, rule: Rule) -> dict[str, object]:
    spec: dict[str, object] = {}
    headers = _headers(rule.match)
    if headers:
        spec["match"] = [{"headers": headers}]
    spec["route"] = _shares(route, rule)
    if route.mirror is not None:
        spec["mirror"] = _destination(route, route.mirror.version)
        spec["mirrorPercentage"] = {"value": route.mirror.percent}
    fault = _fault(route)
    if fault:
        spec["fault"] = fault
    if route.timeout is not None:
        spec["timeout"] = route.timeout
    if route.retry is not None:
        spec["retries"] = _retries(route)
    return spec


def _headers(match: Match) -> dict[str, object]:
    headers: dict[str, object] = {name: {"exact": value} for name, value in match.headers.items()}
    if match.cookie is not None:
        headers["cookie"] = {"regex": cookie_pattern(match.cookie)}
    return headers


def _shares(route: Route, rule: Rule) -> list[dict[str, object]]:
    shares: list[dict[str, object]] = []
    for version, weight in rule.shares.items():
        share: dict[str, object] = {"destination": _destination(route, version), "weight": weight}
        if rule.keeps and route.sticky is not None:
            added = {"set-cookie": route.sticky.set_cookie(version)}
            share["headers"] = {"response": {"add": added}}
        shares.append(share)
    return shares


def _destination(route: Route, version: str) -> dict[str, object]:
    destination: dict[str, object] = {"host": route.host, "subset": version}
    if route.port is not None:
        destination["port"] = {"number": route.port}
    return destination


def _fault(route: Route) -> dict[str, object]:
    fault: dict[str, object] = {}
    if route.delay is not None:
        share = {"value": route.delay.percent}
        fault["delay"] = {"fixedDelay": route.delay.fixed_delay, "percentage": share}
    if route.abort is not None:
        share = {"value": route.abort.percent}
        fault["abort"] = {"httpStatus": route.abort.http_status, "percentage": share}
    return fault


def _retries(route: Route) -> pulumi.Input[dict[str, object]]:
    retry = route.retry
    assert retry is not None

    def policy(attempts: int) -> dict[str, object]:
        if attempts == 0:  # Istio refuses to hear more about retries that are off
            return {"attempts": 0}
        policy: dict[str, object] = {"attempts": attempts, "retryOn": retry.retry_on}
        if retry.per_try_timeout is not None:
            policy["perTryTimeout"] = retry.per_try_timeout
        if retry.remote_localities:
            policy["retryRemoteLocalities"] = True
        return policy

    if isinstance(retry.attempts, int | float):
        return policy(int(retry.attempts))
    known = pulumi.Output.from_input(retry.attempts)
    return known.apply(lambda attempts: pulumi.Output.from_input(policy(int(attempts))))
