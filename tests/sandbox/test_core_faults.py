"""Faults on purpose, as a client meets them."""

import http.client
import urllib.error
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import Sandbox, finish


@pytest.fixture(autouse=True)
def no_faults_left(sandbox: Sandbox) -> Any:
    yield
    sandbox.admin("DELETE", "faults")


def networks_path(project: str) -> str:
    return f"/compute/compute/v1/projects/{project}/global/networks"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 403])
def test_the_next_calls_answer_an_error_and_then_no_more(
    sandbox: Sandbox, project: str, status: int
) -> None:
    sandbox.fault("GET", f"{project}/global/networks", str(status), count=2)

    answers = [sandbox.call("GET", networks_path(project))[0] for _ in range(3)]

    assert answers == [status, status, 200]


def test_errors_have_the_shape_of_the_api_they_hit(sandbox: Sandbox, project: str) -> None:
    sandbox.fault("GET", project, "429", count=2)

    _, legacy = sandbox.call("GET", networks_path(project))
    _, rpc = sandbox.call("GET", f"/iam/v1/projects/{project}/serviceAccounts")

    assert legacy["error"]["errors"][0]["reason"] == "rateLimitExceeded"
    assert rpc["error"]["status"] == "RESOURCE_EXHAUSTED"


def test_google_client_retries_what_is_worth_it(
    sandbox: Sandbox, compute: Any, project: str
) -> None:
    sandbox.fault("GET", f"{project}/global/networks", "503", count=1)

    answer = compute.networks().list(project=project).execute(num_retries=1)

    assert answer["kind"] == "compute#networkList"


def test_reset_before_leaves_no_trace(sandbox: Sandbox, project: str) -> None:
    sandbox.fault("POST", f"{project}/global/networks", "reset-before")

    with pytest.raises((http.client.HTTPException, urllib.error.URLError, ConnectionError)):
        sandbox.call("POST", networks_path(project), {"name": "net"})

    assert sandbox.call("GET", f"{networks_path(project)}/net")[0] == 404


def test_reset_after_leaves_the_effect(sandbox: Sandbox, project: str) -> None:
    sandbox.fault("POST", f"{project}/global/networks", "reset-after")

    with pytest.raises((http.client.HTTPException, urllib.error.URLError, ConnectionError)):
        sandbox.call("POST", networks_path(project), {"name": "net"})

    assert sandbox.call("GET", f"{networks_path(project)}/net")[0] == 200
    assert sandbox.call("POST", networks_path(project), {"name": "net"})[0] == 409


def test_hang_answers_nothing(sandbox: Sandbox, project: str) -> None:
    sandbox.fault("GET", f"{project}/global/networks", "hang")

    with pytest.raises(TimeoutError):
        sandbox.call("GET", networks_path(project), timeout=0.5)

    assert sandbox.call("GET", networks_path(project))[0] == 200


def test_an_operation_that_fails_undoes_the_insert(
    sandbox: Sandbox, compute: Any, project: str
) -> None:
    sandbox.fault("POST", f"{project}/global/networks", "operation-error")

    operation = compute.networks().insert(project=project, body={"name": "net"}).execute()
    done = finish(compute.globalOperations(), operation, project=project)

    assert done["error"]["errors"][0]["code"] == "INTERNAL_ERROR"
    with pytest.raises(HttpError):
        compute.networks().get(project=project, network="net").execute()


def test_an_update_that_fails_changes_nothing(sandbox: Sandbox, compute: Any, project: str) -> None:
    body = {"name": "net", "autoCreateSubnetworks": False}
    made = compute.networks().insert(project=project, body=body).execute()
    finish(compute.globalOperations(), made, project=project)
    sandbox.fault("PATCH", f"{project}/global/networks/net", "operation-error")
    where = {"project": project, "network": "net"}

    patch = compute.networks().patch(**where, body={"mtu": 1500}).execute()
    done = finish(compute.globalOperations(), patch, project=project)

    assert "error" in done
    assert compute.networks().get(**where).execute()["mtu"] == 1460


def test_a_fault_can_wait_for_its_turn(sandbox: Sandbox, project: str) -> None:
    order = {"method": "*", "path_pattern": project, "action": "500", "count": 1, "skip": 1}
    sandbox.admin("POST", "faults", order)

    answers = [sandbox.call("GET", networks_path(project))[0] for _ in range(3)]

    assert answers == [200, 500, 200]


def test_the_journal_names_what_was_asked_and_what_struck(sandbox: Sandbox, project: str) -> None:
    sandbox.fault("GET", f"{project}/global/networks", "503")
    since = sandbox.journal()[-1]["n"]

    sandbox.call("GET", networks_path(project))
    sandbox.call("POST", networks_path(project), {"name": "net"})
    entries = sandbox.journal(since)

    assert [(e["method"], e["status"], e["mutating"]) for e in entries] == [
        ("GET", 503, False),
        ("POST", 200, True),
    ]
    assert entries[0]["fault"] == "503"
    assert entries[1]["id"] == "compute.networks.insert"
    assert entries[1]["body"] == {"name": "net"}


@pytest.mark.parametrize("order", [{"action": "explode"}, {"action": "500", "path_pattern": "("}])
def test_an_order_that_makes_no_sense_is_refused(sandbox: Sandbox, order: dict[str, Any]) -> None:
    status, answer = sandbox.call("POST", "/_sandbox/faults", order)

    assert status == 400
    assert answer["error"]["message"]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"method": "PSOT"}, "unknown method 'PSOT'; allowed: *, GET"),
        ({"count": 0}, "count 0 strikes no call"),
        ({"action": "999"}, "unknown action '999'; allowed: 400"),
        ({"path_pattern": "("}, "path_pattern '(': missing )"),
    ],
)
def test_a_fault_that_could_never_strike_is_refused(
    sandbox: Sandbox, order: dict[str, Any], said: str
) -> None:
    whole = {"method": "GET", "path_pattern": "x", "action": "503", "count": 1} | order

    status, answer = sandbox.call("POST", "/_sandbox/faults", whole)

    assert (status, answer["error"]["message"][: len(said)]) == (400, said)
