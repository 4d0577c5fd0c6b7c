"""Service routing and Cloud Run in the mesh, as google-api-python-client sees them."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import finish

REGION = "europe-west4"


@pytest.fixture
def routing(google: GoogleClients) -> Any:
    """The networkservices v1 client's locations."""
    return google("networkservices", "v1").projects().locations()


@pytest.fixture
def home(project: str) -> str:
    """`projects/P/locations/global` of the test's own project."""
    return f"projects/{project}/locations/global"


@pytest.fixture
def backend(compute: Any, project: str) -> str:
    """A backend service, as routes name it."""
    check = {"name": "hc", "type": "HTTP", "httpHealthCheck": {"port": 80}}
    compute.healthChecks().insert(project=project, body=check).execute()
    body = {
        "name": "bs",
        "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
        "healthChecks": [f"projects/{project}/global/healthChecks/hc"],
    }
    settled(compute.globalOperations(), project)
    compute.backendServices().insert(project=project, body=body).execute()
    settled(compute.globalOperations(), project)
    return f"projects/{project}/locations/global/backendServices/bs"


def settled(operations: Any, project: str) -> None:
    """Return once every compute operation of the project is done."""
    for operation in operations.list(project=project).execute().get("items", []):
        operations.wait(project=project, operation=operation["name"]).execute()


