"""A route as Istio takes it: subsets in a DestinationRule, their shares in a VirtualService.

The functions take a Route, which knows nothing of Istio, so that the same route can be rendered for
the Gateway API or for networkservices beside this.
"""

from dataclasses import dataclass, field

import pulumi


@dataclass(frozen=True)
class Retry:
    """What to do with a call that failed."""

    attempts: pulumi.Input[int]
    retry_on: pulumi.Input[str]
    per_try_timeout: pulumi.Input[str] | None = None


@dataclass(frozen=True)
class Route:
    """How calls to one service are shared among its versions."""

    host: pulumi.Output[str]
    """Name of the service in the mesh."""
    versions: dict[str, pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Pod labels of each version."""
    weights: dict[str, pulumi.Input[int]]
    """Share of each version in percent."""
    port: pulumi.Input[int] | None = None
    public_hosts: list[str] = field(default_factory=list[str])
    gateways: list[pulumi.Input[str]] = field(default_factory=list[pulumi.Input[str]])
    timeout: pulumi.Input[str] | None = None
    retry: Retry | None = None


def destination_rule(route: Route) -> dict[str, object]:
    """The DestinationRule's spec: one subset for each version, whatever its share.

    Subsets do not change with the shares, so that a canary's step touches the VirtualService alone.
    """
    subsets = [{"name": name, "labels": labels} for name, labels in route.versions.items()]
    return {"host": route.host, "subsets": subsets}


def virtual_service(route: Route) -> dict[str, object]:
    """The VirtualService's spec, for callers in the mesh and at the gateways."""
    rule: dict[str, object] = {
        "route": [
            {"destination": _destination(route, version), "weight": weight}
            for version, weight in route.weights.items()
        ]
    }
    if route.timeout is not None:
        rule["timeout"] = route.timeout
    if route.retry is not None:
        retries: dict[str, object] = {
            "attempts": route.retry.attempts,
            "retryOn": route.retry.retry_on,
        }
        if route.retry.per_try_timeout is not None:
            retries["perTryTimeout"] = route.retry.per_try_timeout
        rule["retries"] = retries
    return {
        "hosts": [route.host, *route.public_hosts],
        "gateways": ["mesh", *route.gateways],
        "http": [rule],
    }


def _destination(route: Route, version: str) -> dict[str, object]:
    destination: dict[str, object] = {"host": route.host, "subset": version}
    if route.port is not None:
        destination["port"] = {"number": route.port}
    return destination
