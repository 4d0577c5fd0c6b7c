"""An A/B test on virtual machines, by a cookie."""

import pulumi
import pulumi_gcp as gcp

from meshwright import TrafficRoute

project = "meshwright-dev"
routing = gcp.projects.Service("routing", project=project, service="networkservices.googleapis.com")
compute = gcp.projects.Service("compute", project=project, service="compute.googleapis.com")
mesh = gcp.networkservices.Mesh(
    "mesh", name="vms", project=project, opts=pulumi.ResourceOptions(depends_on=[routing])
)
check = gcp.compute.HealthCheck(
    "web",
    name="web",
    project=project,
    http_health_check={"port": 8080},
    opts=pulumi.ResourceOptions(depends_on=[compute]),
)
# MeshVmGroup makes a backend service with the machines behind it.
a, b = (
    gcp.compute.BackendService(
        f"web-{version}",
        name=f"web-{version}",
        project=project,
        load_balancing_scheme="INTERNAL_SELF_MANAGED",
        protocol="HTTP",
        health_checks=check.id,
    )
    for version in ("a", "b")
)
route = TrafficRoute(
    "web",
    {
        "rendering": "networkservices",
        "project": project,
        "meshes": [mesh.id],
        "service": "web.shop.internal",
        "versions": [
            {"name": "a", "backend_service": a.id},
            {"name": "b", "backend_service": b.id},
        ],
        "active": "a",
        "matches": [{"version": "b", "cookie": {"name": "group", "value": "b"}}],
        "retry": {"attempts": 2, "per_try_timeout": "2s"},
        "timeout": "10s",
    },
)
pulumi.export("host", route.host)
