"""Which log entries arrive where: sinks, exclusions, views, and `entries.list`."""

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.log_entries import (
    CALL,
    CLIENT,
    CONTAINER,
    NO_PROBES,
    PROBE,
    PROXIES,
    Json,
    Logs,
    admit,
)
from tests.sandbox.server import Sandbox


@pytest.fixture
def logs(google: GoogleClients, project: str) -> Logs:
    """The logs of the test's own project."""
    return Logs(google, project)


def test_a_log_bucket_gets_what_its_sink_takes(logs: Logs) -> None:
    """The filter decides, exclusions leave out, and the project's own sinks are not asked."""
    view = f"{logs.bucket('mesh')}/views/_AllLogs"
    destination = f"logging.googleapis.com/{view.partition('/views/')[0]}"
    logs.sink(destination, filter=PROXIES, exclusions=NO_PROBES)
    other = {"insertId": "other", "resource": {"type": "global"}, "textPayload": "x"}

    logs.write(CALL, PROBE, other)

    (arrived,) = logs.read(of=view)
    assert arrived["insertId"] == "call"
    assert arrived["httpRequest"]["remoteIp"] == CLIENT
    assert arrived["logName"] == logs.log()
    assert arrived["receiveTimestamp"] > arrived["timestamp"]
    default = f"projects/{logs.project}/locations/global/buckets/_Default/views/_Default"
    assert set(logs.found(of=default)) == {"call", "probe", "other"}
    assert set(logs.found()) == {"call", "probe", "other"}  # each once, though stored twice


def test_an_exclusion_that_is_disabled_leaves_nothing_out(logs: Logs) -> None:
    view = f"{logs.bucket('mesh')}/views/_AllLogs"
    destination = f"logging.googleapis.com/{view.partition('/views/')[0]}"
    exclusions = [exclusion | {"disabled": True} for exclusion in NO_PROBES]
    name = logs.sink(destination, exclusions=exclusions)["resourceName"]
    logs.write(PROBE)
    assert logs.found(of=view) == ["probe"]
    sinks = logs.api.projects().sinks()
    sinks.patch(sinkName=name, updateMask="disabled", body={"disabled": True}).execute()
    logs.write(CALL)
    assert logs.found(of=view) == ["probe"]


def test_audit_logs_are_kept_apart(logs: Logs) -> None:
    """What _Required takes does not go to _Default; a project's exclusions are _Default's."""
    body = NO_PROBES[0]
    logs.api.projects().exclusions().create(parent=f"projects/{logs.project}", body=body).execute()
    logs.write({"insertId": "audit", "protoPayload": {}}, log="cloudaudit.googleapis.com/activity")
    logs.write(CALL, PROBE)
    home = f"projects/{logs.project}/locations/global/buckets"
    assert logs.found(of=f"{home}/_Required/views/_AllLogs") == ["audit"]
    assert logs.found(of=f"{home}/_Default/views/_AllLogs") == ["call"]


def test_a_view_shows_its_share(logs: Logs) -> None:
    bucket = logs.bucket("mesh")
    logs.sink(f"logging.googleapis.com/{bucket}")
    views = logs.api.projects().locations().buckets().views()
    query = f'SOURCE("projects/{logs.project}") AND LOG_ID("stdout")'
    views.create(parent=bucket, viewId="out", body={"filter": query}).execute()
    logs.write(CALL)
    logs.write(PROBE, log="stderr")
    assert logs.found(of=f"{bucket}/views/out") == ["call"]
    assert set(logs.found(of=f"{bucket}/views/_AllLogs")) == {"call", "probe"}
    with pytest.raises(HttpError, match="does not exist"):
        logs.read(of=f"{bucket}/views/absent")


def test_another_projects_bucket_needs_leave(logs: Logs, google: GoogleClients) -> None:
    """By a condition on the bucket's name, as the components give it, and by no other."""
    other = Logs(google, f"{logs.project}-logs")
    bucket = other.bucket("central")
    sink = logs.sink(f"logging.googleapis.com/{bucket}")
    projects = google("cloudresourcemanager", "v1").projects()
    for name, arrived in (("elsewhere", []), ("central", ["call"])):
        expression = f"resource.name.endsWith('/buckets/{name}')"
        condition = {"title": name, "expression": expression}
        where = {"resource": other.project}
        role = "roles/logging.bucketWriter"
        admit(projects, where, role, sink["writerIdentity"], condition=condition)
        logs.write(CALL)
        assert other.found(of=f"{bucket}/views/_AllLogs") == arrived


def test_another_projects_router_decides_on(logs: Logs, google: GoogleClients) -> None:
    """It hands on what it is sent to its own sinks, as the project's that wrote it; and no further:
    sinks to a third project's router do not take what came from another.
    """
    other, third = Logs(google, f"{logs.project}-hub"), Logs(google, f"{logs.project}-far")
    bucket = other.bucket("proxies")
    other.sink(f"logging.googleapis.com/{bucket}", filter=PROXIES, exclusions=NO_PROBES)
    sink = logs.sink(f"logging.googleapis.com/projects/{other.project}")
    projects = google("cloudresourcemanager", "v1").projects()
    onward = other.sink(f"logging.googleapis.com/projects/{third.project}", name="on")
    for project, made in ((other.project, sink), (third.project, onward)):
        role = "roles/logging.logWriter"
        admit(projects, {"resource": project}, role, made["writerIdentity"])
    logs.write(CALL, PROBE)
    (arrived,) = logs.read(of=f"{bucket}/views/_AllLogs")
    assert arrived["logName"] == logs.log()
    other.write(CALL | {"insertId": "own"})
    home = f"projects/{third.project}/locations/global/buckets/_Default/views/_Default"
    assert logs.found(of=home) == ["own"]


