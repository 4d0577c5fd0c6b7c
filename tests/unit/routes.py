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
