"""LogSink: destinations, what the sink may write, and what is left out."""

import pulumi
import pytest

from meshwright import ArgumentError, LogSink, LogSinkArgs
from tests.unit.recording import component_test, record

_KEY = "projects/p1/locations/europe-west4/keyRings/r/cryptoKeys/k"
_WRITER = "serviceAccount:sink@gcp-sa-logging.iam.gserviceaccount.com"


def _args(**more: object) -> LogSinkArgs:
    return {"project": "p1", "filter": "severity>=ERROR", **more}  # type: ignore[typeddict-item]


@component_test
def test_a_log_bucket_of_the_own_project_needs_no_leave():
    """Bucket and sink, with thirty days of retention."""
    recorder = record()

    sink = LogSink("access", _args(log_bucket={}, prefix="dev"))

    def check(values):
        assert values == ["dev-access", "logging.googleapis.com/access-bucket-id", _WRITER]
        bucket = recorder.one("ProjectBucketConfig").inputs
        assert bucket == {
            "bucketId": "dev-access",
            "project": "p1",
            "location": "global",
            "retentionDays": 30,
        }
        made = recorder.one("ProjectSink").inputs
        assert made["uniqueWriterIdentity"] is True
        assert made["filter"] == "severity>=ERROR"
        assert "bigqueryOptions" not in made
        assert recorder.of_type("IAMMember") == []

    return pulumi.Output.all(sink.sink_name, sink.destination, sink.writer_identity), check


@component_test
def test_a_log_bucket_elsewhere_admits_the_sink_alone():
    """The leave is limited to the one bucket."""
    recorder = record()

    sink = LogSink(
        "access",
        _args(
            log_bucket={
                "location": "europe-west1",
                "retention_days": 400,
                "analytics": True,
                "kms_key": _KEY.replace("west4", "west1"),
            },
            destination_project="logs",
        ),
    )

    def check(_):
        bucket = recorder.one("ProjectBucketConfig").inputs
        assert bucket["project"] == "logs"
        assert bucket["cmekSettings"] == {"kmsKeyName": _KEY.replace("west4", "west1")}
        assert bucket["enableAnalytics"] is True
        leave = recorder.one("IAMMember").inputs
        assert leave["role"] == "roles/logging.bucketWriter"
        assert leave["project"] == "logs"
        assert leave["member"] == _WRITER
        assert leave["condition"]["expression"] == "resource.name.endsWith('/buckets/access')"

    return sink.destination, check


@component_test
def test_bigquery_gets_partitions_and_the_writer_its_role():
    """A consumer of the destination waits for the leave to write."""
    recorder = record()
    exclusion = {"name": "health", "filter": 'httpRequest.requestUrl=~"/healthz"'}
    sink = LogSink(
        "mesh-logs",
        _args(
            bigquery={"retention_days": 2, "location": "europe-west4", "kms_key": _KEY},
            exclusions=[exclusion],
            description="errors",
            labels={"team": "shop"},
        ),
    )

    consumer = pulumi.CustomResource("test:index:Reader", "reader", {"x": sink.destination})

    def check(_):
        dataset = recorder.one("Dataset").inputs
        assert dataset["datasetId"] == "mesh_logs"
        # In another location it has the same id, which is free once the old one is gone.
        assert recorder.one("Dataset").deletes_first
        assert dataset["location"] == "europe-west4"
        assert dataset["defaultPartitionExpirationMs"] == 172_800_000
        assert dataset["defaultEncryptionConfiguration"] == {"kmsKeyName": _KEY}
        assert dataset["deleteContentsOnDestroy"] is False
        made = recorder.one("ProjectSink").inputs
        assert made["bigqueryOptions"] == {"usePartitionedTables": True}
        assert made["destination"] == "bigquery.googleapis.com/mesh-logs-dataset-id"
        assert made["exclusions"] == [exclusion]
        leave = recorder.one("DatasetIamMember").inputs
        assert leave["role"] == "roles/bigquery.dataEditor"
        assert leave["datasetId"] == "mesh_logs"
        assert "mesh-logs-writer" in recorder.one("Reader").depends_on

    return consumer.urn, check


@component_test
def test_an_archive_keeps_what_nobody_may_delete():
    """The bucket is closed to the outside, and its name has the project's id before it."""
    recorder = record()

    sink = LogSink(
        "archive",
        _args(
            prefix="prod",
            storage={
                "location": "EU",
                "retention_days": 400,
                "storage_class": "COLDLINE",
                "kms_key": "projects/p1/locations/europe/keyRings/r/cryptoKeys/k",
            },
            labels={"team": "sre"},
        ),
    )

    def check(destination):
        assert destination == "storage.googleapis.com/p1-prod-archive"
        bucket = recorder.one("Bucket").inputs
        assert bucket["uniformBucketLevelAccess"] is True
        assert bucket["publicAccessPrevention"] == "enforced"
        assert bucket["retentionPolicy"] == {"retentionPeriod": str(400 * 86400)}
        assert bucket["lifecycleRules"] == [
            {"action": {"type": "Delete"}, "condition": {"age": 400}}
        ]
        assert bucket["encryption"]["defaultKmsKeyName"].endswith("/k")
        assert bucket["forceDestroy"] is False
        leave = recorder.one("BucketIAMMember").inputs
        assert leave == {
            "bucket": "p1-prod-archive",
            "role": "roles/storage.objectCreator",
            "member": _WRITER,
        }
        assert recorder.one("ProjectSink").inputs["destination"] == destination

    return sink.destination, check