def test_a_folders_sink_takes_from_the_projects_below(logs: Logs, google: GoogleClients) -> None:
    """With `interceptChildren` the projects' own sinks, but for _Required, get nothing of it."""
    bucket = logs.bucket("folder")
    sinks = google("logging", "v2").folders().sinks()
    query = f'labels.test="{logs.project}"'
    body = {"name": logs.project, "destination": f"logging.googleapis.com/{bucket}"}
    body |= {"filter": query, "includeChildren": True, "interceptChildren": True}
    made = sinks.create(parent="folders/123456", body=body, uniqueWriterIdentity=True).execute()
    projects = google("cloudresourcemanager", "v1").projects()
    where = {"resource": logs.project}
    admit(projects, where, "roles/logging.bucketWriter", made["writerIdentity"])
    below = Logs(google, f"{logs.project}-below")
    below.write(CALL | {"labels": {"test": logs.project}}, PROBE)
    assert logs.found(of=f"{bucket}/views/_AllLogs") == ["call"]
    home = f"projects/{below.project}/locations/global/buckets/_Default/views/_Default"
    assert below.found(of=home) == ["probe"]
    sinks.delete(sinkName=made["resourceName"]).execute()


def test_what_is_written_is_completed(logs: Logs) -> None:
    """Times, an id, labels of the request and of the entry; or refused."""
    resource = {"type": "global"}
    body = {"logName": logs.log(), "labels": {"a": "1", "b": "1"}, "resource": resource}
    write = logs.api.entries().write
    entries = [{"textPayload": "x", "labels": {"b": "2"}}]
    write(body=body | {"entries": entries, "dryRun": True}).execute()
    assert logs.read() == []
    write(body=body | {"entries": entries}).execute()
    (entry,) = logs.read()
    assert entry["labels"] == {"a": "1", "b": "2"}
    assert entry["timestamp"] == entry["receiveTimestamp"]
    assert entry["insertId"]
    wrong = [
        ({"logName": ""}, "Log name is empty"),
        ({"logName": f"projects/{logs.project}/logs/a b"}, "Log name is not valid"),
        ({"logName": "folders/1/logs/x"}, "logs of projects only"),
        ({"resource": {}}, "monitored resource must be specified"),
        ({"entries": [{"textPayload": "x", "jsonPayload": {}}]}, "one payload"),
        ({"entries": [{"timestamp": "2999-01-01T00:00:00Z"}]}, "too far in the future"),
        ({"entries": [{"textPayload": "x", "colour": "red"}]}, "Cannot find field"),
    ]
    for change, text in wrong:
        with pytest.raises(HttpError, match=text):
            write(body=body | {"entries": entries} | change).execute()
    assert len(logs.read()) == 1


def test_entries_come_by_time_and_in_pages(logs: Logs) -> None:
    """Each once, though others are written between two pages."""
    stamps = [f"2024-11-21T10:00:{second:02}Z" for second in (3, 1, 4, 2, 5)]
    logs.write(*({"insertId": stamp[-3:], "timestamp": stamp} for stamp in stamps))
    assert logs.found() == ["01Z", "02Z", "03Z", "04Z", "05Z"]
    body: Json = {"resourceNames": [f"projects/{logs.project}"], "orderBy": "timestamp desc"}
    listed = logs.api.entries().list
    page = listed(body=body | {"pageSize": 2}).execute()
    assert [entry["insertId"] for entry in page["entries"]] == ["05Z", "04Z"]
    logs.write({"insertId": "06Z", "timestamp": "2024-11-21T10:00:06Z"})
    body["pageToken"] = page["nextPageToken"]
    rest = listed(body=body).execute()
    assert [entry["insertId"] for entry in rest["entries"]] == ["03Z", "02Z", "01Z"]
    assert "nextPageToken" not in rest
    wrong = [
        ({"filter": "severity=INFO"}, "doesn't match"),
        ({"pageToken": "???"}, "page_token is invalid"),
        ({"orderBy": "severity"}, "Invalid order_by"),
        ({"pageSize": 1001}, "between 0 and 1000"),
        ({"resourceNames": []}, "at least one is required"),
        ({"resourceNames": ["buckets/x"]}, "Name a project"),
    ]
    for change, text in wrong:
        with pytest.raises(HttpError, match=text):
            listed(body=body | change).execute()


def test_logs_are_named_and_deleted(logs: Logs) -> None:
    """A log is there while it has entries."""
    logs.write(CALL)
    logs.write(PROBE, log="a/b")
    names = logs.api.projects().logs()
    parent = f"projects/{logs.project}"
    assert names.list(parent=parent).execute()["logNames"] == [logs.log("a/b"), logs.log()]
    names.delete(logName=logs.log("a/b")).execute()
    assert logs.found() == ["call"]
    with pytest.raises(HttpError, match="does not exist"):
        names.delete(logName=logs.log("a/b")).execute()


def test_entries_survive_a_killed_sandbox_and_go_with_their_bucket(
    logs: Logs, google: GoogleClients, sandbox: Sandbox
) -> None:
    bucket = logs.bucket("mesh")
    logs.sink(f"logging.googleapis.com/{bucket}", filter=PROXIES)
    logs.write(CALL, resource=CONTAINER)
    sandbox.kill()
    sandbox.start()
    after = Logs(google, logs.project)
    assert after.found(of=f"{bucket}/views/_AllLogs") == ["call"]
    sandbox.admin("POST", "reset")
    assert after.found() == []
