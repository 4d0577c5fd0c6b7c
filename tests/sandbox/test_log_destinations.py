"""How log entries arrive in BigQuery, Cloud Storage and Pub/Sub."""

import base64
import io
import json
import urllib.request
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.log_entries import CALL, CLIENT, NO_PROBES, PROBE, Json, Logs, admit
from tests.sandbox.server import Sandbox


@pytest.fixture
def logs(google: GoogleClients, project: str) -> Logs:
    """The logs of the test's own project."""
    return Logs(google, project)


def test_bigquery_gets_rows_once_the_writer_is_let_in(logs: Logs, google: GoogleClients) -> None:
    """Columns are made of the entries; keys of users are in lower case, as Google writes them."""
    bigquery = google("bigquery", "v2")
    where = {"projectId": logs.project, "datasetId": "mesh"}
    body = {"datasetReference": {"datasetId": "mesh"}, "location": "EU"}
    dataset = bigquery.datasets().insert(projectId=logs.project, body=body).execute()
    destination = f"bigquery.googleapis.com/projects/{logs.project}/datasets/mesh"
    sink = logs.sink(destination, bigqueryOptions={"usePartitionedTables": True})
    logs.write(CALL)
    logs.write(CALL)
    assert "tables" not in bigquery.tables().list(**where).execute()
    (error,) = logs.read('log_id("logging.googleapis.com/sink_error")')
    assert error["labels"]["error_code"] == "dataset_permission_denied"
    writer = {"role": "WRITER", "userByEmail": sink["writerIdentity"].partition(":")[2]}
    change = {"access": [*dataset["access"], writer]}
    bigquery.datasets().patch(**where, body=change).execute()

    logs.write(CALL, PROBE)

    table = bigquery.tables().get(**where, tableId="stdout").execute()
    assert table["timePartitioning"] == {"type": "DAY", "field": "timestamp"}
    columns = table["schema"]["fields"]
    rows = bigquery.tabledata().list(**where, tableId="stdout").execute()
    assert rows["totalRows"] == "2"
    first, second = (record(columns, row) for row in rows["rows"])
    assert first["httpRequest"] == {"requestMethod": "GET", "status": "200", "remoteIp": CLIENT}
    assert first["labels"] == {"k8s_pod_app": "Web"}
    assert first["jsonPayload"] == {"path": "/cart", "retries": "2", "hosts": ["a", "b"]}
    assert float(first["timestamp"]) == 1732184430.5
    assert second["jsonPayload"] == {"path": "/healthz", "retries": "0", "hosts": []}
    assert second["httpRequest"] is None


def record(columns: list[Json], row: Json) -> Json:
    """A row by the names of its columns."""
    found: Json = {}
    for column, cell in zip(columns, row["f"], strict=True):
        value = cell["v"]
        if isinstance(value, list):
            value = [item["v"] for item in value]
        elif column["type"] == "RECORD" and value is not None:
            value = record(column["fields"], value)
        found[column["name"]] = value
    return found


def test_what_does_not_fit_its_column_is_told_of(logs: Logs, google: GoogleClients) -> None:
    """Without partitions each day has a table, and a table of errors beside it."""
    bigquery = google("bigquery", "v2")
    where = {"projectId": logs.project, "datasetId": "mesh"}
    owner = {"role": "OWNER", "userByEmail": "cloud-logs@system.gserviceaccount.com"}
    body = {"datasetReference": {"datasetId": "mesh"}, "access": [owner]}
    bigquery.datasets().insert(projectId=logs.project, body=body).execute()
    destination = f"bigquery.googleapis.com/projects/{logs.project}/datasets/mesh"
    sink = {"name": "mesh", "destination": destination}
    parent = f"projects/{logs.project}"
    logs.api.projects().sinks().create(parent=parent, body=sink).execute()

    logs.write(CALL, CALL | {"jsonPayload": {"retries": "many"}})

    tables = bigquery.tables().list(**where).execute()["tables"]
    names = [table["tableReference"]["tableId"] for table in tables]
    assert names == ["export_errors_20241121", "stdout_20241121"]
    table = bigquery.tables().get(**where, tableId=names[0]).execute()
    rows = bigquery.tabledata().list(**where, tableId=names[0]).execute()["rows"]
    (noted,) = (record(table["schema"]["fields"], row) for row in rows)
    assert "jsonPayload.retries" in noted["schemaErrorDetail"]
    with pytest.raises(HttpError, match="still in use"):
        bigquery.datasets().delete(**where).execute()


