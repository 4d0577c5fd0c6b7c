"""What is kept and watched: log sinks, dashboard, objectives."""

import pulumi

from meshwright import LogSink, LogSinkArgs
from stacks.spec import Platform
from stacks.spec_logging import LogSink as SinkSpec


def log_sinks(spec: Platform, opts: pulumi.ResourceOptions) -> dict[str, LogSink]:
    """The log sinks by name."""
    return {sink.name: _sink(spec, sink, opts) for sink in spec.log_sinks}


def _sink(spec: Platform, sink: SinkSpec, opts: pulumi.ResourceOptions) -> LogSink:
    args: LogSinkArgs = {
        "project": spec.project,
        "prefix": spec.prefix,
        "filter": sink.filter,
        "labels": {**spec.labels},
        "exclusions": [{"name": out.name, "filter": out.filter} for out in sink.exclusions],
    }
    if sink.log_bucket:
        args["log_bucket"] = {
            "location": sink.log_bucket.location,
            "retention_days": sink.log_bucket.retention_days,
            "analytics": sink.log_bucket.analytics,
        }
    if sink.bigquery:
        args["bigquery"] = {
            "location": sink.bigquery.location,
            "delete_contents_on_destroy": sink.bigquery.delete_contents_on_destroy,
        }
        if sink.bigquery.retention_days is not None:
            args["bigquery"]["retention_days"] = sink.bigquery.retention_days
    return LogSink(sink.name, args, opts=opts)
