"""A canary that `meshwright rollout` drives: 5 %, 25 %, then all, if it answers well.

`pulumi up`, then `meshwright rollout start shop/checkout`; `pulumi up` again keeps the weights.
"""

import pulumi

from meshwright import Rollout, TrafficRoute

versions = ["v1", "v2"]
rollout = Rollout(
    "checkout",
    service="shop/checkout",
    versions=versions,
    target="v1",  # change it to v2, run `pulumi up`, and start the rollout
    steps=[
        {"weight": 5, "duration_seconds": 300},
        {"weight": 25, "duration_seconds": 600},
    ],
    analyses=[
        {
            "name": "errors",
            "query": "100 * (sum(rate(istio_requests_total{"
            'reporter="destination",destination_canonical_service="{{service}}",'
            'destination_canonical_revision="{{target}}",response_code=~"5.."}[{{interval}}]))'
            " or vector(0)) / sum(rate(istio_requests_total{"
            'reporter="destination",destination_canonical_service="{{service}}",'
            'destination_canonical_revision="{{target}}"}[{{interval}}]))',
            "max": 1,
            "failures_allowed": 2,
        }
    ],
    metrics={"url": "http://prometheus.monitoring.svc.cluster.local:9090"},
)
route = TrafficRoute(
    "checkout",
    {
        "namespace": "shop",
        "service": "checkout",
        "versions": [{"name": version} for version in versions],
        "weights": {version: rollout.share_of(version) for version in versions},
        "sticky": {"to": "version", "cookie": "checkout-version"},
    },
)
pulumi.export("phase", rollout.phase)
pulumi.export("weights", route.weights)
