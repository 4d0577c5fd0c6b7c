"""What every API shares: routes, JSON, query parameters, partial answers."""

import pytest

from meshwright_sandbox.core.discovery import load
from meshwright_sandbox.core.filters import compile_filter
from meshwright_sandbox.core.masks import merge_patch, partial_response, selection
from tests.sandbox.server import Sandbox


def networks_path(project: str) -> str:
    return f"/compute/compute/v1/projects/{project}/global/networks"


def test_a_path_that_no_method_has_is_not_found(sandbox: Sandbox, project: str) -> None:
    status, answer = sandbox.call("GET", f"/compute/compute/v1/projects/{project}/global/nothing")

    assert status == 404
    assert "was not found" in answer["error"]["message"]


def test_a_body_that_is_no_json_is_refused(sandbox: Sandbox, project: str) -> None:
    status, answer = sandbox.call("POST", networks_path(project), b'{"name": ')

    assert status == 400
    assert answer["error"]["message"].startswith("Invalid JSON payload received.")


def test_an_unknown_query_parameter_is_refused(sandbox: Sandbox, project: str) -> None:
    status, answer = sandbox.call("GET", f"{networks_path(project)}?colour=red")

    assert status == 400
    assert 'Unknown name "colour": Cannot bind query parameter.' in answer["error"]["message"]


@pytest.mark.parametrize("query", ["alt=json&prettyPrint=false", "%24.xgafv=2", "quotaUser=me"])
def test_standard_query_parameters_are_taken(sandbox: Sandbox, project: str, query: str) -> None:
    assert sandbox.call("GET", f"{networks_path(project)}?{query}")[0] == 200


def test_a_query_parameter_of_the_wrong_type_is_refused(sandbox: Sandbox, project: str) -> None:
    status, answer = sandbox.call("GET", f"{networks_path(project)}?maxResults=many")

    assert status == 400
    assert "Invalid value at 'max_results' (TYPE_UINT32), \"many\"" in answer["error"]["message"]


@pytest.mark.parametrize("fields", ["nonsense", "items(nam)", "items/routingConfig/mode", "kind,,"])
def test_fields_that_the_answer_has_not_are_refused(
    sandbox: Sandbox, project: str, fields: str
) -> None:
    """Before anything is done: an empty answer would hide the mistake."""
    path = f"{networks_path(project)}?fields={fields}"

    assert sandbox.call("POST", path, {"name": "misread"})[0] == 400
    status, answer = sandbox.call("GET", path)

    assert status == 400
    assert "Invalid field selection" in answer["error"]["message"]
    _, names = sandbox.call("GET", f"{networks_path(project)}?fields=items/name")
    assert names == {"items": [{"name": "default"}]}


def test_nobody_may_anything_on_what_is_not_there(sandbox: Sandbox, project: str) -> None:
    """Google's newer APIs answer with nothing, the older ones with 404."""
    body = {"permissions": ["a.b.c"]}
    topic = f"/pubsub/v1/projects/{project}/topics/none:testIamPermissions"
    regional = networks_path(project).replace("global/networks", "regions/us-central1")

    assert sandbox.call("POST", topic, body) == (200, {})
    assert sandbox.call("POST", f"{regional}/subnetworks/x/testIamPermissions", body)[0] == 404


@pytest.mark.parametrize(
    ("api", "first"),
    [
        ("gkehub/v1", "global"),
        ("networkservices/v1", "global"),
        ("certificatemanager/v1", "global"),
        ("cloudkms/v1", "global"),
        ("logging/v2", "global"),
        ("privateca/v1", "africa-south1"),
        ("gkeonprem/v1", "africa-south1"),
    ],
)
def test_an_api_lists_its_locations(sandbox: Sandbox, project: str, api: str, first: str) -> None:
    parent = f"/{api}/projects/{project}/locations"

    listed = sandbox.call("GET", parent)[1]["locations"]

    assert listed[0]["locationId"] == first
    name = f"projects/{project}/locations/europe-west1"
    (west,) = [each for each in listed if each["name"] == name]
    assert west["labels"] == {"cloud.googleapis.com/region": "europe-west1"}
    assert sandbox.call("GET", f"{parent}/europe-west1") == (200, west)
    assert sandbox.call("GET", f"{parent}/nowhere")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        *("clusters/c/addons", "clusters/c/legacyAbac", "clusters/c/locations"),
        *("clusters/c/logging", "clusters/c/monitoring", "clusters/c/resourceLabels"),
        *("clusters/c/nodePools/p/autoscaling", "clusters/c/nodePools/p/setManagement"),
        "clusters/c/nodePools/p/setSize",
    ],
)
def test_paths_of_the_oldest_clients_are_known(sandbox: Sandbox, project: str, path: str) -> None:
    """`projects().zones()`: another segment says what google calls `:setAddons` by now."""
    zone = f"/container/v1/projects/{project}/zones/europe-west1-b"

    _, answer = sandbox.call("POST", f"{zone}/{path}", {})

    assert "was not found here" not in answer["error"]["message"]  # it is the cluster that is not
    assert sandbox.call("GET", f"{zone}/serverconfig")[0] == 200


