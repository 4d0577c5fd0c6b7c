"""Cloud KMS as google-api-python-client sees it, and what other services make of its keys."""

from collections.abc import Callable
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox

ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
REGION = "europe-west4"


@pytest.fixture
def rings(google: GoogleClients) -> Any:
    """The Cloud KMS v1 client's key rings."""
    return google("cloudkms", "v1").projects().locations().keyRings()


@pytest.fixture
def key(rings: Any, project: str) -> Callable[..., str]:
    """Makes a key ring and a key in a place; gives the key's name."""

    def make(location: str = REGION, **fields: Any) -> str:
        parent = f"projects/{project}/locations/{location}"
        ring = rings.create(parent=parent, keyRingId="mesh", body={}).execute()["name"]
        body = {"purpose": "ENCRYPT_DECRYPT"} | fields
        made = rings.cryptoKeys().create(parent=ring, cryptoKeyId="logs", body=body).execute()
        return made["name"]

    return make


def grant(rings: Any, key: str, member: str) -> None:
    """Let a member use a key."""
    policy = rings.cryptoKeys().getIamPolicy(resource=key).execute()
    policy["bindings"] = [{"role": ROLE, "members": [member]}]
    rings.cryptoKeys().setIamPolicy(resource=key, body={"policy": policy}).execute()


def test_a_key_has_what_google_fills_in(rings: Any, key: Callable[..., str]) -> None:
    """A primary version, software protection, thirty days until a destroyed version is gone."""
    name = key()

    read = rings.cryptoKeys().get(name=name).execute()

    assert read["primary"]["name"] == f"{name}/cryptoKeyVersions/1"
    assert read["primary"]["state"] == "ENABLED"
    assert read["versionTemplate"] == {
        "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        "protectionLevel": "SOFTWARE",
    }
    assert read["destroyScheduledDuration"] == "2592000s"
    ring = name.partition("/cryptoKeys/")[0]
    assert rings.get(name=ring).execute()["name"] == ring
    with pytest.raises(HttpError) as second:
        rings.cryptoKeys().create(
            parent=ring, cryptoKeyId="logs", body={"purpose": "ENCRYPT_DECRYPT"}
        ).execute()
    assert second.value.status_code == 409


WRONG_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "no purpose": ({"purpose": None}, "purpose"),
    "unknown field": ({"rotation": "1s"}, "Cannot find field"),
    "rotation without a beginning": ({"rotationPeriod": "86400s"}, "next_rotation_time"),
    "rotation by the hour": (
        {"rotationPeriod": "3600s", "nextRotationTime": "2030-01-01T00:00:00Z"},
        "at least 86400s",
    ),
}


@pytest.mark.parametrize("case", WRONG_KEYS, ids=list(WRONG_KEYS))
def test_a_wrong_key_is_refused(key: Callable[..., str], case: str) -> None:
    """A key says what it is for, and when it first rotates."""
    fields, text = WRONG_KEYS[case]
    with pytest.raises(HttpError, match=text):
        key(**fields)