def test_cloud_storage_gets_files_by_log_and_hour(
    logs: Logs, google: GoogleClients, sandbox: Sandbox
) -> None:
    """A line of JSON is an entry. A bucket that holds any is not deleted."""
    storage, bucket = google("storage", "v1"), f"{logs.project}-archive"
    storage.buckets().insert(project=logs.project, body={"name": bucket}).execute()
    sink = logs.sink(f"storage.googleapis.com/{bucket}")
    role = "roles/storage.objectCreator"
    admit(storage.buckets(), {"bucket": bucket}, role, sink["writerIdentity"])

    logs.write(CALL)
    logs.write(PROBE | {"timestamp": "2024-11-21T10:59:59Z"})
    logs.write(CALL, log="cloudaudit.googleapis.com/activity")

    objects = storage.objects()
    names = [each["name"] for each in objects.list(bucket=bucket).execute()["items"]]
    path = "2024/11/21/10:00:00_10:59:59_S0.json"
    assert names == [f"cloudaudit.googleapis.com/activity/{path}", f"stdout/{path}"]
    top = objects.list(bucket=bucket, delimiter="/").execute()
    assert (top["prefixes"], "items" in top) == (["cloudaudit.googleapis.com/", "stdout/"], False)
    folder = {"bucket": bucket, "prefix": "stdout/2024/11/21/", "delimiter": "/"}
    (file,) = objects.list(**folder, startOffset="cloud").execute()["items"]
    assert file["name"] == names[1]
    first = objects.list(bucket=bucket, delimiter="/", maxResults=1)
    second = objects.list_next(first, first.execute())
    assert second.execute()["prefixes"] == ["stdout/"]
    assert file["mediaLink"].startswith(f"{sandbox.url}/storage/download/")  # where gcloud goes
    with urllib.request.urlopen(file["mediaLink"], timeout=30) as linked:
        assert len(linked.read()) == int(file["size"])
    with pytest.raises(HttpError, match="without `matchGlob`"):
        objects.list(bucket=bucket, matchGlob="*").execute()
    file = io.BytesIO()
    download = MediaIoBaseDownload(file, objects.get_media(bucket=bucket, object=names[1]))
    while not download.next_chunk()[1]:
        pass
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line["insertId"] for line in lines] == ["call", "probe"]
    assert lines[0]["httpRequest"]["remoteIp"] == CLIENT
    size = objects.get(bucket=bucket, object=names[1]).execute()["size"]
    assert int(size) == len(file.getvalue())
    assert not [name for name in sandbox.inventory() if "/o/" in name]
    with pytest.raises(HttpError, match="not empty"):
        storage.buckets().delete(bucket=bucket).execute()
    for name in names:
        objects.delete(bucket=bucket, object=name).execute()
    with pytest.raises(HttpError, match="No such object"):
        objects.get(bucket=bucket, object=names[0]).execute()
    storage.buckets().delete(bucket=bucket).execute()