@component_test
def test_an_archive_without_a_retention_keeps_for_ever():
    """Nothing is deleted by rule, nothing is held."""
    recorder = record()
    project = pulumi.Output.from_input("p2")

    sink = LogSink("archive", _args(project=project, storage={"bucket": "acme-logs"}))

    def check(destination):
        assert destination == "storage.googleapis.com/acme-logs"
        bucket = recorder.one("Bucket").inputs
        assert "retentionPolicy" not in bucket
        assert "lifecycleRules" not in bucket
        assert "encryption" not in bucket

    return sink.destination, check


@component_test
def test_a_topic_takes_what_is_read_elsewhere():
    """Its messages can be read again for as many days as are named."""
    recorder = record()

    sink = LogSink("siem", _args(pubsub={"retention_days": 2, "kms_key": _KEY}))

    def check(destination):
        assert destination == "pubsub.googleapis.com/siem-topic-id"
        topic = recorder.one("Topic").inputs
        assert topic == {
            "name": "siem",
            "project": "p1",
            "messageRetentionDuration": "172800s",
            "kmsKeyName": _KEY,
        }
        leave = recorder.one("TopicIAMMember").inputs
        assert leave["role"] == "roles/pubsub.publisher"
        assert leave["topic"] == "siem"
        assert recorder.one("Service").inputs["service"] == "pubsub.googleapis.com"
        assert "siem-pubsub-api" in recorder.one("Topic").depends_on

    return sink.destination, check


@component_test
def test_a_folders_sink_takes_the_logs_of_every_project_below_it():
    """It is no part of the destination's project, so it always needs leave."""
    recorder = record()

    sink = LogSink("all", _args(folder="folders/123456", log_bucket={"retention_days": 60}))

    def check(writer):
        assert writer == _WRITER
        made = recorder.one("FolderSink").inputs
        assert made["folder"] == "123456"
        assert made["includeChildren"] is True
        assert made["filter"] == "severity>=ERROR"
        assert recorder.of_type("ProjectSink") == []
        assert recorder.one("IAMMember").inputs["role"] == "roles/logging.bucketWriter"

    return sink.writer_identity, check


@component_test
def test_a_bucket_with_a_name_of_its_own_needs_no_other():
    """What it would have been called by default does not matter then."""
    recorder = record()

    sink = LogSink("Access_" + "a" * 70, _args(storage={"bucket": "acme-logs"}))

    def check(_):
        assert recorder.one("Bucket").inputs["name"] == "acme-logs"

    return sink.destination, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({}, "log_bucket", "none is given"),
        ({"log_bucket": {}, "bigquery": {}}, "log_bucket", "log_bucket and bigquery are given"),
        ({"log_bucket": {"retention_days": 0}}, "log_bucket.retention_days", "1 to 3650"),
        ({"log_bucket": {"kms_key": "k"}}, "log_bucket.location", "needs a region"),
        (
            {"log_bucket": {"kms_key": _KEY, "location": "us-east1"}},
            "log_bucket.kms_key",
            "takes keys in 'us-east1'",
        ),
        ({"storage": {"kms_key": _KEY, "location": "EU"}}, "storage.kms_key", "in 'europe'"),
        ({"storage": {"kms_key": "key"}}, "storage.kms_key", "must have the form"),
        ({"storage": {"retention_days": 0}}, "storage.retention_days", "1 to 36500"),
        (
            {"storage": {"storage_class": "COLD"}},
            "storage.storage_class",
            "did you mean 'COLDLINE'?",
        ),
        ({"storage": {}, "prefix": "a" * 60}, "name", "3 to 63 are allowed"),
        ({"pubsub": {"retention_days": 32}}, "pubsub.retention_days", "1 to 31"),
        ({"bigquery": {"retention_days": 0}}, "bigquery.retention_days", "1 to 36500"),
        ({"pubsub": {}, "storage": {}, "bigquery": {}}, "log_bucket", "exactly one"),
        ({"log_bucket": {}, "folder": "shop"}, "folder", "a folder's number"),
        (
            {"log_bucket": {}, "exclusions": [{"name": "a", "filter": "f"}] * 2},
            "exclusions",
            "'a'",
        ),
        ({"log_bucket": {"retention": 3}}, "log_bucket.retention", "did you mean"),
        ({"log_bucket": {}, "prefix": "-x"}, "name", "starting with a letter or digit"),
    ],
)
def test_wrong_destinations_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        LogSink("access", _args(**change))

    assert says in dict(raised.value.problems)[path]
