"""A log sink and its destination: a log bucket or a BigQuery dataset, with what the sink needs to write there.

Follows https://cloud.google.com/logging/docs/export/configure_export_v2.
"""

from typing import NotRequired, TypedDict

import pulumi


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
    """A log sink."""

    sink_name: pulumi.Output[str]
    """Physical name of the sink."""
    destination: pulumi.Output[str]
    """Where it writes, once it may: `logging.googleapis.com/...` or `bigquery.googleapis.com/...`."""
    writer_identity: pulumi.Output[str]
    """The sink's own service account, `serviceAccount:...`."""

    def __init__(
        self, name: str, args: LogSinkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:LogSink", name, {}, opts)
