"""Where logs go - BigQuery, Cloud Storage, Pub/Sub - as google-api-python-client sees it."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients


@pytest.fixture
def bigquery(google: GoogleClients) -> Any:
    """The BigQuery v2 client."""
    return google("bigquery", "v2")


@pytest.fixture
def storage(google: GoogleClients) -> Any:
    """The Cloud Storage v1 client's buckets."""
    return google("storage", "v1").buckets()


@pytest.fixture
def topics(google: GoogleClients) -> Any:
    """The Pub/Sub v1 client's topics."""
    return google("pubsub", "v1").projects().topics()


@pytest.fixture
def writer(google: GoogleClients, project: str) -> str:
    """Address of the account as which the project's sinks write."""
    found = google("cloudresourcemanager", "v1").projects().get(projectId=project).execute()
    return f"service-{found['projectNumber']}@gcp-sa-logging.iam.gserviceaccount.com"


def make_dataset(bigquery: Any, project: str, **fields: Any) -> dict[str, Any]:
    """The dataset `mesh`."""
    body = {"datasetReference": {"datasetId": "mesh"}, "location": "EU"} | fields
    return bigquery.datasets().insert(projectId=project, body=body).execute()


def test_a_dataset_shows_what_google_fills_in(bigquery: Any, project: str) -> None:
    """Reference, id, access list, times and etag."""
    dataset = make_dataset(bigquery, project)
    assert dataset["id"] == f"{project}:mesh"
    assert dataset["datasetReference"] == {"projectId": project, "datasetId": "mesh"}
    assert {entry["role"] for entry in dataset["access"]} == {"OWNER", "READER", "WRITER"}
    assert dataset["etag"]
    read = bigquery.datasets().get(projectId=project, datasetId="mesh").execute()
    assert read == dataset
    with pytest.raises(HttpError) as second:
        make_dataset(bigquery, project)
    assert second.value.status_code == 409


def test_access_is_changed_with_the_current_etag(bigquery: Any, project: str, writer: str) -> None:
    """An access entry for an account that does not exist is refused, and so is a stale etag."""
    dataset = make_dataset(bigquery, project)
    where = {"projectId": project, "datasetId": "mesh"}
    access = [*dataset["access"], {"role": "WRITER", "userByEmail": writer}]
    body = {"access": access, "etag": dataset["etag"]}

    changed = bigquery.datasets().patch(**where, body=body).execute()

    assert changed["access"] == access
    with pytest.raises(HttpError) as stale:
        bigquery.datasets().patch(**where, body=body).execute()
    assert stale.value.status_code in (409, 412)
    gone = f"gone@{project}.iam.gserviceaccount.com"
    body = {"access": [{"role": "WRITER", "userByEmail": gone}]}
    with pytest.raises(HttpError, match="does not exist"):
        bigquery.datasets().patch(**where, body=body).execute()


def test_an_update_keeps_the_access_that_it_does_not_name(bigquery: Any, project: str) -> None:
    """update replaces everything but access, place and name, which cannot be dropped."""
    dataset = make_dataset(bigquery, project, description="old")
    where = {"projectId": project, "datasetId": "mesh"}
    reference = {"datasetId": "mesh"}
    body = {"datasetReference": reference, "labels": {"team": "mesh"}}

    changed = bigquery.datasets().update(**where, body=body).execute()

    assert changed["access"] == dataset["access"]
    assert changed["location"] == "EU"
    assert "description" not in changed
    body["datasetReference"] = {"datasetId": "other"}
    with pytest.raises(HttpError, match="cannot be renamed"):
        bigquery.datasets().update(**where, body=body).execute()


def test_a_role_of_a_dataset_comes_back_by_its_older_name(bigquery: Any, project: str) -> None:
    entry = {"role": "roles/bigquery.dataEditor", "specialGroup": "projectWriters"}

    made = make_dataset(bigquery, project, access=[entry])

    assert made["access"] == [{"role": "WRITER", "specialGroup": "projectWriters"}]
    where = {"projectId": project, "datasetId": "mesh"}
    added = {"role": "roles/bigquery.metadataViewer", "specialGroup": "projectReaders"}
    body = {"access": [entry, added]}
    changed = bigquery.datasets().patch(**where, body=body).execute()
    assert [each["role"] for each in changed["access"]] == ["WRITER", added["role"]]


