"""Cloud Logging as google-api-python-client sees it: buckets, sinks, exclusions, metrics."""

from typing import Any
from urllib.parse import quote

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox

DATASET = {"datasetReference": {"datasetId": "mesh"}, "location": "US"}


@pytest.fixture
def logging(google: GoogleClients) -> Any:
    """The logging v2 client's projects."""
    return google("logging", "v2").projects()


@pytest.fixture
def home(project: str) -> str:
    """`projects/P/locations/global` of the test's own project."""
    return f"projects/{project}/locations/global"


def make_bucket(logging: Any, home: str, name: str = "mesh-logs", **fields: Any) -> dict[str, Any]:
    """Create a bucket as the provider does, wait, and read it."""
    places = logging.locations()
    body = {"retentionDays": 30, "cmekSettings": None, "indexConfigs": [], "name": ""} | fields
    operation = places.buckets().createAsync(parent=home, bucketId=name, body=body).execute()
    while not operation.get("done"):
        operation = places.operations().get(name=operation["name"]).execute()
    assert operation["response"]["name"] == f"{home}/buckets/{name}"
    return places.buckets().get(name=f"{home}/buckets/{name}").execute()


def make_sink(logging: Any, project: str, destination: str, **fields: Any) -> dict[str, Any]:
    """Create the sink `mesh`."""
    body = {"name": "mesh", "destination": destination, "filter": "severity>=ERROR"} | fields
    request = logging.sinks().create(
        parent=f"projects/{project}", body=body, uniqueWriterIdentity=True
    )
    return request.execute()


def test_every_project_has_its_built_in_buckets_and_sinks(
    logging: Any, sandbox: Sandbox, project: str, home: str
) -> None:
    """_Default and _Required exist, cannot be deleted, and count as nobody's resources."""
    buckets = logging.locations().buckets()
    names = [b["name"].rpartition("/")[2] for b in buckets.list(parent=home).execute()["buckets"]]
    assert names == ["_Default", "_Required"]
    sinks = logging.sinks().list(parent=f"projects/{project}").execute()["sinks"]
    assert [sink["name"] for sink in sinks] == ["_Default", "_Required"]
    with pytest.raises(HttpError, match="cannot be deleted"):
        buckets.delete(name=f"{home}/buckets/_Default").execute()
    with pytest.raises(HttpError, match="_Required"):
        logging.sinks().delete(sinkName=f"projects/{project}/sinks/_Required").execute()
    assert not [name for name in sandbox.inventory() if project in name]


def test_a_bucket_is_created_changed_and_deleted(logging: Any, sandbox: Sandbox, home: str) -> None:
    """A bucket that is deleted waits for its purge, can be taken back, and is gone after it."""
    bucket = make_bucket(logging, home)
    name, buckets = bucket["name"], logging.locations().buckets()
    assert (bucket["lifecycleState"], bucket["retentionDays"]) == ("ACTIVE", 30)
    assert bucket["createTime"]
    body = {"retentionDays": 60}
    changed = buckets.patch(name=name, updateMask="retentionDays", body=body).execute()
    assert changed["retentionDays"] == 60
    sandbox.admin("POST", "clock", {"scale": 1})

    buckets.delete(name=name).execute()
    waiting = buckets.get(name=name).execute()
    assert waiting["lifecycleState"] == "DELETE_REQUESTED"
    assert name not in sandbox.inventory()
    with pytest.raises(HttpError, match="ACTIVE state to be modified"):
        buckets.patch(name=name, updateMask="retentionDays", body=body).execute()
    buckets.undelete(name=name, body={}).execute()
    assert buckets.get(name=name).execute()["lifecycleState"] == "ACTIVE"
    assert name in sandbox.inventory()

    sandbox.admin("POST", "clock", {"scale": 0})
    buckets.delete(name=name).execute()
    listed = buckets.list(parent=home).execute()["buckets"]
    while name in [b["name"] for b in listed]:  # until the purge, which is a background operation
        listed = buckets.list(parent=home).execute()["buckets"]
    with pytest.raises(HttpError) as gone:
        buckets.get(name=name).execute()
    assert gone.value.status_code == 404


