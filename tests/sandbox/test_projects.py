"""Projects and their IAM policies, driven by google-api-python-client."""

import json
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox


@pytest.fixture
def projects(google: GoogleClients) -> Any:
    return google("cloudresourcemanager", "v1").projects()


def error_of(caught: pytest.ExceptionInfo[HttpError]) -> dict[str, Any]:
    return json.loads(caught.value.content)["error"]


def bind(projects: Any, project: str, role: str, *members: str) -> dict[str, Any]:
    policy = projects.getIamPolicy(resource=project, body={}).execute()
    policy.setdefault("bindings", []).append({"role": role, "members": list(members)})
    return projects.setIamPolicy(resource=project, body={"policy": policy}).execute()


def test_both_versions_know_a_project(google: GoogleClients, projects: Any, project: str) -> None:
    old = projects.get(projectId=project).execute()
    new = google("cloudresourcemanager", "v3").projects().get(name=f"projects/{project}").execute()

    assert old["projectId"] == new["projectId"] == project
    assert old["lifecycleState"] == new["state"] == "ACTIVE"
    assert new["name"] == f"projects/{old['projectNumber']}"


def test_a_project_is_found_by_its_number(projects: Any, project: str) -> None:
    number = projects.get(projectId=project).execute()["projectNumber"]

    assert projects.get(projectId=number).execute()["projectId"] == project


def test_the_sandboxs_own_project_has_a_fixed_number(projects: Any) -> None:
    assert projects.get(projectId="meshwright-dev").execute()["projectNumber"] == "123456789012"


def test_a_missing_project_is_refused(projects: Any) -> None:
    with pytest.raises(HttpError) as caught:
        projects.get(projectId="missing-project").execute()

    assert caught.value.status_code == 403
    assert error_of(caught)["status"] == "PERMISSION_DENIED"


def test_policy_is_written_and_read(projects: Any, project: str, sandbox: Sandbox) -> None:
    bind(projects, project, "roles/viewer", "user:b@example.com", "user:a@example.com")

    policy = projects.getIamPolicy(resource=project, body={}).execute()

    assert policy["bindings"] == [
        {"role": "roles/viewer", "members": ["user:a@example.com", "user:b@example.com"]}
    ]
    assert f"projects/{project} roles/viewer user:a@example.com" in sandbox.inventory()


def test_a_stale_policy_is_refused(projects: Any, project: str) -> None:
    stale = projects.getIamPolicy(resource=project, body={}).execute()
    bind(projects, project, "roles/viewer", "user:a@example.com")

    with pytest.raises(HttpError) as caught:
        projects.setIamPolicy(resource=project, body={"policy": stale}).execute()

    assert caught.value.status_code == 409
    assert error_of(caught)["status"] == "ABORTED"
    assert "There were concurrent policy changes" in error_of(caught)["message"]


@pytest.mark.parametrize(
    ("role", "member", "message"),
    [
        ("viewer", "user:a@example.com", "Invalid role"),
        ("roles/viewer", "a@example.com", "unknown type"),
        (
            "roles/viewer",
            "serviceAccount:gone@some-project.iam.gserviceaccount.com",
            "Service account gone@some-project.iam.gserviceaccount.com does not exist.",
        ),
        (
            "roles/viewer",
            "serviceAccount:service-1@gcp-sa-servicemesh.iam.gserviceaccount.com",
            "does not exist",
        ),
        (
            "roles/iam.workloadIdentityUser",
            "serviceAccount:no-cluster.svc.id.goog[shop/checkout]",
            "Identity Pool does not exist (no-cluster.svc.id.goog)",
        ),
    ],
)
def test_wrong_bindings_are_refused(
    projects: Any, project: str, role: str, member: str, message: str
) -> None:
    with pytest.raises(HttpError) as caught:
        bind(projects, project, role, member)

    assert caught.value.status_code == 400
    assert message in error_of(caught)["message"]


def test_unknown_field_in_a_policy_is_refused(projects: Any, project: str) -> None:
    body = {"policy": {"binding": []}}

    with pytest.raises(HttpError) as caught:
        projects.setIamPolicy(resource=project, body=body).execute()

    assert "Unknown name \"binding\" at 'policy'" in error_of(caught)["message"]


def test_bindings_with_conditions_stand_apart(projects: Any, project: str) -> None:
    condition = {"title": "until", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}
    binding = {"role": "roles/viewer", "members": ["user:a@example.com"]}
    policy = {"version": 3, "bindings": [binding, binding | {"condition": condition}]}

    projects.setIamPolicy(resource=project, body={"policy": policy}).execute()
    wanted = {"options": {"requestedPolicyVersion": 3}}
    read = projects.getIamPolicy(resource=project, body=wanted).execute()

    assert read["version"] == 3
    assert len(read["bindings"]) == 2
    assert any(entry.get("condition") == condition for entry in read["bindings"])


