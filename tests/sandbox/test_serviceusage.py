"""Enabling and disabling APIs, driven by google-api-python-client."""

import json
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox, finish

PARENT = "projects/usage-test"


@pytest.fixture
def usage(google: GoogleClients) -> Any:
    return google("serviceusage", "v1")


def enabled(usage: Any, parent: str = PARENT) -> set[str]:
    names: set[str] = set()
    request = usage.services().list(parent=parent, filter="state:ENABLED", pageSize=5)
    while request is not None:
        answer = request.execute()
        names |= {entry["config"]["name"] for entry in answer["services"]}
        request = usage.services().list_next(request, answer)
    return names


def test_a_new_project_has_the_default_apis(usage: Any) -> None:
    apis = enabled(usage, "projects/fresh-project")

    assert {"logging.googleapis.com", "serviceusage.googleapis.com"} <= apis
    assert "container.googleapis.com" not in apis


def test_batch_enable_ends_in_an_operation_with_the_services(usage: Any) -> None:
    body = {"serviceIds": ["container.googleapis.com", "mesh.googleapis.com"]}

    operation = usage.services().batchEnable(parent=PARENT, body=body).execute()
    done = finish(usage.operations(), operation)

    states = {s["config"]["name"]: s["state"] for s in done["response"]["services"]}
    assert states == dict.fromkeys(body["serviceIds"], "ENABLED")
    assert set(body["serviceIds"]) <= enabled(usage)


def test_enable_and_disable_one(usage: Any) -> None:
    name = f"{PARENT}/services/run.googleapis.com"

    finish(usage.operations(), usage.services().enable(name=name, body={}).execute())
    on = usage.services().get(name=name).execute()["state"]
    finish(usage.operations(), usage.services().disable(name=name, body={}).execute())

    assert on == "ENABLED"
    assert usage.services().get(name=name).execute()["state"] == "DISABLED"


def test_a_disabled_api_refuses_calls(usage: Any, google: GoogleClients, project: str) -> None:
    name = f"projects/{project}/services/compute.googleapis.com"
    usage.services().disable(name=name, body={"disableDependentServices": True}).execute()

    with pytest.raises(HttpError) as caught:
        google("compute", "v1").networks().list(project=project).execute()

    assert caught.value.status_code == 403


def test_an_unknown_api_is_refused(usage: Any) -> None:
    body = {"serviceIds": ["not an api"]}

    with pytest.raises(HttpError) as caught:
        usage.services().batchEnable(parent=PARENT, body=body).execute()

    error = json.loads(caught.value.content)["error"]
    assert caught.value.status_code == 403
    assert error["details"][0]["reason"] == "SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED"


def test_wrong_fields_are_refused_and_snake_case_is_not(usage: Any, sandbox: Sandbox) -> None:
    path = f"/serviceusage/v1/{PARENT}/services:batchEnable"

    wrong, error = sandbox.call("POST", path, {"services": []})
    right, _ = sandbox.call("POST", path, {"service_ids": ["dns.googleapis.com"]})
    with pytest.raises(HttpError):
        usage.services().batchEnable(parent=PARENT, body={"serviceIds": {}, "x": 1}).execute()

    assert wrong == 400
    assert error["error"]["message"] == (
        'Invalid JSON payload received. Unknown name "services": Cannot find field.'
    )
    assert right == 200
    assert "dns.googleapis.com" in enabled(usage)


def test_only_state_filters_are_taken(usage: Any) -> None:
    with pytest.raises(HttpError) as caught:
        usage.services().list(parent=PARENT, filter="name:x").execute()

    assert caught.value.status_code == 400


def test_an_api_brings_what_it_depends_on_and_keeps_it(usage: Any) -> None:
    parent = "projects/dependent-apis"
    finish(
        usage.operations(),
        usage.services().enable(name=f"{parent}/services/container.googleapis.com").execute(),
    )
    name = f"{parent}/services/compute.googleapis.com"
    both = {"container.googleapis.com", "compute.googleapis.com"}
    enabled_before = enabled(usage, parent)

    with pytest.raises(HttpError) as caught:
        usage.services().disable(name=name, body={}).execute()
    usage.services().disable(name=name, body={"disableDependentServices": True}).execute()

    assert both <= enabled_before
    assert "is depended on by the following active service(s): container" in str(caught.value)
    assert not both & enabled(usage, parent)
