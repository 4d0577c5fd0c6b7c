"""Arguments of routes for tests, and what a route registers."""

from typing import Any

import pulumi

from meshwright import TrafficRoute, TrafficRouteArgs
from tests.unit.recording import Recorder, record

HOST = "checkout.shop.svc.cluster.local"
MESH = "projects/p/locations/global/meshes/m"
BASES: dict[str, dict[str, Any]] = {
    "istio": {"namespace": "shop", "versions": [{"name": "v1"}, {"name": "v2"}]},
    "gateway-api": {
        "namespace": "shop",
        "port": 80,
        "versions": [
            {"name": "v1", "service": "checkout-v1"},
            {"name": "v2", "service": "checkout-v2"},
        ],
    },
    "networkservices": {
        "project": "p",
        "meshes": [MESH],
        "versions": [
            {"name": "v1", "backend_service": "projects/p/global/backendServices/v1"},
            {"name": "v2", "backend_service": "projects/p/global/backendServices/v2"},
        ],
    },
}


# Each optional argument, and each optional part of one, on top of what it needs beside it.
COOKIE = {"name": "group", "value": "b"}
ABORT = {"abort": {"http_status": 503}}
PARTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "namespace": ({}, {"namespace": "other"}),
    "active": ({}, {"active": "v2"}),
    "matches.headers": ({}, {"matches": [{"version": "v2", "headers": {"x-group": "b"}}]}),
    "matches.cookie": ({}, {"matches": [{"version": "v2", "cookie": COOKIE}]}),
    "mirror": ({}, {"mirror": {"version": "v2"}}),
    "mirror.percent": (
        {"mirror": {"version": "v2"}},
        {"mirror": {"version": "v2", "percent": 5}},
    ),
    "sticky.cookie to pod": ({}, {"sticky": {"cookie": "shop"}}),
    "sticky.cookie to version": ({}, {"sticky": {"to": "version", "cookie": "shop"}}),
    "sticky.ttl": (
        {"sticky": {"to": "version", "cookie": "shop"}},
        {"sticky": {"to": "version", "cookie": "shop", "ttl": "1h"}},
    ),
    "sticky.header": ({}, {"sticky": {"header": "x-user"}}),
    "sticky.source_ip": ({}, {"sticky": {"source_ip": True}}),
    "fault.delay": ({}, {"fault": {"delay": {"fixed_delay": "1s"}}}),
    "fault.abort": ({}, {"fault": ABORT}),
    "fault and timeout": ({"fault": ABORT}, {"fault": ABORT, "timeout": "5s"}),
    "fault and retry": (
        {"fault": ABORT},
        {"fault": ABORT, "retry": {"attempts": 1, "retry_on": "refused-stream"}},
    ),
    "timeout": ({}, {"timeout": "10s"}),
    "retry": ({}, {"retry": {"attempts": 1}}),
    "retry.attempts": ({"retry": {"attempts": 1}}, {"retry": {"attempts": 0}}),
    "retry.per_try_timeout": (
        {"retry": {"attempts": 1}},
        {"retry": {"attempts": 1, "per_try_timeout": "1s"}},
    ),
    "retry.retry_on": (
        {"retry": {"attempts": 1}},
        {"retry": {"attempts": 1, "retry_on": "retriable-headers"}},
    ),
    "retry.remote_localities": (
        {"retry": {"attempts": 1}},
        {"retry": {"attempts": 1, "remote_localities": True}},
    ),
    "outlier_detection": ({}, {"outlier_detection": {}}),
    "outlier_detection and sticky": (
        {"sticky": {"header": "x-user"}},
        {"sticky": {"header": "x-user"}, "outlier_detection": {"interval": "5s"}},
    ),
    "port": ({}, {"port": 8080}),
    "route": ({}, {"route": "other"}),
    "revision": ({}, {"revision": "asm-managed"}),
    "hosts": (
        {"hosts": ["shop.example.com"], "gateways": ["gw/public"]},
        {"hosts": ["other.example.com"], "gateways": ["gw/public"]},
    ),
    "gateways": ({}, {"hosts": ["shop.example.com"], "gateways": ["gw/public"]}),
    "selector": ({}, {"versions": [{"name": "v1"}, {"name": "v2"}], "selector": {"app": "a"}}),
    "target_port": (
        {"versions": [{"name": "v1"}, {"name": "v2"}], "selector": {"app": "a"}},
        {
            "versions": [{"name": "v1"}, {"name": "v2"}],
            "selector": {"app": "a"},
            "target_port": 8080,
        },
    ),
    "project": ({}, {"project": "other"}),
    "meshes": ({}, {"meshes": ["projects/p/locations/global/meshes/other"]}),
    "addresses": ({}, {"addresses": ["10.0.0.1/32"]}),
}
PROTOCOLS = ("http", "grpc", "tcp")


def arguments(rendering: str = "istio", **more: object) -> TrafficRouteArgs:
    """A canary, and whatever else is given."""
    common = {"service": "checkout", "weights": {"v1": 90, "v2": 10}, "rendering": rendering}
    if "active" in more:
        del common["weights"]
    return {**common, **BASES[rendering], **more}  # type: ignore[typeddict-item,return-value]


def made(args: TrafficRouteArgs) -> Recorder:
    """What a route named `checkout` registers."""
    recorder = record()

    @pulumi.runtime.test
    def program() -> pulumi.Output[Any]:
        route = TrafficRoute("checkout", args)
        return pulumi.Output.all(route.host, route.weights)

    program()
    return recorder


def part_of_route(rendering: str, protocol: str, part: dict[str, Any]) -> TrafficRouteArgs:
    """A canary with a part of the table, and what its rendering requires."""
    needed = {"port": 80} if protocol == "tcp" or rendering == "gateway-api" else {}
    return arguments(rendering, **{"protocol": protocol, **needed, **part})
