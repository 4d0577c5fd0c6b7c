"""Log sinks of the spec, and the keys of one's own that data is encrypted with."""

from typing import Annotated

from pydantic import Field

from stacks._fields import (
    Closed,
    DatasetLocation,
    Filter,
    KeyLocation,
    LogLocation,
    Name,
    StorageLocation,
)


class EncryptionKey(Closed):
    """A key of Cloud KMS that is made here, in a ring of its own, and rotated."""

    name: Name = Field(description="Name, unique in the spec.")
    location: KeyLocation = Field(
        description="Region, `us`, `europe`, `asia` or `global`: where what it encrypts is."
    )
    rotation_days: int = Field(
        default=90, ge=1, le=3650, description="How often it is rotated, days."
    )


class LogBucket(Closed):
    """A Cloud Logging bucket."""

    location: LogLocation = Field(
        default="global", description="Region, `us`, `eu` or `global`; it cannot be changed later."
    )
    retention_days: int = Field(
        default=30, ge=1, le=3650, description="How long entries are kept, days."
    )
    analytics: bool = Field(
        default=False, description="Whether SQL (Log Analytics) is on; it cannot be turned off."
    )


class BigQuery(Closed):
    """A BigQuery dataset."""

    location: DatasetLocation = Field(default="US", description="Region, `US` or `EU`.")
    retention_days: int | None = Field(
        default=None, ge=1, le=36500, description="How long rows are kept, days. Default: for ever."
    )
    delete_contents_on_destroy: bool = Field(
        default=False, description="Whether a destroy deletes the tables."
    )


class Storage(Closed):
    """A Cloud Storage bucket: the archive."""

    location: StorageLocation = Field(default="EU", description="Region, `US`, `EU` or `ASIA`.")
    retention_days: int = Field(
        default=400, ge=1, le=36500, description="How long entries cannot be deleted, days."
    )
    delete_contents_on_destroy: bool = Field(
        default=False, description="Whether a destroy deletes the entries."
    )


class PubSub(Closed):
    """A Pub/Sub topic, for what reads logs elsewhere."""

    retention_days: int | None = Field(
        default=None, ge=1, le=31, description="How long messages are kept, days. Default: not."
    )


class Exclusion(Closed):
    """Entries that a sink leaves out."""

    name: Name = Field(description="Name, unique in the sink.")
    filter: Filter = Field(description="Logging filter of what is left out.")


class LogSink(Closed):
    """Routes log entries to exactly one of four destinations."""

    name: Name = Field(description="Name, unique in the spec.")
    filter: Filter = Field(description="Logging filter of what is routed.")
    folder: Annotated[str, Field(pattern=r"^\d{6,20}$")] | None = Field(
        default=None,
        description="Number of a folder whose projects' logs are routed, all of them. Default: the "
        "platform's project alone.",
        examples=["123456789012"],
    )
    log_bucket: LogBucket | None = Field(default=None, description="Destination: a log bucket.")
    bigquery: BigQuery | None = Field(default=None, description="Destination: a dataset.")
    storage: Storage | None = Field(default=None, description="Destination: a bucket of files.")
    pubsub: PubSub | None = Field(default=None, description="Destination: a topic.")
    encryption_key: Name | None = Field(
        default=None, description="One of `encryption_keys`, in the destination's location."
    )
    exclusions: list[Exclusion] = Field(
        default_factory=list[Exclusion], max_length=50, description="What is left out."
    )