WRONG_BUCKETS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": ({"retention": 30}, "Cannot find field"),
    "wrong type": ({"retentionDays": "long"}, "retention_days' .TYPE_INT32."),
    "out of range": ({"retentionDays": 4000}, "between 1 and 3650"),
}


@pytest.mark.parametrize("case", WRONG_BUCKETS, ids=list(WRONG_BUCKETS))
def test_a_wrong_bucket_is_refused(logging: Any, home: str, case: str) -> None:
    """A refused bucket is not made."""
    fields, text = WRONG_BUCKETS[case]
    with pytest.raises(HttpError, match=text):
        make_bucket(logging, home, **fields)
    make_bucket(logging, home)
    with pytest.raises(HttpError) as second:
        make_bucket(logging, home)
    assert second.value.status_code == 409


def test_a_bucket_has_views(logging: Any, home: str) -> None:
    """Views belong to a bucket that exists."""
    bucket = make_bucket(logging, home)["name"]
    views = logging.locations().buckets().views()
    body = {"filter": 'SOURCE("projects/p")'}
    made = views.create(parent=bucket, viewId="mine", body=body).execute()
    assert made["name"] == f"{bucket}/views/mine"
    own = {"name": f"{bucket}/views/_AllLogs"}
    assert views.list(parent=bucket).execute()["views"] == [views.get(**own).execute(), made]
    with pytest.raises(HttpError, match="came with its bucket"):
        views.delete(**own).execute()
    with pytest.raises(HttpError, match="does not exist"):
        views.create(parent=f"{home}/buckets/absent", viewId="mine", body=body).execute()
    views.delete(name=made["name"]).execute()


def test_a_sink_into_a_bucket_of_its_project_needs_no_identity(
    logging: Any, project: str, home: str
) -> None:
    """Only sinks that leave the project, or Logging, write as a service account."""
    bucket = make_bucket(logging, home)["name"]

    sink = make_sink(logging, project, f"logging.googleapis.com/{bucket}")

    assert sink["name"] == "mesh"
    assert sink["resourceName"] == f"projects/{project}/sinks/mesh"
    assert "writerIdentity" not in sink
    read = logging.sinks().get(sinkName=f"projects/{project}/sinks/mesh").execute()
    assert read == sink
    with pytest.raises(HttpError) as second:
        make_sink(logging, project, f"logging.googleapis.com/{bucket}")
    assert second.value.status_code == 409


def test_a_sink_into_bigquery_writes_as_the_projects_agent(
    google: GoogleClients, logging: Any, project: str
) -> None:
    """The identity's address carries the project's number."""
    google("bigquery", "v2").datasets().insert(projectId=project, body=DATASET).execute()

    sink = make_sink(logging, project, f"bigquery.googleapis.com/projects/{project}/datasets/mesh")

    identity = sink["writerIdentity"]
    assert identity.startswith("serviceAccount:service-")
    assert identity.endswith("@gcp-sa-logging.iam.gserviceaccount.com")
    assert "bigqueryOptions" in sink


def test_a_sink_is_changed_by_mask(logging: Any, project: str, home: str) -> None:
    """Only what the mask names changes."""
    bucket = make_bucket(logging, home)["name"]
    make_sink(logging, project, f"logging.googleapis.com/{bucket}")
    name, sinks = f"projects/{project}/sinks/mesh", logging.sinks()
    body = {"filter": "severity>=INFO", "description": "ignored"}

    changed = sinks.patch(sinkName=name, updateMask="filter", body=body).execute()

    assert changed["filter"] == "severity>=INFO"
    assert "description" not in changed
    with pytest.raises(HttpError, match="unknown path"):
        sinks.patch(sinkName=name, updateMask="colour", body={}).execute()
    body = {"destination": "storage.googleapis.com/absent"}
    with pytest.raises(HttpError, match="does not exist"):
        sinks.patch(sinkName=name, updateMask="destination", body=body).execute()
    sinks.delete(sinkName=name).execute()
    with pytest.raises(HttpError, match="does not exist"):
        sinks.get(sinkName=name).execute()


