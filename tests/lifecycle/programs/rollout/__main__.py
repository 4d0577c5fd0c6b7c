"""A mesh whose calls to `web` go from one version to the next by a rollout."""

import json

import pulumi
import pulumi_gcp as gcp

from meshwright import Rollout, RouteVersionArgs, TrafficRoute

config = pulumi.Config()
versions = json.loads(config.get("versions") or '["v1", "v2"]')
apis = gcp.projects.Service("networkservices", service="networkservices.googleapis.com")
compute = gcp.projects.Service("compute", service="compute.googleapis.com")
mesh = gcp.networkservices.Mesh("mesh", name="vms", opts=pulumi.ResourceOptions(depends_on=[apis]))
check = gcp.compute.HealthCheck(
    "check",
    name="check",
    http_health_check={"port": 8080},
    opts=pulumi.ResourceOptions(depends_on=[compute]),
)


def backend(version: str) -> RouteVersionArgs:
    """A version's backend service."""
    made = gcp.compute.BackendService(
        version,
        name=version,
        load_balancing_scheme="INTERNAL_SELF_MANAGED",
        protocol="HTTP",
        health_checks=check.id,
    )
    return {"name": version, "backend_service": made.id}


rollout = Rollout(
    "web",
    service="web",
    versions=versions,
    target=config.get("target") or "v1",
    target_revision=config.get("revision"),
    steps=json.loads(config.get("steps") or '[{"weight": 10}, {"weight": 50}]'),
    analyses=json.loads(config.get("analyses") or "[]"),
    metrics={"url": config.get("metrics") or "http://127.0.0.1:9"},
)
web = TrafficRoute(
    "web",
    {
        "rendering": "networkservices",
        "service": "web",
        "project": "meshwright-dev",
        "meshes": [mesh.id],
        "versions": [backend(version) for version in versions],
        "weights": {version: rollout.share_of(version) for version in versions},
        "timeout": config.get("timeout") or "10s",
    },
)
pulumi.export("weights", web.weights)
