"""What the destinations of a log sink are made from."""

from typing import NotRequired, TypedDict

import pulumi


class LogBucketArgs(TypedDict):
    """A Cloud Logging bucket as destination."""

    location: NotRequired[pulumi.Input[str]]
    """Region, `us`, `eu` or `global`; it cannot be changed later. Default: `global`."""
    retention_days: NotRequired[pulumi.Input[int]]
    """Days that entries are kept, 1 to 3650. Default: 30."""
    analytics: NotRequired[pulumi.Input[bool]]
    """Whether Log Analytics (SQL) is on; it cannot be switched off. Default: false."""
    kms_key: NotRequired[pulumi.Input[str]]
    """Id of the KMS key that encrypts the bucket, from its first day on; needs a region as
    location, and leave for `logging`, as EncryptionKey gives it. Default: Google's own key."""


class BigQueryArgs(TypedDict):
    """A BigQuery dataset as destination."""

    location: NotRequired[pulumi.Input[str]]
    """Region or multi-region. Default: `US`."""
    retention_days: NotRequired[pulumi.Input[int]]
    """Days that partitions are kept. Default: for ever."""
    delete_contents_on_destroy: NotRequired[pulumi.Input[bool]]
    """Whether a destroy also deletes the tables. Default: false."""
    kms_key: NotRequired[pulumi.Input[str]]
    """Id of the KMS key that encrypts the tables; needs leave for `bigquery`, as EncryptionKey
    gives it. Default: Google's own key."""


class StorageArgs(TypedDict):
    """A Cloud Storage bucket as destination: the archive. Entries arrive every hour."""

    location: NotRequired[pulumi.Input[str]]
    """Region or multi-region (`EU`, `US`, `ASIA`); it cannot be changed later. Default: `US`."""
    retention_days: NotRequired[pulumi.Input[int]]
    """Days that entries are kept: nobody can delete them before, and they are deleted after.
    Default: for ever, and whoever may can delete them."""
    storage_class: NotRequired[pulumi.Input[str]]
    """`STANDARD`, `NEARLINE`, `COLDLINE` or `ARCHIVE`. Default: `STANDARD`."""
    bucket: NotRequired[pulumi.Input[str]]
    """Name, unique in all of Cloud Storage. Default: project, `prefix` and name, joined by `-`."""
    delete_contents_on_destroy: NotRequired[pulumi.Input[bool]]
    """Whether a destroy also deletes the entries, as far as their retention is over. Default:
    false."""
    kms_key: NotRequired[pulumi.Input[str]]
    """Id of the KMS key that encrypts the entries; needs leave for `storage`, as EncryptionKey
    gives it. Default: Google's own key."""


class PubSubArgs(TypedDict):
    """A Pub/Sub topic as destination, for what reads logs elsewhere."""

    retention_days: NotRequired[pulumi.Input[int]]
    """Days for which messages can be read again, 1 to 31. Default: none."""
    kms_key: NotRequired[pulumi.Input[str]]
    """Id of the KMS key that encrypts the messages; needs leave for `pubsub`, as EncryptionKey
    gives it. Default: Google's own key."""
    enable_api: NotRequired[bool]
    """Whether to enable Pub/Sub in the topic's project first. Default: true."""