WRONG_SINKS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": ({"target": "x"}, "Cannot find field"),
    "destination of no known form": ({"destination": "somewhere/else"}, "Unsupported sink"),
    "absent bucket": (
        {"destination": "logging.googleapis.com/projects/p/locations/global/buckets/absent"},
        "does not exist",
    ),
    "absent dataset": (
        {"destination": "bigquery.googleapis.com/projects/p/datasets/absent"},
        "does not exist",
    ),
    "absent topic": ({"destination": "pubsub.googleapis.com/projects/p/topics/t"}, "not exist"),
    "absent storage bucket": ({"destination": "storage.googleapis.com/absent"}, "does not exist"),
    "name with a blank": ({"name": "my sink"}, "Invalid value for field 'name'"),
}


@pytest.mark.parametrize("case", WRONG_SINKS, ids=list(WRONG_SINKS))
def test_a_wrong_sink_is_refused(logging: Any, project: str, home: str, case: str) -> None:
    """A sink must be well-formed and have somewhere to write to."""
    fields, text = WRONG_SINKS[case]
    good = {"destination": f"logging.googleapis.com/{home}/buckets/_Default"}
    with pytest.raises(HttpError, match=text):
        make_sink(logging, project, **(good | fields))


def test_exclusions_are_kept(logging: Any, project: str) -> None:
    """A project's exclusions can be created, changed, listed and deleted."""
    exclusions, parent = logging.exclusions(), f"projects/{project}"
    body = {"name": "noise", "filter": "severity<INFO"}
    exclusions.create(parent=parent, body=body).execute()
    name = f"{parent}/exclusions/noise"
    change = {"disabled": True}
    exclusions.patch(name=name, updateMask="disabled", body=change).execute()
    (read,) = exclusions.list(parent=parent).execute()["exclusions"]
    assert (read["filter"], read["disabled"]) == ("severity<INFO", True)
    assert read["name"] == "noise"
    with pytest.raises(HttpError, match="Cannot find field"):
        exclusions.create(parent=parent, body={"name": "x", "query": "y"}).execute()
    exclusions.delete(name=name).execute()


@pytest.mark.parametrize("short", ["errors", "mesh/5xx/errors"])
def test_a_metric_keeps_its_own_name(logging: Any, project: str, short: str) -> None:
    """Its name is the short one, slashes and all; paths have it escaped."""
    metrics, parent = logging.metrics(), f"projects/{project}"
    made = metrics.create(
        parent=parent, body={"name": short, "filter": "severity>=ERROR"}
    ).execute()
    assert made["name"] == short
    kind = f"logging.googleapis.com/user/{short}"
    assert made["metricDescriptor"]["type"] == kind
    name = f"{parent}/metrics/{quote(short, safe='')}"
    assert made["resourceName"] == name
    assert metrics.get(metricName=name).execute() == made
    assert metrics.list(parent=parent).execute()["metrics"] == [made]

    body = {"name": short, "filter": "severity=ALERT", "metricDescriptor": {"unit": "1"}}
    changed = metrics.update(metricName=name, body=body).execute()

    assert (changed["name"], changed["filter"]) == (short, "severity=ALERT")
    assert changed["metricDescriptor"]["type"] == kind
    with pytest.raises(HttpError, match="already exists"):
        metrics.create(parent=parent, body=body).execute()
    metrics.delete(metricName=name).execute()
    with pytest.raises(HttpError, match="does not exist"):
        metrics.delete(metricName=name).execute()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"name": "errors"}, "filter of a metric"),
        ({"name": "errors", "filter": "severity>="}, "filter"),
        ({"name": "errors: all", "filter": "a"}, "Metric name is not valid"),
        ({"filter": "a"}, "name"),
    ],
)
def test_a_wrong_metric_is_refused(
    logging: Any, project: str, body: dict[str, Any], text: str
) -> None:
    with pytest.raises(HttpError, match=text) as caught:
        logging.metrics().create(parent=f"projects/{project}", body=body).execute()

    assert caught.value.status_code == 400
