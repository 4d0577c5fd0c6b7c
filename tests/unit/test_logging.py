"""LogSink: destinations, what the sink may write, and what is left out."""

import pulumi
import pytest

from meshwright import ArgumentError, LogSink, LogSinkArgs
from tests.unit.recording import component_test, record

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
                "kms_key": "k",
            },
            destination_project="logs",
        ),
    )

    def check(_):
        bucket = recorder.one("ProjectBucketConfig").inputs
        assert bucket["project"] == "logs"
        assert bucket["cmekSettings"] == {"kmsKeyName": "k"}
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
            bigquery={"retention_days": 2, "location": "EU", "kms_key": "k"},
            exclusions=[exclusion],
            description="errors",
            labels={"team": "shop"},
        ),
    )

    consumer = pulumi.CustomResource("test:index:Reader", "reader", {"x": sink.destination})

    def check(_):
        dataset = recorder.one("Dataset").inputs
        assert dataset["datasetId"] == "mesh_logs"
        assert dataset["location"] == "EU"
        assert dataset["defaultPartitionExpirationMs"] == 172_800_000
        assert dataset["defaultEncryptionConfiguration"] == {"kmsKeyName": "k"}
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


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({}, "log_bucket", "neither is given"),
        ({"log_bucket": {}, "bigquery": {}}, "log_bucket", "both are given"),
        ({"log_bucket": {"retention_days": 0}}, "log_bucket.retention_days", "1 to 3650"),
        ({"log_bucket": {"kms_key": "k"}}, "log_bucket.location", "needs a region"),
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
