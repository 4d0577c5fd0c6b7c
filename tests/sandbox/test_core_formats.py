"""Texts that have a format, names that have a form, and answers of the version that was called."""

from typing import Any
from urllib.parse import quote

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.platform import wait_hub
from tests.sandbox.server import Sandbox, finish

DURATION = (
    "Invalid value at 'topic.message_retention_duration' "
    "(type.googleapis.com/google.protobuf.Duration), Field 'messageRetentionDuration', "
)
TIMESTAMP = (
    "Invalid value at 'interval.start_time' (type.googleapis.com/google.protobuf.Timestamp), "
    "Field 'start_time', "
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("3600", "Illegal duration format; duration must end with 's'"),
        ("", "Illegal duration format; duration must end with 's'"),
        ("1h3600s", "Invalid duration format, failed to parse seconds"),
        ("s", "Invalid duration format, failed to parse seconds"),
        ("\u0663\u0666\u0660\u0660s", "Invalid duration format, failed to parse seconds"),
        ("999999999999s", "Duration value exceeds limits"),
    ],
)
def test_a_text_that_is_no_duration_is_refused(
    sandbox: Sandbox, project: str, text: str, why: str
) -> None:
    path = f"/pubsub/v1/projects/{project}/topics/timed"

    status, answer = sandbox.call("PUT", path, {"messageRetentionDuration": text})

    assert (status, answer["error"]["message"]) == (400, DURATION + why)
    assert sandbox.call("PUT", path, {"messageRetentionDuration": "3600.5s"})[0] == 200


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "2026-11-23T10:00:00",
            "Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone "
            "offset.",
        ),
        ("yesterday", "Invalid time format: yesterday"),
        ("2026-02-30T10:00:00Z", "Invalid time format: 2026-02-30T10:00:00Z"),
    ],
)
def test_a_text_that_is_no_time_is_refused(
    sandbox: Sandbox, project: str, text: str, why: str
) -> None:
    path = f"/monitoring/v3/projects/{project}/timeSeries?interval.startTime={quote(text)}"

    status, answer = sandbox.call("GET", path)

    assert status == 400
    assert TIMESTAMP + why in answer["error"]["message"]


@pytest.mark.parametrize("time", ["2027-01-01T00:00:00Z", "2027-01-01T01:00:00.5+01:00"])
def test_a_time_of_any_zone_is_taken(google: GoogleClients, project: str, time: str) -> None:
    rings = google("cloudkms", "v1").projects().locations().keyRings()
    parent = f"projects/{project}/locations/us-central1"
    rings.create(parent=parent, keyRingId="ring", body={}).execute()
    key = {"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "8640000s", "nextRotationTime": time}

    request = rings.cryptoKeys().create(
        parent=f"{parent}/keyRings/ring", cryptoKeyId="key", body=key
    )

    assert request.execute()["nextRotationTime"].startswith("2027-01-01T0")


@pytest.mark.parametrize("text", ["not base64", "é"])
def test_a_text_that_is_no_base64_is_refused(sandbox: Sandbox, project: str, text: str) -> None:
    account = f"projects/{project}/serviceAccounts/a@{project}.iam.gserviceaccount.com"

    status, answer = sandbox.call("POST", f"/iam/v1/{account}:signBlob", {"bytesToSign": text})

    assert status == 400
    assert f'(TYPE_BYTES), Base64 decoding failed for "{text}"' in answer["error"]["message"]


@pytest.mark.parametrize("name", ["Web", "a b", "é", "a/b", "web/", "a" * 64, "-a", ""])
def test_a_name_that_compute_does_not_take_is_refused(
    google: GoogleClients, project: str, name: str
) -> None:
    """Also of types for which the document says it in prose alone."""
    compute = google("compute", "v1")
    body = {"name": name, "networkEndpointType": "INTERNET_IP_PORT"}

    with pytest.raises(HttpError) as caught:
        compute.globalNetworkEndpointGroups().insert(project=project, body=body).execute()

    assert "Must be a match of regex '[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?'" in caught.value.reason
    assert "items" not in compute.globalNetworkEndpointGroups().list(project=project).execute()


def test_nothing_is_made_in_a_place_that_stands_for_any(sandbox: Sandbox, project: str) -> None:
    memberships = f"/gkehub/v1/projects/{project}/locations/-/memberships"

    status, answer = sandbox.call("POST", f"{memberships}?membershipId=m", {})

    assert status == 400
    assert "'-' stands for any" in answer["error"]["message"]


def test_what_the_cloud_names_is_not_named_by_a_request(
    google: GoogleClients, project: str
) -> None:
    groups = google("monitoring", "v3").projects().groups()
    body = {"name": f"projects/{project}/groups/mine", "displayName": "g", "filter": "x = 1"}

    made = groups.create(name=f"projects/{project}", body=body).execute()

    assert made["name"].rpartition("/")[2].isdigit()


def test_a_version_answers_with_what_it_has_itself(google: GoogleClients, project: str) -> None:
    """A resource is one in all versions, and older ones know less of it."""
    memberships = {
        version: google("gkehub", version).projects().locations().memberships()
        for version in ("v1beta1", "v1")
    }
    parent = f"projects/{project}/locations/global"
    body = {"infrastructureType": "ON_PREM", "labels": {"a": "b"}}
    request = memberships["v1beta1"].create(parent=parent, membershipId="m", body=body)
    wait_hub(google("gkehub", "v1"), request.execute())

    shown = {
        version: collection.get(name=f"{parent}/memberships/m").execute()
        for version, collection in memberships.items()
    }

    assert shown["v1beta1"].pop("infrastructureType") == "ON_PREM"
    assert shown["v1"] == shown["v1beta1"]


def test_operations_are_told_of_after_what_they_made_has_gone(
    google: GoogleClients, project: str
) -> None:
    hub = google("gkehub", "v1")
    locations = hub.projects().locations()
    parent = f"projects/{project}/locations/global"
    made = locations.memberships().create(parent=parent, membershipId="m", body={}).execute()
    wait_hub(hub, made)
    wait_hub(hub, locations.memberships().delete(name=f"{parent}/memberships/m").execute())

    told = locations.operations().get(name=made["name"]).execute()

    assert told["done"]
    assert told["response"] == {"@type": "type.googleapis.com/google.cloud.gkehub.v1.Membership"}


def test_a_list_over_all_scopes_is_in_the_field_that_the_document_names(
    google: GoogleClients, project: str
) -> None:
    compute: Any = google("compute", "v1")
    where = {"project": project, "region": "us-central1"}
    made = compute.regionNotificationEndpoints().insert(**where, body={"name": "bell"}).execute()
    finish(compute.regionOperations(), made, **where)

    listed = compute.regionNotificationEndpoints().aggregatedList(project=project).execute()

    (bell,) = listed["items"]["regions/us-central1"]["resources"]
    assert bell["name"] == "bell"