def wait(places: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """Wait for a long-running operation; returns its response."""
    while not operation.get("done"):
        operation = places.operations().get(name=operation["name"]).execute()
    assert "error" not in operation, operation
    return operation["response"]


def make_mesh(routing: Any, home: str, **fields: Any) -> dict[str, Any]:
    """The mesh `m`."""
    body = {"labels": {"team": "mesh"}} | fields
    return wait(routing, routing.meshes().create(parent=home, meshId="m", body=body).execute())


def route(home: str, backend: str, **fields: Any) -> dict[str, Any]:
    """A route of the mesh `m` that splits traffic."""
    action = {"destinations": [{"serviceName": backend, "weight": 90}]}
    return {
        "hostnames": ["web"],
        "meshes": [f"{home}/meshes/m"],
        "rules": [{"action": action}],
    } | fields


def rule(**action: Any) -> dict[str, Any]:
    """The one rule of a route."""
    return {"rules": [{"action": action}]}


def test_a_mesh_is_created_changed_and_deleted(routing: Any, home: str) -> None:
    """Names are full, link is filled in, the port is not; the mask decides what changes."""
    mesh = make_mesh(routing, home)
    name = f"{home}/meshes/m"
    assert mesh["name"] == name
    assert "interceptionPort" not in mesh
    assert mesh["selfLink"].endswith(name)
    change = {"labels": {"team": "sre"}}
    wait(routing, routing.meshes().patch(name=name, updateMask="labels", body=change).execute())
    assert routing.meshes().get(name=name).execute()["labels"] == {"team": "sre"}
    assert [m["name"] for m in routing.meshes().list(parent=home).execute()["meshes"]] == [name]
    with pytest.raises(HttpError) as second:
        make_mesh(routing, home)
    assert second.value.status_code == 409
    with pytest.raises(HttpError, match="Cannot find field"):
        make_mesh(routing, home, port=1)
    wait(routing, routing.meshes().delete(name=name).execute())
    with pytest.raises(HttpError, match="was not found"):
        routing.meshes().get(name=name).execute()


def test_what_the_document_calls_immutable_or_required_is(routing: Any, home: str) -> None:
    gateway, name = {"type": "OPEN_MESH", "scope": "mesh", "ports": [80]}, f"{home}/gateways/g"
    bare = {field: gateway[field] for field in ("type", "scope")}
    with pytest.raises(HttpError, match="Required field 'ports' is missing"):
        routing.gateways().create(parent=home, gatewayId="g", body=bare).execute()
    wait(routing, routing.gateways().create(parent=home, gatewayId="g", body=gateway).execute())
    patch = {"name": name, "updateMask": "type", "body": {"type": "SECURE_WEB_GATEWAY"}}

    with pytest.raises(HttpError, match="Field 'type' is immutable"):
        routing.gateways().patch(**patch).execute()


def test_a_route_hangs_on_a_mesh_and_a_backend(routing: Any, home: str, backend: str) -> None:
    """Both must exist, and the mesh stays while the route does."""
    make_mesh(routing, home)
    routes, name = routing.httpRoutes(), f"{home}/httpRoutes/r"
    body = route(home, backend)

    made = wait(routing, routes.create(parent=home, httpRouteId="r", body=body).execute())

    assert made["rules"][0]["action"]["destinations"][0]["weight"] == 90
    with pytest.raises(HttpError, match="is being used by"):
        routing.meshes().delete(name=f"{home}/meshes/m").execute()
    change = {"hostnames": ["shop"]}
    wait(routing, routes.patch(name=name, updateMask="hostnames", body=change).execute())
    assert routes.get(name=name).execute()["hostnames"] == ["shop"]
    absent = {"meshes": [f"{home}/meshes/absent"]}
    with pytest.raises(HttpError, match="was not found"):
        routes.patch(name=name, updateMask="meshes", body=absent).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        routes.patch(name=name, updateMask="hostnames", body={"hosts": []}).execute()
    wait(routing, routes.delete(name=name).execute())
    wait(routing, routing.meshes().delete(name=f"{home}/meshes/m").execute())


def test_a_route_may_hang_on_nothing_yet_and_lead_to_a_region(
    routing: Any, home: str, backend: str, compute: Any, project: str
) -> None:
    """As in the official provider's own examples."""
    place = {"project": project, "region": "us-central1"}
    check = f"projects/{project}/global/healthChecks/hc"
    body = {"name": "near", "loadBalancingScheme": "INTERNAL_MANAGED", "healthChecks": [check]}
    made = compute.regionBackendServices().insert(**place, body=body).execute()
    finish(compute.regionOperations(), made, **place)
    link = f"https://www.googleapis.com/compute/v1/projects/{project}/regions/us-central1"
    near = {"destinations": [{"serviceName": f"{link}/backendServices/near"}]}
    mirrored = near | {"requestMirrorPolicy": {"destination": {"serviceName": "new"}}}
    alone = {"hostnames": ["shop"], "rules": [{"action": mirrored}]}

    started = routing.httpRoutes().create(parent=home, httpRouteId="r", body=alone).execute()
    wait(routing, started)

    assert (
        routing.httpRoutes().get(name=f"{home}/httpRoutes/r").execute()["rules"] == alone["rules"]
    )


def test_wrong_routes_are_refused(routing: Any, home: str, backend: str) -> None:
    """Absent meshes and backends, negative weights, hosts and rules that are missing."""
    make_mesh(routing, home)
    gone = backend.replace("/bs", "/gone")
    negative = {"serviceName": backend, "weight": -1}
    weighed = {"serviceName": backend, "weight": 1}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"meshes": [f"{home}/meshes/absent"]}, "was not found"),
        (route(home, gone), "does not exist"),
        ({"rules": [{"action": {"destinations": [negative]}}]}, "must not be negative"),
        ({"rules": [{"action": {"weights": []}}]}, "Cannot find field"),
        ({"rules": []}, "At least one rule"),
        ({"hostnames": []}, "At least one hostname"),
        (rule(destinations=[weighed, {"serviceName": backend}]), "for all destinations"),
        (rule(retryPolicy={"numRetries": 0}), "greater than 0"),
        (rule(retryPolicy={"retryConditions": ["cancelled"]}), "not a retry condition"),
        (rule(faultInjectionPolicy={"abort": {"percentage": 5}}), "200 to 599"),
        (rule(faultInjectionPolicy={"delay": {"percentage": 101}}), "0 to 100"),
        (rule(requestMirrorPolicy={"destination": {"serviceName": gone}}), "does not exist"),
    ]
    for fields, text in cases:
        request = routing.httpRoutes().create(
            parent=home, httpRouteId="r", body=route(home, backend) | fields
        )
        with pytest.raises(HttpError, match=text):
            request.execute()
    assert routing.httpRoutes().list(parent=home).execute() == {}


