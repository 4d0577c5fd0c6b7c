"""Bodies and queries that no API can take: refused in the API's shape, never its failure."""

import gzip
import json
import urllib.request
import uuid
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import pytest

from tests.sandbox.server import Sandbox


def networks_path(project: str) -> str:
    return f"/compute/compute/v1/projects/{project}/global/networks"


def refusal(sandbox: Sandbox, method: str, path: str, body: bytes | None = None) -> Any:
    """The message of a 400 in the API's shape."""
    status, answer = sandbox.call(method, path, body)
    assert status == 400, answer
    return answer["error"]["message"]


@pytest.mark.parametrize("levels", [101, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_body_nested_without_end_is_refused(
    sandbox: Sandbox, project: str, opening: bytes, levels: int
) -> None:
    closing = b"]" if opening == b"[" else b"}"
    body = opening * levels + b"1" + closing * levels

    assert "too deep" in refusal(sandbox, "POST", networks_path(project), body)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'"1e999"'])
def test_a_number_that_json_cannot_hold_is_refused(
    sandbox: Sandbox, project: str, number: bytes
) -> None:
    body = b'{"name": "check", "outlierDetection": {}, "maxStreamDuration": {}, "logConfig": '
    path = f"/compute/compute/v1/projects/{project}/global/backendServices"

    assert refusal(sandbox, "POST", path, body + b'{"sampleRate": ' + number + b"}}")
    assert sandbox.call("GET", path)[1].get("items", []) == []


def test_a_number_of_thousands_of_digits_is_of_the_wrong_type(
    sandbox: Sandbox, project: str
) -> None:
    digits = "9" * 5000

    body = b'{"name": "net", "mtu": "' + digits.encode() + b'"}'
    assert "TYPE_INT32" in refusal(sandbox, "POST", networks_path(project), body)
    query = f"{networks_path(project)}?maxResults={digits}"
    assert "TYPE_UINT32" in refusal(sandbox, "GET", query)


def test_a_body_in_another_encoding_is_refused(sandbox: Sandbox, project: str) -> None:
    body = '{"name": "net", "autoCreateSubnetworks": false}'.encode("utf-16")

    assert refusal(sandbox, "POST", networks_path(project), body).startswith("Invalid JSON payload")


@pytest.mark.parametrize("half", ["\\ud800", "x\\udc00", "\\udc00\\ud800"])
def test_half_a_character_is_no_text(sandbox: Sandbox, project: str, half: str) -> None:
    for body in (f'{{"name": "net", "description": "{half}"}}', f'{{"{half}": 1}}'):
        message = refusal(sandbox, "POST", networks_path(project), body.encode())
        assert message.startswith("Invalid JSON payload")
    whole = b'{"name": "net", "description": "\\ud83d\\ude00"}'
    assert sandbox.call("POST", networks_path(project), whole)[0] == 200


def test_a_filter_nested_without_end_is_refused(sandbox: Sandbox, project: str) -> None:
    for nested in ("(" * 1000 + "name=a" + ")" * 1000, "NOT " * 1000 + "name=a"):
        path = f"{networks_path(project)}?filter={quote(nested)}"
        assert "Invalid list filter expression." in refusal(sandbox, "GET", path)


def test_a_page_token_before_the_first_page_is_refused(sandbox: Sandbox, project: str) -> None:
    path = f"{networks_path(project)}?pageToken=YXQ6LTU="  # at:-5

    assert refusal(sandbox, "GET", path) == "The page token is invalid."