def test_a_dataset_with_tables_is_not_deleted(bigquery: Any, project: str) -> None:
    """Unless the caller says that the contents may go."""
    make_dataset(bigquery, project)
    where = {"projectId": project, "datasetId": "mesh"}
    body = {"tableReference": {"tableId": "access"}}
    bigquery.tables().insert(**where, body=body).execute()
    with pytest.raises(HttpError, match="is still in use"):
        bigquery.datasets().delete(**where).execute()
    bigquery.datasets().delete(**where, deleteContents=True).execute()
    with pytest.raises(HttpError) as gone:
        bigquery.datasets().get(**where).execute()
    assert gone.value.status_code == 404


def test_wrong_datasets_and_tables_are_refused(bigquery: Any, project: str) -> None:
    """Unknown fields, impossible names, tables of absent datasets."""
    with pytest.raises(HttpError, match="Cannot find field"):
        make_dataset(bigquery, project, region="EU")
    with pytest.raises(HttpError, match="must be alphanumeric"):
        make_dataset(bigquery, project, datasetReference={"datasetId": "mesh-logs"})
    body = {"tableReference": {"tableId": "t"}}
    with pytest.raises(HttpError) as absent:
        bigquery.tables().insert(projectId=project, datasetId="absent", body=body).execute()
    assert absent.value.status_code == 404
    make_dataset(bigquery, project)
    with pytest.raises(HttpError, match="cannot be changed"):
        bigquery.datasets().patch(
            projectId=project, datasetId="mesh", body={"location": "US"}
        ).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        bigquery.datasets().patch(projectId=project, datasetId="mesh", body={"x": 1}).execute()


def test_a_storage_bucket_shows_what_google_fills_in(storage: Any, project: str) -> None:
    """Location in capitals, times, access settings; names are unique in the whole cloud."""
    body = {"name": f"{project}-logs", "location": "eu", "labels": {"team": "mesh"}}
    bucket = storage.insert(project=project, body=body).execute()
    assert (bucket["location"], bucket["locationType"]) == ("EU", "multi-region")
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "inherited"
    assert storage.get(bucket=f"{project}-logs").execute() == bucket
    with pytest.raises(HttpError) as second:
        storage.insert(project="another", body=body).execute()
    assert second.value.status_code == 409
    listed = storage.list(project=project).execute()
    assert [b["name"] for b in listed["items"]] == [f"{project}-logs"]


