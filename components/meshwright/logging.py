"""A log sink, its destination (a log bucket or a BigQuery dataset), and its leave to write there.

Follows https://cloud.google.com/logging/docs/export/configure_export_v2.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._names import DATASET, LOG_NAME, physical_name
from ._outputs import after, outputs_of
from ._validation import checked, duplicates

_DAY_MS = 24 * 60 * 60 * 1000


class LogBucketArgs(TypedDict):
    """A Cloud Logging bucket as destination."""

    location: NotRequired[pulumi.Input[str]]
    """Region, or `global`. Default: `global`."""
    retention_days: NotRequired[pulumi.Input[int]]
    """Days that entries are kept, 1 to 3650. Default: 30."""
    analytics: NotRequired[pulumi.Input[bool]]
    """Whether Log Analytics (SQL) is on; it cannot be switched off. Default: false."""
    kms_key: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts the bucket; needs a region as location. Default: Google's own key."""


class BigQueryArgs(TypedDict):
    """A BigQuery dataset as destination."""

    location: NotRequired[pulumi.Input[str]]
    """Region or multi-region. Default: `US`."""
    retention_days: NotRequired[pulumi.Input[int]]
    """Days that partitions are kept. Default: for ever."""
    delete_contents_on_destroy: NotRequired[pulumi.Input[bool]]
    """Whether a destroy also deletes the tables. Default: false."""
    kms_key: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts the tables. Default: Google's own key."""


class LogExclusionArgs(TypedDict):
    """Entries that the sink leaves out."""

    name: str
    """Name of the exclusion, unique in the sink."""
    filter: pulumi.Input[str]
    """Logging filter of what is left out."""
    description: NotRequired[pulumi.Input[str]]
    """Why. Default: none."""


class LogSinkArgs(TypedDict):
    """What a LogSink is made from: exactly one of `log_bucket` and `bigquery`."""

    project: pulumi.Input[str]
    """Id of the project whose logs are routed."""
    filter: pulumi.Input[str]
    """Logging filter of what is routed."""
    log_bucket: NotRequired[LogBucketArgs]
    """Destination: a log bucket."""
    bigquery: NotRequired[BigQueryArgs]
    """Destination: a BigQuery dataset."""
    destination_project: NotRequired[pulumi.Input[str]]
    """Id of the project that owns the destination. Default: `project`."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    exclusions: NotRequired[list[LogExclusionArgs]]
    """What is left out. Default: nothing."""
    description: NotRequired[pulumi.Input[str]]
    """What the sink is for. Default: none."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of a BigQuery dataset. Default: none."""