def test_keys_stand_in_a_ring_in_a_place_that_exists(rings: Any, project: str) -> None:
    """No key without its ring, no ring on the moon."""
    absent = f"projects/{project}/locations/{REGION}/keyRings/absent"
    body = {"purpose": "ENCRYPT_DECRYPT"}
    with pytest.raises(HttpError, match="not found"):
        rings.cryptoKeys().create(parent=absent, cryptoKeyId="k", body=body).execute()
    moon = f"projects/{project}/locations/moon"
    with pytest.raises(HttpError, match="no such location"):
        rings.create(parent=moon, keyRingId="mesh", body={}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        rings.create(parent=moon, keyRingId="mesh", body={"title": "x"}).execute()


def test_a_keys_rotation_is_changed_by_mask(rings: Any, key: Callable[..., str]) -> None:
    """Its purpose is not changed at all."""
    name = key()
    body = {"rotationPeriod": "7776000s", "nextRotationTime": "2030-01-01T00:00:00Z"}
    patch = rings.cryptoKeys().patch

    changed = patch(name=name, updateMask="rotationPeriod,nextRotationTime", body=body).execute()

    assert changed["rotationPeriod"] == "7776000s"
    with pytest.raises(HttpError, match="immutable"):
        patch(name=name, updateMask="purpose", body={"purpose": "MAC"}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        patch(name=name, updateMask="labels", body={"label": {}}).execute()


def test_a_key_without_versions_is_nobodys_but_stays(
    rings: Any, key: Callable[..., str], sandbox: Sandbox
) -> None:
    """A version can be taken back until its time has come."""
    name = key()
    versions = rings.cryptoKeys().cryptoKeyVersions()
    assert name in sandbox.inventory()
    (first,) = versions.list(parent=name).execute()["cryptoKeyVersions"]

    gone = versions.destroy(name=first["name"], body={}).execute()

    assert gone["state"] == "DESTROY_SCHEDULED"
    assert gone["destroyTime"]
    assert name not in sandbox.inventory()
    assert rings.cryptoKeys().get(name=name).execute()["primary"]["state"] == "DESTROY_SCHEDULED"
    with pytest.raises(HttpError, match="not enabled"):
        versions.destroy(name=first["name"], body={}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        versions.destroy(name=first["name"], body={"now": True}).execute()
    assert versions.restore(name=first["name"], body={}).execute()["state"] == "DISABLED"
    assert name in sandbox.inventory()
    second = versions.create(parent=name, body={}).execute()
    assert second["name"] == f"{name}/cryptoKeyVersions/2"


def test_nothing_is_deleted_before_what_it_holds(rings: Any, key: Callable[..., str]) -> None:
    """Of versions, only those go whose destruction is over."""
    name = key()
    ring = name.partition("/cryptoKeys/")[0]
    with pytest.raises(HttpError, match="is being used by"):
        rings.delete(name=ring).execute()
    with pytest.raises(HttpError, match="is being used by"):
        rings.cryptoKeys().delete(name=name).execute()
    versions = rings.cryptoKeys().cryptoKeyVersions()
    with pytest.raises(HttpError, match="not DESTROYED"):
        versions.delete(name=f"{name}/cryptoKeyVersions/1").execute()


def test_a_keys_policy_names_accounts_that_exist(rings: Any, key: Callable[..., str]) -> None:
    """As every policy does."""
    name = key()
    with pytest.raises(HttpError, match="does not exist"):
        grant(rings, name, "serviceAccount:gone@nowhere.iam.gserviceaccount.com")
    with pytest.raises(HttpError, match="Cannot find field"):
        rings.cryptoKeys().setIamPolicy(resource=name, body={"bindings": []}).execute()


def test_a_storage_bucket_takes_a_key_that_it_may_use(
    google: GoogleClients, rings: Any, key: Callable[..., str], project: str
) -> None:
    """The account of Cloud Storage in the bucket's project needs the role, first."""
    storage = google("storage", "v1")
    body = {
        "name": f"{project}-logs",
        "location": REGION,
        "encryption": {"defaultKmsKeyName": key()},
    }
    with pytest.raises(HttpError, match="Permission denied on Cloud KMS key"):
        storage.buckets().insert(project=project, body=body).execute()
    account = storage.projects().serviceAccount().get(projectId=project).execute()
    member = f"serviceAccount:{account['email_address']}"

    grant(rings, body["encryption"]["defaultKmsKeyName"], member)

    made = storage.buckets().insert(project=project, body=body).execute()
    assert made["encryption"] == body["encryption"]
    far = body | {"name": f"{project}-far", "location": "US"}
    with pytest.raises(HttpError, match=f"is in {REGION}"):
        storage.buckets().insert(project=project, body=far).execute()
    absent = {"defaultKmsKeyName": f"projects/{project}/locations/x/keyRings/r/cryptoKeys/k"}
    with pytest.raises(HttpError, match="does not exist"):
        storage.buckets().insert(project=project, body=far | {"encryption": absent}).execute()


def test_a_dataset_takes_a_key_that_it_may_use(
    google: GoogleClients, rings: Any, key: Callable[..., str], project: str
) -> None:
    """The multi-region EU of BigQuery is called europe by KMS."""
    bigquery = google("bigquery", "v2")
    name = key("europe")
    body = {
        "datasetReference": {"datasetId": "mesh"},
        "location": "EU",
        "defaultEncryptionConfiguration": {"kmsKeyName": name},
    }
    with pytest.raises(HttpError, match="Permission denied on Cloud KMS key"):
        bigquery.datasets().insert(projectId=project, body=body).execute()
    email = bigquery.projects().getServiceAccount(projectId=project).execute()["email"]

    grant(rings, name, f"serviceAccount:{email}")

    made = bigquery.datasets().insert(projectId=project, body=body).execute()
    assert made["defaultEncryptionConfiguration"] == {"kmsKeyName": name}


def test_a_topic_takes_a_key_that_it_may_use(
    google: GoogleClients, rings: Any, key: Callable[..., str], project: str, sandbox: Sandbox
) -> None:
    """The agent of Pub/Sub exists once its identity was generated."""
    name = key()
    topics = google("pubsub", "v1").projects().topics()
    topic, body = f"projects/{project}/topics/logs", {"kmsKeyName": name}
    with pytest.raises(HttpError, match="Permission denied on Cloud KMS key"):
        topics.create(name=topic, body=body).execute()
    path = f"/serviceusage/v1beta1/projects/{project}/services/pubsub.googleapis.com"
    sandbox.call("POST", f"{path}:generateServiceIdentity", {})
    found = google("cloudresourcemanager", "v1").projects().get(projectId=project).execute()
    agent = f"service-{found['projectNumber']}@gcp-sa-pubsub.iam.gserviceaccount.com"

    grant(rings, name, f"serviceAccount:{agent}")

    assert topics.create(name=topic, body=body).execute()["kmsKeyName"] == name
    with pytest.raises(HttpError, match="does not exist"):
        topics.create(name=f"{topic}-2", body={"kmsKeyName": f"{name}-absent"}).execute()


def test_a_log_bucket_keeps_the_key_that_it_was_made_with(
    google: GoogleClients, rings: Any, key: Callable[..., str], project: str
) -> None:
    """Encryption by a key is decided when the bucket is made, and cannot be ended."""
    name = key()
    projects = google("logging", "v2").projects()
    parent = f"projects/{project}/locations/{REGION}"
    buckets = projects.locations().buckets()
    body = {"cmekSettings": {"kmsKeyName": name}}
    with pytest.raises(HttpError, match="Permission denied on Cloud KMS key"):
        buckets.createAsync(parent=parent, bucketId="logs", body=body).execute()
    settings = projects.getSettings(name=f"projects/{project}").execute()

    grant(rings, name, f"serviceAccount:{settings['kmsServiceAccountId']}")

    buckets.createAsync(parent=parent, bucketId="logs", body=body).execute()
    buckets.createAsync(parent=parent, bucketId="plain", body={}).execute()
    with pytest.raises(HttpError, match="cannot be disabled"):
        buckets.patch(name=f"{parent}/buckets/logs", updateMask="cmekSettings", body={}).execute()
    with pytest.raises(HttpError, match="only be enabled when the bucket is created"):
        buckets.patch(
            name=f"{parent}/buckets/plain", updateMask="cmekSettings", body=body
        ).execute()
