"""A service of a cluster whose calls go from v1 to v2, through Istio's route.

By a rollout; `active` names the version that gets every call without one.
"""

import json
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from meshwright import Rollout, TrafficRoute, TrafficRouteArgs

config = pulumi.Config()
namespace, service = config.require("namespace"), "checkout"
cluster = kubernetes.Provider(
    "cluster", kubeconfig=Path(config.require("kubeconfig")).read_text(encoding="utf-8")
)
shares: TrafficRouteArgs = {
    "service": service,
    "namespace": namespace,
    "versions": [{"name": "v1"}, {"name": "v2"}],
    "hosts": [config.require("host")],
    "gateways": [config.require("gateway")],
    "port": 80,
}
active = config.get("active")
if active:
    shares["active"] = active
else:
    rollout = Rollout(
        service,
        service=f"{namespace}/{service}",
        versions=["v1", "v2"],
        target=config.require("target"),
        steps=json.loads(config.require("steps")),
        analyses=json.loads(config.require("analyses")),
        metrics={"url": config.require("metrics")},
    )
    shares["weights"] = {version: rollout.share_of(version) for version in ("v1", "v2")}
TrafficRoute(service, shares, opts=pulumi.ResourceOptions(providers=[cluster]))