def test_who_does_not_know_conditions_cannot_lose_them(projects: Any, project: str) -> None:
    """Without version 3 a policy shows no condition, and cannot be written back."""
    binding = {"role": "roles/viewer", "members": ["user:a@example.com"]}
    policy = {"bindings": [binding | {"condition": {"title": "never", "expression": "false"}}]}

    def refused(request: Any) -> str:
        with pytest.raises(HttpError) as caught:
            request.execute()
        return error_of(caught)["message"]

    unversioned = projects.setIamPolicy(resource=project, body={"policy": policy})
    assert "need version 3" in refused(unversioned)
    versioned = {"policy": policy | {"version": 3}}
    projects.setIamPolicy(resource=project, body=versioned).execute()
    shown = projects.getIamPolicy(resource=project, body={}).execute()
    (only,) = shown["bindings"]
    assert shown["version"] == 1
    assert only["role"].startswith("roles/viewer_withcond_")
    assert "condition" not in only
    back = projects.setIamPolicy(resource=project, body={"policy": shown})
    assert "cannot be less than the existing policy version (3)" in refused(back)
    strange = {"options": {"requestedPolicyVersion": 2}}
    assert "Invalid policy version: 2" in refused(
        projects.getIamPolicy(resource=project, body=strange)
    )


def test_a_service_agent_exists_once_its_identity_was_generated(
    google: GoogleClients, projects: Any, sandbox: Sandbox
) -> None:
    number = projects.get(projectId="identity-test").execute()["projectNumber"]
    beta = google("serviceusage", "v1beta1")
    name = f"projects/{number}/services/mesh.googleapis.com"

    operation = beta.services().generateServiceIdentity(parent=name).execute()
    done = beta.operations().get(name=operation["name"]).execute()
    email = done["response"]["email"]
    bind(
        projects, "identity-test", "roles/anthosservicemesh.serviceAgent", f"serviceAccount:{email}"
    )

    assert email == f"service-{number}@gcp-sa-servicemesh.iam.gserviceaccount.com"
    assert any(email in entry for entry in sandbox.inventory())


def test_permissions_are_the_owners(projects: Any, project: str) -> None:
    body = {"permissions": ["container.clusters.create"]}

    assert projects.testIamPermissions(resource=project, body=body).execute() == body


def test_projects_are_found_by_what_a_query_names(google: GoogleClients, project: str) -> None:
    projects = google("cloudresourcemanager", "v3").projects()
    projects.get(name="projects/another").execute()  # there from its first use

    found = projects.search(query=f"id:{project}").execute()["projects"]
    listed = google("cloudresourcemanager", "v1").projects().list(filter=f"id={project}").execute()

    assert [each["projectId"] for each in found] == [project]
    assert [each["projectId"] for each in listed["projects"]] == [project]


def test_a_mask_says_what_of_a_project_changes(google: GoogleClients, project: str) -> None:
    projects, name = google("cloudresourcemanager", "v3").projects(), f"projects/{project}"
    projects.patch(name=name, body={"labels": {"team": "mesh"}}).execute()

    renamed = {"displayName": "Mesh"}
    projects.patch(name=name, updateMask="displayName", body=renamed).execute()

    shown = projects.get(name=name).execute()
    assert (shown["displayName"], shown["labels"]) == ("Mesh", {"team": "mesh"})
    projects.patch(name=name, updateMask="labels", body={}).execute()
    assert "labels" not in projects.get(name=name).execute()
    with pytest.raises(HttpError, match="unknown path 'state'"):
        projects.patch(name=name, updateMask="state", body={}).execute()


def test_a_deleted_project_can_be_had_back(google: GoogleClients, project: str) -> None:
    projects, name = google("cloudresourcemanager", "v3").projects(), f"projects/{project}"
    with pytest.raises(HttpError, match="must be DELETE_REQUESTED"):
        projects.undelete(name=name, body={}).execute()
    projects.delete(name=name).execute()
    with pytest.raises(HttpError, match="must be ACTIVE"):
        projects.delete(name=name).execute()

    projects.undelete(name=name, body={}).execute()

    assert projects.get(name=name).execute()["state"] == "ACTIVE"


def test_a_project_that_breaks_the_rule_for_ids_is_not_made(projects: Any) -> None:
    for wrong in ("Foo Bar", "short", "ends-so-"):
        with pytest.raises(HttpError, match="Invalid value for field 'project_id'"):
            projects.create(body={"projectId": wrong}).execute()
