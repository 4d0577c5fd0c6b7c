"""Blue/green on the Gateway API, with a copy of some calls to the version that waits."""

import pulumi

from meshwright import MeshNamespace, TrafficRoute

shop = MeshNamespace("shop", {})
route = TrafficRoute(
    "checkout",
    {
        "rendering": "gateway-api",
        "namespace": shop.namespace,
        "service": "checkout",
        "port": 80,
        # From this a Service is made for each version: the pods that also have its label.
        "selector": {"app": "checkout"},
        "target_port": 8080,
        "versions": [{"name": "blue"}, {"name": "green"}],
        "active": "blue",
        "mirror": {"version": "green", "percent": 5},
        "timeout": "10s",
    },
)
pulumi.export("weights", route.weights)
