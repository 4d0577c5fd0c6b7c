"""Two promises about one service: that it answers, and that it does so in time."""

import pulumi
import pulumi_gcp as gcp

from meshwright import MeshSlo

answers = MeshSlo(
    "checkout-answers",
    {"project": gcp.config.project, "namespace": "shop", "service": "checkout", "goal": 0.999},
)
fast = MeshSlo(
    "checkout-is-fast",
    {
        "project": gcp.config.project,
        "namespace": "shop",
        "service": "checkout",
        "goal": 0.95,
        "latency_ms": 300,
        "monitored_service": answers.monitored_service,
    },
)
pulumi.export("objectives", [answers.slo_id, fast.slo_id])