def _post(sandbox: Sandbox, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(sandbox.url + path, method="POST", data=body, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read().decode()
            is_json = response.headers.get_content_subtype() == "json"
            return response.status, json.loads(text) if is_json else text
    except HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_query_that_is_too_long_for_a_url_comes_as_a_form(
    sandbox: Sandbox, compute: Any, project: str
) -> None:
    """google-api-python-client posts a GET of more than 2048 letters."""
    wanted = " OR ".join(["name = default", *(f"name = absent-{n:04}" for n in range(150))])

    listed = compute.networks().list(project=project, filter=wanted).execute()

    assert [network["name"] for network in listed["items"]] == ["default"]
    last = sandbox.journal()[-1]
    assert (last["method"], last["mutating"]) == ("GET", False)


def test_another_method_may_be_named_in_a_header(sandbox: Sandbox, project: str) -> None:
    path = networks_path(project)
    sandbox.call("POST", path, {"name": "net"})
    body = json.dumps({"routingConfig": {"routingMode": "GLOBAL"}}).encode()

    status, _ = _post(sandbox, f"{path}/net", body, X_HTTP_Method_Override="PATCH")

    assert status == 200
    assert sandbox.call("GET", f"{path}/net")[1]["routingConfig"]["routingMode"] == "GLOBAL"


@pytest.mark.parametrize("endpoint", ["/compute/batch/compute/v1", "/batch/compute/v1"])
def test_a_batch_is_asked_for_below_its_api_or_at_the_root(
    sandbox: Sandbox, project: str, endpoint: str
) -> None:
    """gcloud asks for autoscalers at the root of whatever endpoint it is given."""
    line = f"GET {networks_path(project)} HTTP/1.1".encode()
    body = b"--x\r\nContent-Type: application/http\r\n\r\n" + line + b"\r\n\r\n--x--"

    status, answer = _post(sandbox, endpoint, body, Content_Type="multipart/mixed; boundary=x")

    assert status == 200
    assert "HTTP/1.1 200" in answer
    assert '"kind": "compute#networkList"' in answer


@pytest.mark.parametrize("part", [b"", b"GET", b"\xff"])
def test_a_batch_with_a_part_that_is_no_request_is_refused(sandbox: Sandbox, part: bytes) -> None:
    body = b"--x\r\nContent-Type: application/http\r\n\r\n" + part + b"\r\n\r\n--x--"

    status, answer = _post(
        sandbox, "/compute/batch/compute/v1", body, Content_Type="multipart/mixed; boundary=x"
    )

    assert status == 400
    assert answer["error"]["message"].startswith("Failed to parse batch request")


def test_a_request_that_is_sent_again_is_answered_as_the_first(
    sandbox: Sandbox, project: str
) -> None:
    path, request = networks_path(project), uuid.uuid4()
    sandbox.call("POST", path, {"name": "net", "autoCreateSubnetworks": False})

    first = sandbox.call("DELETE", f"{path}/net?requestId={request}")
    second = sandbox.call("DELETE", f"{path}/net?requestId={request}")

    assert first[0] == second[0] == 200
    assert first[1]["name"] == second[1]["name"]
    elsewhere = networks_path(f"{project}-b")
    sandbox.call("GET", f"/serviceusage/v1/projects/{project}-b/services")
    other = sandbox.call("POST", f"{elsewhere}?requestId={request}", {"name": "net"})
    assert other[1].get("name") != first[1]["name"]
    for wrong in ("again", uuid.UUID(int=0)):
        status, answer = sandbox.call("POST", f"{path}?requestId={wrong}", {"name": "again"})
        assert status == 400
        assert "must be a valid UUID" in answer["error"]["message"]


def test_a_message_without_fields_may_come_as_an_empty_string(
    sandbox: Sandbox, project: str
) -> None:
    """Google's client for Node.js sends it so."""
    ring = f"/cloudkms/v1/projects/{project}/locations/global/keyRings?keyRingId=empty"

    assert _post(sandbox, ring, b'""')[0] == 200


def test_a_packed_body_is_unpacked_and_a_broken_one_is_refused(
    sandbox: Sandbox, project: str
) -> None:
    packed = gzip.compress(b'{"name": "packed", "autoCreateSubnetworks": false}')

    assert _post(sandbox, networks_path(project), packed, Content_Encoding="gzip")[0] == 200
    status, answer = _post(
        sandbox, networks_path(project), b"not packed at all", Content_Encoding="gzip"
    )
    assert (status, answer["error"]["code"]) == (400, 400)


def test_a_log_query_nested_without_end_is_refused(sandbox: Sandbox, project: str) -> None:
    path = f"/logging/v2/projects/{project}/exclusions"

    for nested in ("(" * 2000 + "severity=ERROR" + ")" * 2000, "NOT " * 2000 + "severity=ERROR"):
        body = json.dumps({"name": "noise", "filter": nested}).encode()
        text = refusal(sandbox, "POST", path, body)
        assert text == "Unparseable filter: it is nested too deeply"

    nested = "(" * 20 + "severity=ERROR OR NOT severity=INFO" + ")" * 20
    assert sandbox.call("POST", path, {"name": "noise", "filter": nested})[0] == 200
