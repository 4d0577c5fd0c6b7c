"""Labels: each API refuses what Google Cloud does not take, in its own words."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox

_COMPUTE_VALUE = (
    "Invalid value for field 'resource.labels': ''. "
    "Label value 'Helm' violates format constraints. The value can only contain lowercase letters, "
    "numeric characters, underscores and dashes. The value can be at most 63 characters long. "
    "International characters are allowed."
)
_COMPUTE_KEY = (
    "Label key 'Team' violates format constraints. The key must start with a lowercase character, "
    "can only contain lowercase letters, numeric characters, underscores and dashes."
)


def _add_address(google: GoogleClients, project: str, labels: dict[str, str]) -> Any:
    addresses = google("compute", "v1").globalAddresses()
    return addresses.insert(project=project, body={"name": "ip", "labels": labels}).execute()


def _add_topic(google: GoogleClients, project: str, labels: dict[str, str]) -> Any:
    topics = google("pubsub", "v1").projects().topics()
    return topics.create(name=f"projects/{project}/topics/logs", body={"labels": labels}).execute()


def _add_mesh(google: GoogleClients, project: str, labels: dict[str, str]) -> Any:
    meshes = google("networkservices", "v1").projects().locations().meshes()
    parent = f"projects/{project}/locations/global"
    return meshes.create(parent=parent, meshId="mesh", body={"labels": labels}).execute()


def _add_cluster(google: GoogleClients, project: str, labels: dict[str, str]) -> Any:
    clusters = google("container", "v1").projects().locations().clusters()
    cluster = {"name": "c", "initialNodeCount": 1, "resourceLabels": labels}
    parent = f"projects/{project}/locations/us-central1"
    return clusters.create(parent=parent, body={"cluster": cluster}).execute()


def _add_bucket(google: GoogleClients, project: str, labels: dict[str, str]) -> Any:
    body = {"name": f"{project}-labels", "labels": labels}
    return google("storage", "v1").buckets().insert(project=project, body=body).execute()


_MAKERS = [_add_address, _add_topic, _add_mesh, _add_cluster, _add_bucket]


@pytest.mark.parametrize("make", _MAKERS)
@pytest.mark.parametrize(
    "labels",
    [
        {"Team": "shop"},
        {"1team": "shop"},
        {"": "shop"},
        {"k" * 64: "shop"},
        {"team": "shop.example.com"},
        {"team": "v" * 64},
        {f"l{number}": "" for number in range(65)},
    ],
    ids=["capital", "digit-first", "no-key", "long-key", "dots", "long-value", "too-many"],
)
def test_a_wrong_label_is_refused(
    google: GoogleClients, sandbox: Sandbox, project: str, make: Any, labels: dict[str, str]
) -> None:
    with pytest.raises(HttpError) as refused:
        make(google, project, labels)

    assert refused.value.resp.status == 400
    assert not any(project in name for name in sandbox.inventory())


@pytest.mark.parametrize("make", _MAKERS)
def test_right_labels_are_taken(google: GoogleClients, project: str, make: Any) -> None:
    most = {f"l{number}": "" for number in range(61)}
    labels = most | {"k" * 63: "v" * 63, "équipe": "магазин-1_a", "店": "_-"}

    assert make(google, project, labels)


def test_an_empty_value_is_a_value(google: GoogleClients, project: str) -> None:
    labels = {"mesh": "", "team": "shop"}
    _add_address(google, project, labels)
    _add_bucket(google, project, labels)
    address = google("compute", "v1").globalAddresses().get(project=project, address="ip")
    buckets, name = google("storage", "v1").buckets(), f"{project}-labels"

    assert address.execute()["labels"] == labels
    assert buckets.get(bucket=name).execute()["labels"] == labels
    patch = buckets.patch(bucket=name, body={"labels": {"team": "", "mesh": None}})
    assert patch.execute()["labels"] == {"team": ""}


@pytest.mark.parametrize(
    ("make", "labels", "words"),
    [
        (_add_address, {"a": "Helm"}, _COMPUTE_VALUE),
        (_add_address, {"Team": "a"}, _COMPUTE_KEY),
        (_add_topic, {"Team": "a"}, 'argument=Invalid labels: Invalid field "labels"; key "Team" '),
        (_add_cluster, {"a": "B"}, "Invalid field 'cluster.resource_labels.value': \"B\"."),
        (_add_cluster, {"a": "b" * 64}, "Resource_labels.value must be less than 63 bytes."),
        (_add_bucket, {"a": "B"}, "Invalid argument."),
    ],
)  # fmt: skip
def test_the_words_are_those_of_the_api(
    google: GoogleClients, project: str, make: Any, labels: dict[str, str], words: str
) -> None:
    with pytest.raises(HttpError) as refused:
        make(google, project, labels)

    assert words in refused.value.reason


def test_changes_are_checked_as_new_resources_are(google: GoogleClients, project: str) -> None:
    _add_address(google, project, {"team": "shop"})
    addresses = google("compute", "v1").globalAddresses()
    known = addresses.get(project=project, address="ip").execute()
    body = {"labels": {"team": "Shop"}, "labelFingerprint": known["labelFingerprint"]}

    with pytest.raises(HttpError, match="violates format constraints"):
        addresses.setLabels(project=project, resource="ip", body=body).execute()

    _add_bucket(google, project, {"team": "shop"})
    buckets, name = google("storage", "v1").buckets(), f"{project}-labels"
    with pytest.raises(HttpError, match="Invalid argument"):
        buckets.patch(bucket=name, body={"labels": {"Team": "shop"}}).execute()
    cleared = buckets.patch(bucket=name, body={"labels": {"team": None}}).execute()
    assert not cleared.get("labels")


def test_what_only_looks_like_labels_is_free(google: GoogleClients, project: str) -> None:
    """A channel's labels say where it leads; a log's are what its writer likes."""
    channels = google("monitoring", "v3").projects().notificationChannels()
    channel = {"type": "email", "labels": {"email_address": "SRE@example.com"}}
    entry = {
        "logName": f"projects/{project}/logs/app",
        "resource": {"type": "global"},
        "labels": {"k8s-pod/App": "Web"},
        "textPayload": "hello",
    }

    assert channels.create(name=f"projects/{project}", body=channel).execute()["labels"]
    body = channel | {"userLabels": {"Team": "a"}}
    with pytest.raises(HttpError, match="user_labels"):
        channels.create(name=f"projects/{project}", body=body).execute()
    assert google("logging", "v2").entries().write(body={"entries": [entry]}).execute() == {}
