"""Cloud Run in the mesh, as google-api-python-client sees it: who may call, what it needs."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import finish

REGION = "europe-west4"


@pytest.fixture
def services(google: GoogleClients) -> Any:
    """The run v2 client's services."""
    return google("run", "v2").projects().locations().services()


@pytest.fixture
def service(google: GoogleClients, services: Any, project: str) -> str:
    """A deployed service; its full name."""
    parent = f"projects/{project}/locations/{REGION}"
    body = {"template": {"containers": [{"image": "registry.example/hello"}]}}
    started = services.create(parent=parent, serviceId="hello", body=body).execute()
    operations = google("run", "v2").projects().locations().operations()
    assert "error" not in finish(operations, started)
    return f"{parent}/services/hello"


def test_a_services_traffic_adds_up(services: Any, service: str) -> None:
    """To all of it, over its revisions."""
    latest = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 90}
    change = services.get(name=service).execute() | {"traffic": [latest]}

    with pytest.raises(HttpError, match="must add up to 100, not to 90"):
        services.patch(name=service, body=change).execute()


def test_a_container_has_one_port(services: Any, service: str) -> None:
    change = services.get(name=service).execute()
    change["template"]["containers"][0]["ports"] = [{"containerPort": p} for p in (80, 81)]

    with pytest.raises(HttpError, match="only a single port"):
        services.patch(name=service, body=change).execute()


def test_callers_are_named_in_the_services_own_policy(
    google: GoogleClients, services: Any, service: str, project: str
) -> None:
    """A policy is read, changed with its etag, and names accounts that exist."""
    accounts = google("iam", "v1").projects().serviceAccounts()
    body: dict[str, Any] = {"accountId": "caller", "serviceAccount": {}}
    email = accounts.create(name=f"projects/{project}", body=body).execute()["email"]
    policy = services.getIamPolicy(resource=service).execute()
    assert "bindings" not in policy
    bindings = [{"role": "roles/run.invoker", "members": [f"serviceAccount:{email}"]}]

    changed = {"policy": policy | {"bindings": bindings}}
    services.setIamPolicy(resource=service, body=changed).execute()

    assert services.getIamPolicy(resource=service).execute()["bindings"] == bindings
    with pytest.raises(HttpError, match="concurrent policy changes"):
        services.setIamPolicy(resource=service, body=changed).execute()
    gone = [{"role": "roles/run.invoker", "members": [f"serviceAccount:x-{email}"]}]
    with pytest.raises(HttpError, match="does not exist"):
        services.setIamPolicy(resource=service, body={"policy": {"bindings": gone}}).execute()
    with pytest.raises(HttpError, match="not found"):
        services.getIamPolicy(resource=service.replace("hello", "gone")).execute()