class LogSink(pulumi.ComponentResource):
    """Routes a project's log entries that match a filter to a destination made here.

    The sink writes as an identity of its own, which gets leave to write to the destination and
    nothing more; a log bucket in the sink's own project needs none. Entries from before the sink
    are not routed. Raises ArgumentError unless exactly one destination is named.
    """

    sink_name: pulumi.Output[str]
    """Physical name of the sink."""
    destination: pulumi.Output[str]
    """Where it writes, once it may: `logging.googleapis.com/...` or `bigquery.googleapis.com/...`.
    """
    writer_identity: pulumi.Output[str]
    """The sink's own service account, `serviceAccount:...`."""

    def __init__(
        self, name: str, args: LogSinkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("LogSink", name, args, LogSinkArgs, _problems)
        physical = physical_name("LogSink", LOG_NAME, args.get("prefix"), name)
        super().__init__("meshwright:index:LogSink", name, {}, opts)
        home = args.get("destination_project", args["project"])
        dataset = None
        if "bigquery" in args:
            dataset = self._dataset(name, args, args["bigquery"], home)
            destination = pulumi.Output.concat("bigquery.googleapis.com/", dataset.id)
        else:
            bucket = self._bucket(name, physical, args.get("log_bucket", {}), home)
            destination = pulumi.Output.concat("logging.googleapis.com/", bucket.id)
        sink = gcp.logging.ProjectSink(
            f"{name}-sink",
            name=physical,
            project=args["project"],
            destination=destination,
            filter=args["filter"],
            description=args.get("description"),
            unique_writer_identity=True,
            bigquery_options={"use_partitioned_tables": True} if dataset else None,
            exclusions=[
                {
                    "name": exclusion["name"],
                    "filter": exclusion["filter"],
                    "description": exclusion.get("description"),
                }
                for exclusion in args.get("exclusions", [])
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        waits: list[pulumi.Resource] = [sink]
        if dataset is not None:
            waits.append(
                gcp.bigquery.DatasetIamMember(
                    f"{name}-writer",
                    project=home,
                    dataset_id=dataset.dataset_id,
                    role="roles/bigquery.dataEditor",
                    member=sink.writer_identity,
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        elif "destination_project" in args:
            waits.append(
                gcp.projects.IAMMember(
                    f"{name}-writer",
                    project=home,
                    role="roles/logging.bucketWriter",
                    member=sink.writer_identity,
                    condition={
                        "title": f"{physical} writes to its bucket",
                        "expression": pulumi.Output.concat(
                            "resource.name.endsWith('/buckets/", physical, "')"
                        ),
                    },
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        self.sink_name = sink.name
        self.destination = after(destination, waits)
        self.writer_identity = sink.writer_identity
        self.register_outputs(outputs_of(self))

    def _bucket(
        self, name: str, physical: str, bucket: LogBucketArgs, project: pulumi.Input[str]
    ) -> "gcp.logging.ProjectBucketConfig":
        return gcp.logging.ProjectBucketConfig(
            f"{name}-bucket",
            bucket_id=physical,
            project=project,
            location=bucket.get("location", "global"),
            retention_days=bucket.get("retention_days", 30),
            # Left unset when off: the API refuses to be told so for a bucket that never had it.
            enable_analytics=bucket.get("analytics"),
            cmek_settings={"kms_key_name": bucket["kms_key"]} if "kms_key" in bucket else None,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _dataset(
        self, name: str, args: LogSinkArgs, dataset: BigQueryArgs, project: pulumi.Input[str]
    ) -> "gcp.bigquery.Dataset":
        days = dataset.get("retention_days")
        expiration = None
        if days is not None:
            expiration = pulumi.Output.from_input(days).apply(lambda value: value * _DAY_MS)
        return gcp.bigquery.Dataset(
            f"{name}-dataset",
            dataset_id=physical_name("LogSink", DATASET, args.get("prefix"), name),
            project=project,
            location=dataset.get("location", "US"),
            default_partition_expiration_ms=expiration,
            delete_contents_on_destroy=dataset.get("delete_contents_on_destroy", False),
            default_encryption_configuration=(
                {"kms_key_name": dataset["kms_key"]} if "kms_key" in dataset else None
            ),
            labels=args.get("labels"),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _problems(args: LogSinkArgs) -> Iterator[tuple[str, str]]:
    named = [key for key in ("log_bucket", "bigquery") if key in args]
    if len(named) != 1:
        have = "both are" if named else "neither is"
        yield "log_bucket", f"name exactly one of log_bucket and bigquery; {have} given"
    days = args.get("log_bucket", {}).get("retention_days", 30)
    if isinstance(days, int) and not 1 <= days <= 3650:
        yield "log_bucket.retention_days", f"{days} is not within 1 to 3650"
    if "kms_key" in args.get("log_bucket", {}) and "location" not in args.get("log_bucket", {}):
        yield (
            "log_bucket.location",
            "a bucket with a key of its own needs a region; `global` has none",
        )
    for name in duplicates(exclusion["name"] for exclusion in args.get("exclusions", [])):
        yield "exclusions", f"two exclusions are named {name!r}; names are unique in a sink"
