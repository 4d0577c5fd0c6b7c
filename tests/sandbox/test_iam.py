"""Service accounts and IAM policies, driven by google-api-python-client."""

import json
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients


@pytest.fixture
def iam(google: GoogleClients) -> Any:
    return google("iam", "v1")


def message_of(caught: pytest.ExceptionInfo[HttpError]) -> str:
    return json.loads(caught.value.content)["error"]["message"]


def make_account(iam: Any, project: str, account_id: str = "nodes-sa") -> dict[str, Any]:
    body = {"accountId": account_id, "serviceAccount": {"displayName": "Nodes"}}
    accounts = iam.projects().serviceAccounts()
    return accounts.create(name=f"projects/{project}", body=body).execute()


def test_account_gets_its_address_and_ids(iam: Any, project: str) -> None:
    made = make_account(iam, project)
    read = iam.projects().serviceAccounts().get(name=made["name"]).execute()

    assert made["email"] == f"nodes-sa@{project}.iam.gserviceaccount.com"
    assert made["name"] == f"projects/{project}/serviceAccounts/{made['email']}"
    assert made["uniqueId"].isdigit()
    assert made["projectId"] == project
    assert read == made


def test_account_is_found_without_naming_its_project(iam: Any, project: str) -> None:
    made = make_account(iam, project)

    for called in (made["email"], made["uniqueId"]):
        name = f"projects/-/serviceAccounts/{called}"
        assert iam.projects().serviceAccounts().get(name=name).execute() == made


def test_machines_have_an_account_by_default(iam: Any, compute: Any, project: str) -> None:
    """It comes with the Compute API, and may be deleted as any other."""
    email = compute.projects().get(project=project).execute()["defaultServiceAccount"]
    accounts, name = iam.projects().serviceAccounts(), f"projects/-/serviceAccounts/{email}"

    assert accounts.get(name=name).execute()["email"] == email
    accounts.delete(name=name).execute()
    with pytest.raises(HttpError, match="does not exist"):
        accounts.get(name=name).execute()


@pytest.mark.parametrize(
    ("account_id", "message"),
    [
        ("short", "does not have a length between 6 and 30"),
        ("a" * 31, "does not have a length between 6 and 30"),
        ("Upper-case", "does not match the pattern"),
        ("1-digit-first", "does not match the pattern"),
    ],
)
def test_account_ids_have_rules(iam: Any, project: str, account_id: str, message: str) -> None:
    with pytest.raises(HttpError) as caught:
        make_account(iam, project, account_id)

    assert caught.value.status_code == 400
    assert message in message_of(caught)


def test_account_twice_is_refused(iam: Any, project: str) -> None:
    make_account(iam, project)

    with pytest.raises(HttpError) as caught:
        make_account(iam, project)

    assert caught.value.status_code == 409
    assert message_of(caught) == (
        f"Service account nodes-sa already exists within project projects/{project}."
    )


def test_unknown_field_is_refused(iam: Any, project: str) -> None:
    body = {"accountId": "nodes-sa", "serviceAccount": {"colour": "red"}}

    with pytest.raises(HttpError) as caught:
        iam.projects().serviceAccounts().create(name=f"projects/{project}", body=body).execute()

    assert "Unknown name \"colour\" at 'service_account'" in message_of(caught)


def test_patch_changes_what_its_mask_names(iam: Any, project: str) -> None:
    made = make_account(iam, project)
    body = {
        "serviceAccount": {"description": "d", "displayName": "other"},
        "updateMask": "description",
    }

    iam.projects().serviceAccounts().patch(name=made["name"], body=body).execute()
    read = iam.projects().serviceAccounts().get(name=made["name"]).execute()

    assert read["description"] == "d"
    assert read["displayName"] == "Nodes"


def test_a_mask_with_an_unknown_path_is_refused(iam: Any, project: str) -> None:
    made = make_account(iam, project)
    body = {"serviceAccount": {"description": "d"}, "updateMask": "colour"}

    with pytest.raises(HttpError) as caught:
        iam.projects().serviceAccounts().patch(name=made["name"], body=body).execute()

    assert "unknown path 'colour'" in message_of(caught)


def test_disabled_account_says_so_until_enabled(iam: Any, project: str) -> None:
    name = make_account(iam, project)["name"]
    accounts = iam.projects().serviceAccounts()

    accounts.disable(name=name, body={}).execute()
    disabled = accounts.get(name=name).execute()
    accounts.enable(name=name, body={}).execute()

    assert disabled["disabled"] is True
    assert "disabled" not in accounts.get(name=name).execute()


def test_deleted_account_is_gone(iam: Any, project: str) -> None:
    name = make_account(iam, project)["name"]
    iam.projects().serviceAccounts().delete(name=name).execute()

    with pytest.raises(HttpError) as caught:
        iam.projects().serviceAccounts().get(name=name).execute()

    assert caught.value.status_code == 404
    assert message_of(caught) == f"Service account {name} does not exist."


def test_a_deleted_account_comes_back_by_its_unique_id(iam: Any, project: str) -> None:
    made = make_account(iam, project)
    accounts = iam.projects().serviceAccounts()
    accounts.delete(name=made["name"]).execute()
    by_id = f"projects/{project}/serviceAccounts/{made['uniqueId']}"

    restored = accounts.undelete(name=by_id, body={}).execute()["restoredAccount"]

    assert restored == accounts.get(name=made["name"]).execute() == made
    listed = accounts.list(name=f"projects/{project}").execute()["accounts"]
    assert made["email"] in [account["email"] for account in listed]
    with pytest.raises(HttpError) as caught:
        accounts.undelete(name=by_id, body={}).execute()
    assert caught.value.status_code == 404


def test_a_deleted_account_stays_away_while_another_has_its_name(iam: Any, project: str) -> None:
    made = make_account(iam, project)
    accounts = iam.projects().serviceAccounts()
    accounts.delete(name=made["name"]).execute()
    make_account(iam, project)

    by_id = f"projects/{project}/serviceAccounts/{made['uniqueId']}"
    with pytest.raises(HttpError) as caught:
        accounts.undelete(name=by_id, body={}).execute()

    assert caught.value.status_code == 409


def test_account_policy_is_written_and_read(iam: Any, project: str) -> None:
    account = make_account(iam, project)
    other = make_account(iam, project, "caller-sa")
    member = f"serviceAccount:{other['email']}"
    policy = {"bindings": [{"role": "roles/iam.serviceAccountUser", "members": [member]}]}

    accounts = iam.projects().serviceAccounts()
    accounts.setIamPolicy(resource=account["name"], body={"policy": policy}).execute()
    read = accounts.getIamPolicy(resource=account["name"]).execute()

    assert read["bindings"] == policy["bindings"]


def test_policy_of_a_missing_account_is_refused(iam: Any, project: str) -> None:
    name = f"projects/{project}/serviceAccounts/gone@{project}.iam.gserviceaccount.com"

    with pytest.raises(HttpError) as caught:
        iam.projects().serviceAccounts().getIamPolicy(resource=name).execute()

    assert caught.value.status_code == 404


def test_accounts_are_listed_in_pages(iam: Any, project: str) -> None:
    for index in range(2):
        make_account(iam, project, f"account-{index}")
    accounts = iam.projects().serviceAccounts()
    request = accounts.list(name=f"projects/{project}", pageSize=2)

    first = request.execute()
    second = accounts.list_next(request, first).execute()

    assert len(first["accounts"]) == 2
    assert [entry["email"].split("@")[0] for entry in second["accounts"]] == ["account-1"]
    assert "nextPageToken" not in second
