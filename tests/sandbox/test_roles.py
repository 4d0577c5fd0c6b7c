"""IAM's roles, predefined and of projects, driven by google-api-python-client and gcloud."""

from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients

WRITER = "roles/logging.logWriter"


@pytest.fixture
def iam(google: GoogleClients) -> Any:
    return google("iam", "v1")


def make_role(iam: Any, project: str, role_id: str = "logReader") -> dict[str, Any]:
    role = {"title": "Log reader", "includedPermissions": ["logging.logs.list"]}
    body = {"roleId": role_id, "role": role}
    return iam.projects().roles().create(parent=f"projects/{project}", body=body).execute()


def test_a_predefined_role_is_read_with_its_permissions(iam: Any) -> None:
    role = iam.roles().get(name=WRITER).execute()

    assert role == {
        "name": WRITER,
        "title": "Logs Writer",
        "description": "Access to write logs.",
        "stage": "GA",
        "etag": "AA==",
        "includedPermissions": ["logging.logEntries.create", "logging.logEntries.route"],
    }


def test_permissions_that_are_not_all_known_are_not_told(iam: Any) -> None:
    assert "includedPermissions" not in iam.roles().get(name="roles/viewer").execute()


def test_a_role_that_the_table_has_not_is_named_with_where_to_look(iam: Any) -> None:
    with pytest.raises(
        HttpError, match=r"roles/nobody\.knows was not found.*roles\.list"
    ) as caught:
        iam.roles().get(name="roles/nobody.knows").execute()

    assert caught.value.status_code == 404


def test_predefined_roles_are_listed_in_pages(iam: Any) -> None:
    request, names = iam.roles().list(pageSize=20), []
    while request is not None:
        page = request.execute()
        names += [role["name"] for role in page["roles"]]
        assert not any("includedPermissions" in role for role in page["roles"])
        request = iam.roles().list_next(request, page)

    assert {WRITER, "roles/owner", "roles/trafficdirector.client"} <= set(names)
    assert len(names) == len(set(names)) > 20


def test_a_view_of_everything_shows_permissions(iam: Any) -> None:
    roles = iam.roles().list(view="FULL", pageSize=100).execute()["roles"]

    assert {r["name"]: r for r in roles}[WRITER] == iam.roles().get(name=WRITER).execute()


def test_a_projects_roles_are_listed_by_both_methods(iam: Any, project: str) -> None:
    made = make_role(iam, project)
    parent = f"projects/{project}"

    [listed] = iam.projects().roles().list(parent=parent, view="FULL").execute()["roles"]
    [found] = iam.roles().list(parent=parent).execute()["roles"]

    assert listed == made
    assert found == {k: v for k, v in made.items() if k != "includedPermissions"}
    with pytest.raises(HttpError, match="custom roles of organizations"):
        iam.roles().list(parent="organizations/1").execute()


def test_grantable_on_a_project_are_predefined_roles_and_its_own(iam: Any, project: str) -> None:
    made = make_role(iam, project)
    query = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/projects/{project}"}

    roles = iam.roles().queryGrantableRoles(body=query | {"pageSize": 200}).execute()["roles"]
    first = iam.roles().queryGrantableRoles(body=query | {"pageSize": 1}).execute()

    assert {made["name"], "roles/viewer"} <= {role["name"] for role in roles}
    assert len(first["roles"]) == 1
    assert first["nextPageToken"]
    bucket = {"fullResourceName": "//storage.googleapis.com/projects/_/buckets/b"}
    with pytest.raises(HttpError, match="no grantable roles but those of projects"):
        iam.roles().queryGrantableRoles(body=bucket).execute()


def test_testable_on_a_project_are_the_permissions_that_roles_name(iam: Any, project: str) -> None:
    query = {"fullResourceName": f"//cloudresourcemanager.googleapis.com/projects/{project}"}
    named = iam.roles().get(name=WRITER).execute()["includedPermissions"]

    call = iam.permissions().queryTestablePermissions
    first = call(body=query | {"pageSize": 20}).execute()
    token = first["nextPageToken"]
    second = call(body=query | {"pageSize": 1000, "pageToken": token}).execute()

    names = [entry["name"] for entry in first["permissions"] + second["permissions"]]
    assert len(first["permissions"]) == 20
    assert names == sorted(set(names))
    assert set(named) <= set(names)
    assert "nextPageToken" not in second
    for body, status, says in (
        (query | {"pageSize": 1001}, 400, "Invalid page size"),
        (query | {"fullResourceName": "projects/p"}, 400, "must begin with //"),
        (
            query | {"fullResourceName": "//storage.googleapis.com/projects/_/buckets/b"},
            501,
            "no testable permissions but those of projects",
        ),
        (query | {"colour": "red"}, 400, "Unknown name"),
    ):
        with pytest.raises(HttpError, match=says) as caught:
            call(body=body).execute()
        assert caught.value.status_code == status


def test_a_role_of_a_project_must_exist_to_be_bound(
    iam: Any, google: GoogleClients, project: str
) -> None:
    projects = google("cloudresourcemanager", "v1").projects()
    role = f"projects/{project}/roles/logReader"
    binding = {"role": role, "members": ["group:readers@example.com"]}
    request = {"resource": project, "body": {"policy": {"bindings": [binding]}}}

    with pytest.raises(HttpError, match="does not exist in the resource's hierarchy") as caught:
        projects.setIamPolicy(**request).execute()
    assert caught.value.status_code == 400
    make_role(iam, project)
    assert projects.setIamPolicy(**request).execute()["bindings"] == [binding]
    iam.projects().roles().delete(name=role).execute()
    assert projects.setIamPolicy(**request).execute()["bindings"] == [binding]


@pytest.mark.gcloud
def test_gcloud_describes_and_lists_roles(gcloud: Callable[..., Any], project: str) -> None:
    resource = f"//cloudresourcemanager.googleapis.com/projects/{project}"

    viewer = gcloud("iam", "roles", "describe", "roles/viewer")
    listed = gcloud("iam", "roles", "list", "--filter=name:logging")
    grantable = gcloud("iam", "list-grantable-roles", resource)
    testable = gcloud("iam", "list-testable-permissions", resource)
    unknown = gcloud("iam", "roles", "describe", "roles/nobody.knows", check=False)

    assert viewer["title"] == "Viewer"
    assert WRITER in [role["name"] for role in listed]
    assert "roles/owner" in [role["name"] for role in grantable]
    assert "logging.logEntries.create" in [permission["name"] for permission in testable]
    assert "roles/nobody.knows was not found" in unknown.stderr
