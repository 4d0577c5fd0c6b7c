"""A mesh, two versions' backend services, and a route for each protocol."""

import pulumi
import pulumi_gcp as gcp

from meshwright import RouteVersionArgs, TrafficRoute

config = pulumi.Config()
project = "meshwright-dev"
share = int(config.get("share") or 10)
apis = gcp.projects.Service("networkservices", service="networkservices.googleapis.com")
compute = gcp.projects.Service("compute", service="compute.googleapis.com")
mesh = gcp.networkservices.Mesh("mesh", name="vms", opts=pulumi.ResourceOptions(depends_on=[apis]))
check = gcp.compute.HealthCheck(
    "check",
    name="check",
    http_health_check={"port": 8080},
    opts=pulumi.ResourceOptions(depends_on=[compute]),
)


def backend(version: str, protocol: str) -> RouteVersionArgs:
    """A version's backend service."""
    made = gcp.compute.BackendService(
        f"{protocol}-{version}",
        name=f"{protocol}-{version}",
        load_balancing_scheme="INTERNAL_SELF_MANAGED",
        protocol=protocol.upper(),
        health_checks=check.id,
    )
    return {"name": version, "backend_service": made.id}


def versions(protocol: str) -> list[RouteVersionArgs]:
    """Both versions."""
    return [backend("v1", protocol), backend("v2", protocol)]


web = TrafficRoute(
    "web",
    {
        "rendering": "networkservices",
        "service": "web",
        "project": project,
        "meshes": [mesh.id],
        "versions": versions("http"),
        "weights": {"v1": 100 - share, "v2": share},
        "matches": [{"version": "v2", "cookie": {"name": "group", "value": "b"}}],
        "mirror": {"version": "v2"},
        "timeout": "10s",
        "retry": {"attempts": 2, "per_try_timeout": "1500ms"},
    },
)
users = TrafficRoute(
    "users",
    {
        "rendering": "networkservices",
        "protocol": "grpc",
        "service": "users",
        "port": 50051,
        "project": project,
        "meshes": [mesh.id],
        "versions": versions("grpc"),
        "active": "v1",
        "matches": [{"version": "v2", "headers": {"x-group": "b"}}],
        "fault": {"abort": {"http_status": 503, "percent": 1}},
    },
)
ledger = TrafficRoute(
    "ledger",
    {
        "rendering": "networkservices",
        "protocol": "tcp",
        "service": "ledger",
        "port": 5432,
        "addresses": ["10.0.0.1/32"],
        "project": project,
        "meshes": [mesh.id],
        "versions": versions("tcp"),
        "weights": {"v1": 50, "v2": 50},
    },
)
pulumi.export("weights", web.weights)
