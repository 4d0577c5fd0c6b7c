"""A canary: a tenth of the calls go to the new version."""

import pulumi

from meshwright import MeshNamespace, TrafficRoute

shop = MeshNamespace("shop", {})
route = TrafficRoute(
    "checkout",
    {
        "namespace": shop.namespace,
        "service": "checkout",
        "versions": [{"name": "v1"}, {"name": "v2"}],
        "weights": {"v1": 90, "v2": 10},
        "timeout": "10s",
        "retry": {"attempts": 2, "per_try_timeout": "2s"},
    },
)
pulumi.export("weights", route.weights)