def test_two_routes_of_a_mesh_cannot_claim_one_host(routing: Any, home: str, backend: str) -> None:
    """Whatever their protocol; a port makes another host of it."""
    make_mesh(routing, home)
    body = route(home, backend)
    first = routing.httpRoutes().create(parent=home, httpRouteId="r", body=body)
    wait(routing, first.execute())

    for second in (
        routing.httpRoutes().create(parent=home, httpRouteId="s", body=body),
        routing.grpcRoutes().create(parent=home, grpcRouteId="r", body=body),
    ):
        with pytest.raises(HttpError, match="'web' is already routed"):
            second.execute()

    other = body | {"hostnames": ["web:50051"]}
    free = routing.grpcRoutes().create(parent=home, grpcRouteId="r", body=other)
    wait(routing, free.execute())
    unchanged = routing.httpRoutes().patch(
        name=f"{home}/httpRoutes/r", updateMask="rules", body={"rules": body["rules"]}
    )
    wait(routing, unchanged.execute())


@pytest.mark.parametrize(("kind", "given"), [("grpc", "hostnames"), ("tcp", "")])
def test_routes_of_other_protocols_live_as_http_routes_do(
    routing: Any, home: str, backend: str, kind: str, given: str
) -> None:
    """Made, changed, read, deleted; wrong fields and absent meshes and backends are refused."""
    make_mesh(routing, home)
    routes, name = getattr(routing, f"{kind}Routes")(), f"{home}/{kind}Routes/r"
    body = route(home, backend)
    if not given:
        del body["hostnames"]
        body["rules"][0]["matches"] = [{"address": "10.0.0.1/32", "port": "5432"}]

    def create(**fields: Any) -> Any:
        request = {"parent": home, f"{kind}RouteId": "r", "body": body | fields}
        return routes.create(**request).execute()

    for fields, text in (
        ({"meshes": [f"{home}/meshes/absent"]}, "was not found"),
        (rule(destinations=[{"serviceName": backend + "-gone"}]), "does not exist"),
        ({"hosts": ["web"]}, "Cannot find field"),
        ({"rules": []}, "At least one rule"),
    ):
        with pytest.raises(HttpError, match=text):
            create(**fields)
    wait(routing, create())
    change = rule(destinations=[{"serviceName": backend, "weight": 50}])
    wait(routing, routes.patch(name=name, updateMask="rules", body=change).execute())
    read = routes.get(name=name).execute()
    assert read["rules"][0]["action"]["destinations"][0]["weight"] == 50
    for fields, text in (
        ({"meshes": [f"{home}/meshes/absent"]}, "was not found"),
        ({"hosts": ["web"]}, "Cannot find field"),
    ):
        with pytest.raises(HttpError, match=text):
            routes.patch(name=name, updateMask="meshes", body=fields).execute()
    with pytest.raises(HttpError, match="is being used by"):
        routing.meshes().delete(name=f"{home}/meshes/m").execute()
    wait(routing, routes.delete(name=name).execute())
    with pytest.raises(HttpError, match="was not found"):
        routes.get(name=name).execute()


def test_a_cloud_run_service_joins_a_mesh(
    google: GoogleClients, routing: Any, project: str, home: str
) -> None:
    """The service is ready with a URL; its mesh must exist, and stays while it is used."""
    run = google("run", "v2").projects().locations()
    parent = f"projects/{project}/locations/{REGION}"
    body = {
        "launchStage": "BETA",
        "template": {
            "containers": [{"image": "registry.example/hello"}],
            "serviceMesh": {"mesh": f"{home}/meshes/m"},
        },
    }
    with pytest.raises(HttpError, match="was not found"):
        run.services().create(parent=parent, serviceId="hello", body=body).execute()
    make_mesh(routing, home)
    wait(run, run.services().create(parent=parent, serviceId="hello", body=body).execute())

    service = run.services().get(name=f"{parent}/services/hello").execute()

    assert service["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    assert service["uri"].startswith("https://hello-")
    with pytest.raises(HttpError, match="is being used by"):
        routing.meshes().delete(name=f"{home}/meshes/m").execute()
    body["template"] = {"containers": [{"image": "registry.example/hello:2"}]}
    name = f"{parent}/services/hello"
    wait(run, run.services().patch(name=name, body=body).execute())
    assert run.services().get(name=name).execute()["generation"] == "2"
    with pytest.raises(HttpError, match="Cannot find field"):
        run.services().create(parent=parent, serviceId="x", body={"image": "x"}).execute()
    with pytest.raises(HttpError, match="at least one container"):
        run.services().create(parent=parent, serviceId="x", body={}).execute()
    wait(run, run.services().delete(name=name).execute())
