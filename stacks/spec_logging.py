"""Log sinks of the spec."""

from pydantic import Field

from stacks._fields import Closed, DatasetLocation, Filter, LogLocation, Name


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


class Exclusion(Closed):
    """Entries that a sink leaves out."""

    name: Name = Field(description="Name, unique in the sink.")
    filter: Filter = Field(description="Logging filter of what is left out.")


class LogSink(Closed):
    """Routes log entries to a bucket or a dataset; exactly one of the two."""

    name: Name = Field(description="Name, unique in the spec.")
    filter: Filter = Field(description="Logging filter of what is routed.")
    log_bucket: LogBucket | None = Field(default=None, description="Destination: a log bucket.")
    bigquery: BigQuery | None = Field(default=None, description="Destination: a dataset.")
    exclusions: list[Exclusion] = Field(
        default_factory=list[Exclusion], max_length=50, description="What is left out."
    )
