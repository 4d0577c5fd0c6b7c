"""Alerts on how fast a service's error budget burns."""

import pulumi
import pulumi_gcp as gcp

from meshwright import MeshAlerts, MeshSlo

checkout = MeshSlo(
    "checkout",
    {"project": gcp.config.project, "namespace": "shop", "service": "checkout", "goal": 0.999},
)
alerts = MeshAlerts(
    "shop",
    {
        "project": gcp.config.project,
        "slos": {"checkout": checkout.slo_id},
        "emails": ["sre@example.com"],
        "documentation": "Runbook: https://runbooks.example.com/checkout",
    },
)
pulumi.export("policies", alerts.policies)