def test_gke_lists_regions_and_zones(sandbox: Sandbox, project: str) -> None:
    path = f"/container/v1beta1/projects/{project}/locations"

    listed = sandbox.call("GET", path)[1]["locations"]

    kinds = {place["name"]: place["type"] for place in listed}
    assert (kinds["europe-west1"], kinds["europe-west1-b"]) == ("REGION", "ZONE")


def test_fields_selects_a_part_of_the_answer(sandbox: Sandbox, project: str) -> None:
    _, answer = sandbox.call("GET", f"{networks_path(project)}?fields=items(name,routingConfig/*)")

    assert answer == {
        "items": [
            {
                "name": "default",
                "routingConfig": {"routingMode": "REGIONAL", "bgpBestPathSelectionMode": "LEGACY"},
            }
        ]
    }


def test_a_page_token_that_no_list_gave_is_refused(sandbox: Sandbox, project: str) -> None:
    status, _ = sandbox.call("GET", f"{networks_path(project)}?pageToken=nonsense")

    assert status == 400


def test_versions_share_resources(sandbox: Sandbox, project: str) -> None:
    sandbox.call("POST", networks_path(project), {"name": "net"})

    status, answer = sandbox.call("GET", f"{networks_path(project).replace('v1', 'beta')}/net")

    assert status == 200
    assert answer["name"] == "net"


def test_a_deleted_operation_is_not_found(sandbox: Sandbox, project: str) -> None:
    operation = sandbox.call("POST", networks_path(project), {"name": "net"})[1]["name"]
    path = f"/compute/compute/v1/projects/{project}/global/operations"
    assert sandbox.call("GET", f"{path}/{operation}")[1]["status"] == "DONE"

    assert sandbox.call("DELETE", f"{path}/{operation}") == (200, {})

    assert sandbox.call("GET", f"{path}/{operation}")[0] == 404
    assert sandbox.call("DELETE", f"{path}/{operation}")[0] == 404
    assert not sandbox.call("GET", path)[1].get("items")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/compute/v1/projects/{}/global/networks", 200),
        ("/bigquery/v2/projects/{}/datasets", 200),
        ("/storage/v1/b?project={}", 200),
        ("/storage/v2/b?project={}", 404),
        ("/upload/storage/v1/b/x/o?uploadType=media&name=n", 404),
        ("/resumable/upload/storage/v1/b/x/o?uploadType=resumable&name=n", 404),
    ],
)
def test_clients_that_know_no_prefix_are_understood(
    sandbox: Sandbox, project: str, path: str, status: int
) -> None:
    """Some take a host and a port only, and uploads stand at the root of a host."""
    method = "POST" if "upload" in path else "GET"

    assert sandbox.call(method, path.format(project))[0] == status


def test_a_method_outside_the_sandbox_says_so(sandbox: Sandbox, project: str) -> None:
    path = f"/compute/compute/v1/projects/{project}/zones/us-central1-a/instances/x/suspend"

    status, answer = sandbox.call("POST", path)

    assert status == 501
    assert "compute.instances.suspend" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("name=web", ["web"]),
        ("name = 'web'", ["web"]),
        ("name != web", ["db"]),
        ("name eq w.*", ["web"]),
        ("name ne w.*", ["db"]),
        ("name=web OR name=db", ["web", "db"]),
        ("labels.tier=front AND size>1", ["web"]),
        ("(labels.tier=front) (name=db)", []),
        ("labels.tier:*", ["web"]),
        ("NOT labels.tier:fro", ["db"]),
        ("size<=1", ["db"]),
        ("on=true", ["web"]),
        ("tags=a", ["web"]),
        ("", ["web", "db"]),
    ],
)
def test_filters_keep_what_they_say(expression: str, expected: list[str]) -> None:
    documents = [
        {"name": "web", "labels": {"tier": "front"}, "size": 2, "on": True, "tags": ["a", "b"]},
        {"name": "db", "size": 1, "on": False},
    ]

    kept = [d["name"] for d in documents if compile_filter(expression)(d)]

    assert kept == expected


def test_merge_patch_follows_its_rfc() -> None:
    document = {"a": {"b": 1, "c": 2}, "d": [1, 2], "e": 5}

    assert merge_patch(document, {"a": {"b": None}, "d": [3], "e": None}) == {
        "a": {"c": 2},
        "d": [3],
    }


def test_partial_response_reads_nested_selections() -> None:
    document = {"a": {"b": 1, "c": [{"d": 1, "e": 2}]}, "f": 3}

    assert partial_response(document, selection("a(c/d),f", {}, None)) == {
        "a": {"c": [{"d": 1}]},
        "f": 3,
    }


def test_literal_segments_win_over_parameters() -> None:
    document = load("logging.v2")

    found = document.match("GET", ["projects", "p", "locations", "global", "buckets", "b"])

    assert found is not None
    assert found[0].id == "logging.projects.locations.buckets.get"