def test_a_storage_bucket_is_changed_and_deleted(storage: Any, project: str) -> None:
    """patch merges; a deleted bucket is gone."""
    name = f"{project}-logs"
    storage.insert(project=project, body={"name": name, "location": "europe-west4"}).execute()
    changed = storage.patch(bucket=name, body={"versioning": {"enabled": True}}).execute()
    assert changed["versioning"] == {"enabled": True}
    assert changed["metageneration"] == "2"
    whole = storage.update(bucket=name, body={"name": name, "labels": {"a": "b"}}).execute()
    assert "versioning" not in whole
    unchanged = ("timeCreated", "projectNumber", "location", "storageClass", "iamConfiguration")
    assert [whole[field] for field in unchanged] == [changed[field] for field in unchanged]
    changed = whole
    with pytest.raises(HttpError, match="storage class 'FAST'"):
        storage.patch(bucket=name, body={"storageClass": "FAST"}).execute()
    with pytest.raises(HttpError, match="cannot be changed"):
        storage.patch(bucket=name, body={"location": "US"}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        storage.patch(bucket=name, body={"size": 1}).execute()
    seen = {"bucket": name, "ifMetagenerationMatch": "1"}
    for late in (storage.delete(**seen), storage.patch(**seen, body={"labels": {"a": "b"}})):
        with pytest.raises(HttpError, match="pre-conditions") as caught:
            late.execute()
        assert caught.value.status_code == 412
    storage.delete(bucket=name, ifMetagenerationMatch=changed["metageneration"]).execute()
    with pytest.raises(HttpError) as gone:
        storage.get(bucket=name).execute()
    assert gone.value.status_code == 404


def test_a_storage_buckets_policy_is_changed(storage: Any, project: str, writer: str) -> None:
    """The policy has its own path, takes an etag, and refuses absent accounts."""
    name = f"{project}-logs"
    storage.insert(project=project, body={"name": name, "location": "US"}).execute()
    policy = storage.getIamPolicy(bucket=name).execute()
    binding = {"role": "roles/storage.objectCreator", "members": [f"serviceAccount:{writer}"]}
    body = {"bindings": [binding], "etag": policy["etag"]}

    storage.setIamPolicy(bucket=name, body=body).execute()

    assert storage.getIamPolicy(bucket=name).execute()["bindings"] == [binding]
    with pytest.raises(HttpError) as stale:
        storage.setIamPolicy(bucket=name, body=body).execute()
    assert stale.value.status_code in (409, 412)
    gone = f"serviceAccount:gone@{project}.iam.gserviceaccount.com"
    with pytest.raises(HttpError, match="does not exist"):
        storage.setIamPolicy(
            bucket=name, body={"bindings": [binding | {"members": [gone]}]}
        ).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        storage.setIamPolicy(bucket=name, body={"binding": []}).execute()
    access = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
    storage.patch(bucket=name, body=access).execute()
    with pytest.raises(HttpError, match="public access prevention is enforced") as public:
        storage.setIamPolicy(
            bucket=name, body={"bindings": [binding | {"members": ["allUsers"]}]}
        ).execute()
    assert public.value.status_code == 412


def test_wrong_storage_buckets_are_refused(storage: Any, project: str) -> None:
    """Names, places and fields that the API does not take."""
    with pytest.raises(HttpError, match="Invalid bucket name"):
        storage.insert(project=project, body={"name": "Logs"}).execute()
    with pytest.raises(HttpError, match="location constraint is not valid"):
        storage.insert(project=project, body={"name": "logs-x", "location": "moon"}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        storage.insert(project=project, body={"name": "logs-x", "region": "US"}).execute()


def test_a_topic_is_created_changed_and_deleted(topics: Any, project: str) -> None:
    """PUT creates, and refuses to create twice; patch wraps the topic and needs a mask."""
    name = f"projects/{project}/topics/logs"
    made = topics.create(name=name, body={"labels": {"team": "mesh"}}).execute()
    assert made == {"name": name, "labels": {"team": "mesh"}}
    assert topics.get(topic=name).execute() == made
    with pytest.raises(HttpError) as second:
        topics.create(name=name, body={}).execute()
    assert second.value.status_code == 409
    change = {"topic": {"name": name, "labels": {"team": "sre"}}, "updateMask": "labels"}
    assert topics.patch(name=name, body=change).execute()["labels"] == {"team": "sre"}
    assert topics.list(project=f"projects/{project}").execute()["topics"][0]["name"] == name
    topics.delete(topic=name).execute()
    with pytest.raises(HttpError, match="Resource not found"):
        topics.get(topic=name).execute()


def test_wrong_topics_are_refused(topics: Any, project: str) -> None:
    """Names and fields that the API does not take."""
    with pytest.raises(HttpError, match="Invalid resource name"):
        topics.create(name=f"projects/{project}/topics/1", body={}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        topics.create(name=f"projects/{project}/topics/logs", body={"label": {}}).execute()
    with pytest.raises(HttpError, match="update_mask"):
        topics.patch(name=f"projects/{project}/topics/logs", body={"topic": {}}).execute()
    short = {"messageRetentionDuration": "60s"}
    with pytest.raises(HttpError, match="message_retention_duration: 60 is not between"):
        topics.create(name=f"projects/{project}/topics/logs", body=short).execute()


def test_a_topics_policy_is_changed(topics: Any, project: str, writer: str) -> None:
    """The writer of a sink is let in through the topic's policy."""
    name = f"projects/{project}/topics/logs"
    topics.create(name=name, body={}).execute()
    binding = {"role": "roles/pubsub.publisher", "members": [f"serviceAccount:{writer}"]}
    topics.setIamPolicy(resource=name, body={"policy": {"bindings": [binding]}}).execute()
    assert topics.getIamPolicy(resource=name).execute()["bindings"] == [binding]
    with pytest.raises(HttpError, match="unknown type"):
        topics.setIamPolicy(
            resource=name, body={"policy": {"bindings": [binding | {"members": ["me"]}]}}
        ).execute()


def test_a_subscription_needs_its_topic(google: GoogleClients, project: str) -> None:
    """Subscriptions name a topic that exists."""
    pubsub = google("pubsub", "v1").projects()
    topic, name = f"projects/{project}/topics/logs", f"projects/{project}/subscriptions/read"
    with pytest.raises(HttpError, match="Resource not found"):
        pubsub.subscriptions().create(name=name, body={"topic": topic}).execute()
    pubsub.topics().create(name=topic, body={}).execute()
    made = pubsub.subscriptions().create(name=name, body={"topic": topic}).execute()
    assert made["ackDeadlineSeconds"] == 10
    listed = pubsub.topics().subscriptions().list(topic=topic).execute()
    assert listed == {"subscriptions": [name]}
    for field, value, text in (
        ("ackDeadlineSeconds", 601, "601 is not between 10 and 600"),
        ("filter", 'attributes.kind = "audit"', "immutable"),
    ):
        change = {"subscription": {field: value}, "updateMask": field}
        with pytest.raises(HttpError, match=text):
            pubsub.subscriptions().patch(name=name, body=change).execute()


def test_a_subscription_outlives_its_topic(google: GoogleClients, project: str) -> None:
    """It says so, and a new topic of the old name is another one."""
    pubsub = google("pubsub", "v1").projects()
    topic, name = f"projects/{project}/topics/logs", f"projects/{project}/subscriptions/read"
    pubsub.topics().create(name=topic, body={}).execute()
    pubsub.subscriptions().create(name=name, body={"topic": topic}).execute()

    pubsub.topics().delete(topic=topic).execute()

    assert pubsub.subscriptions().get(subscription=name).execute()["topic"] == "_deleted-topic_"
    pubsub.topics().create(name=topic, body={}).execute()
    assert not pubsub.topics().subscriptions().list(topic=topic).execute().get("subscriptions")
    change = {"subscription": {"ackDeadlineSeconds": 20}, "updateMask": "ackDeadlineSeconds"}
    changed = pubsub.subscriptions().patch(name=name, body=change).execute()
    assert (changed["ackDeadlineSeconds"], changed["topic"]) == (20, "_deleted-topic_")
    back = {"subscription": {"topic": topic}, "updateMask": "topic"}
    with pytest.raises(HttpError, match="immutable"):
        pubsub.subscriptions().patch(name=name, body=back).execute()
    with pytest.raises(HttpError, match="needs its topic"):
        pubsub.subscriptions().create(name=f"{name}-2", body={}).execute()


def test_permissions_on_a_storage_bucket_are_tested_all_at_once(storage: Any, project: str) -> None:
    storage.insert(project=project, body={"name": f"{project}-logs"}).execute()
    asked = ["storage.buckets.get", "storage.objects.create"]

    answer = storage.testIamPermissions(bucket=f"{project}-logs", permissions=asked).execute()

    assert answer["permissions"] == asked


def test_buckets_are_listed_by_prefix(google: GoogleClients, project: str) -> None:
    buckets = google("storage", "v1").buckets()
    for short in ("logs", "state"):
        buckets.insert(project=project, body={"name": f"{project}-{short}"}).execute()

    listed = buckets.list(project=project, prefix=f"{project}-l").execute()

    assert [bucket["name"] for bucket in listed["items"]] == [f"{project}-logs"]
