"""A canary on Istio and blue/green on the Gateway API."""

from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import TrafficRoute

config = pulumi.Config()
share = config.get_int("share") or 10
cluster = kubernetes.Provider(
    "cluster", kubeconfig=Path(config.require("kubeconfig")).read_text(encoding="utf-8")
)
inside = pulumi.ResourceOptions(provider=cluster)
shop = kubernetes.core.v1.Namespace("routes", metadata={"name": "routes"}, opts=inside)
components = pulumi.ResourceOptions(providers=[cluster])
TrafficRoute(
    "canary",
    {
        "namespace": shop.metadata.name,
        "service": "checkout",
        "versions": [{"name": "v1"}, {"name": "v2"}],
        "weights": {"v1": 100 - share, "v2": share},
        "matches": [{"version": "v2", "headers": {"X-Group": "b"}}],
        "sticky": {"to": "version", "cookie": "checkout"},
        "fault": {"delay": {"fixed_delay": "1.5s", "percent": 1}},
        "retry": {"attempts": 2, "per_try_timeout": "2s"},
        "timeout": "10s",
    },
    opts=components,
)
TrafficRoute(
    "switch",
    {
        "rendering": "gateway-api",
        "namespace": shop.metadata.name,
        "service": "payments",
        "port": 80,
        "selector": {"app": "payments"},
        "target_port": 8080,
        "versions": [{"name": "blue"}, {"name": "green"}],
        "active": config.get("active") or "blue",
        "mirror": {"version": "green", "percent": 5},
        "timeout": "1.5s",
    },
    opts=components,
)