def test_a_file_is_read_in_parts(logs: Logs, google: GoogleClients, sandbox: Sandbox) -> None:
    """Libraries download by `/download`, and ask for a part by `Range`."""
    storage, bucket = google("storage", "v1"), f"{logs.project}-parts"
    storage.buckets().insert(project=logs.project, body={"name": bucket}).execute()
    sink = logs.sink(f"storage.googleapis.com/{bucket}")
    admit(storage.buckets(), {"bucket": bucket}, "roles/storage.admin", sink["writerIdentity"])
    logs.write(CALL)
    (held,) = storage.objects().list(bucket=bucket).execute()["items"]
    path = f"/storage/download/storage/v1/b/{bucket}/o/{quote(held['name'], safe='')}?alt=media"
    size = int(held["size"])

    def part(wanted: str) -> tuple[int, bytes, str | None]:
        request = urllib.request.Request(sandbox.url + path, headers={"Range": wanted})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), answer.headers.get("Content-Range")
        except HTTPError as error:
            return error.code, b"", error.headers.get("Content-Range")

    status, whole, _ = part("lines=1-2")  # what is not understood is ignored
    assert (status, len(whole)) == (200, size)
    assert part("bytes=2-5") == (206, whole[2:6], f"bytes 2-5/{size}")
    assert part(f"bytes=5-{size + 9}") == (206, whole[5:], f"bytes 5-{size - 1}/{size}")
    assert part("bytes=7-") == (206, whole[7:], f"bytes 7-{size - 1}/{size}")
    assert part("bytes=-3") == (206, whole[-3:], f"bytes {size - 3}-{size - 1}/{size}")
    assert part(f"bytes={size}-") == (416, b"", f"bytes */{size}")


def test_an_archive_keeps_what_its_retention_holds(logs: Logs, google: GoogleClients) -> None:
    storage, bucket = google("storage", "v1"), f"{logs.project}-held"
    body = {"name": bucket, "retentionPolicy": {"retentionPeriod": "3600"}}
    storage.buckets().insert(project=logs.project, body=body).execute()
    sink = logs.sink(f"storage.googleapis.com/{bucket}")
    admit(storage.buckets(), {"bucket": bucket}, "roles/storage.admin", sink["writerIdentity"])
    logs.write(CALL)
    (held,) = storage.objects().list(bucket=bucket).execute()["items"]
    with pytest.raises(HttpError, match="retention policy"):
        storage.objects().delete(bucket=bucket, object=held["name"]).execute()


def test_pubsub_gets_messages(logs: Logs, google: GoogleClients) -> None:
    """A subscription has what was published since it was made, until it is acknowledged."""
    pubsub = google("pubsub", "v1").projects()
    topic = f"projects/{logs.project}/topics/logs"
    name = f"projects/{logs.project}/subscriptions/reader"
    pubsub.topics().create(name=topic, body={}).execute()
    sink = logs.sink(f"pubsub.googleapis.com/{topic}", exclusions=NO_PROBES)
    role = "roles/pubsub.publisher"
    admit(pubsub.topics(), {"resource": topic}, role, sink["writerIdentity"])
    logs.write(CALL | {"insertId": "before"})
    pubsub.subscriptions().create(name=name, body={"topic": topic}).execute()

    logs.write(CALL, PROBE)

    subscriptions, pull = pubsub.subscriptions(), {"maxMessages": 10}
    (received,) = subscriptions.pull(subscription=name, body=pull).execute()["receivedMessages"]
    message = received["message"]
    assert message["attributes"] == {
        "logging.googleapis.com/timestamp": "2024-11-21T10:20:30.500000Z"
    }
    entry = json.loads(base64.b64decode(message["data"]))
    assert (entry["insertId"], entry["httpRequest"]["remoteIp"]) == ("call", CLIENT)
    assert subscriptions.pull(subscription=name, body=pull).execute() == {}  # it is being worked on
    ids = {"ackIds": [received["ackId"]]}
    back = ids | {"ackDeadlineSeconds": 0}
    subscriptions.modifyAckDeadline(subscription=name, body=back).execute()
    (again,) = subscriptions.pull(subscription=name, body=pull).execute()["receivedMessages"]
    assert again["message"] == message
    subscriptions.acknowledge(subscription=name, body=ids).execute()
    subscriptions.modifyAckDeadline(subscription=name, body=back).execute()
    assert subscriptions.pull(subscription=name, body=pull).execute() == {}
