"""Access logs of every failed call in the mesh, traces, and metrics; more traces of one service."""

import pulumi

from meshwright import MeshTelemetry

telemetry = MeshTelemetry(
    "mesh",
    {
        "access_log_filter": "response.code >= 400",
        "tracing_providers": ["stackdriver"],
        "metric_providers": ["prometheus"],
        "metric_overrides": [{"metric": "REQUEST_SIZE", "disabled": True}],
        "managed_prometheus": True,
    },
)
checkout = MeshTelemetry(
    "checkout",
    {
        "namespace": "shop",
        "workload": {"app": "checkout"},
        "tracing_sampling_percent": 50.0,
        "tracing_tags": [{"name": "tenant", "header": "x-tenant"}],
    },
)
pulumi.export("telemetry", [telemetry.telemetry, checkout.telemetry])
