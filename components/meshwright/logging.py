"""A log sink, its destination, and its leave to write there.

Follows https://cloud.google.com/logging/docs/export/configure_export_v2 and, for folders,
https://cloud.google.com/logging/docs/export/aggregated_sinks.
"""

import re
from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict, cast

import pulumi
import pulumi_gcp as gcp

from ._log_destination_args import BigQueryArgs, LogBucketArgs, PubSubArgs, StorageArgs
from ._log_destinations import (
    Home,
    dataset,
    destination_name,
    destination_problems,
    log_bucket,
    storage,
    topic,
)
from ._names import LOG_NAME, named, physical_name
from ._outputs import after, outputs_of
from ._validation import checked, duplicates

_KINDS = ("log_bucket", "bigquery", "storage", "pubsub")
_FOLDER = re.compile(r"(folders/)?\d+")


class LogExclusionArgs(TypedDict):
    """Entries that the sink leaves out."""

    name: str
    """Name of the exclusion, unique in the sink."""
    filter: pulumi.Input[str]
    """Logging filter of what is left out."""
    description: NotRequired[pulumi.Input[str]]
    """Why. Default: none."""


class LogSinkArgs(TypedDict):
    """What a LogSink is made from: exactly one of the four destinations."""

    project: pulumi.Input[str]
    """Id of the project whose logs are routed; with `folder`, of the destination's project."""
    filter: pulumi.Input[str]
    """Logging filter of what is routed."""
    folder: NotRequired[pulumi.Input[str]]
    """Number of a folder: the logs of every project below it are routed. Default: only those of
    `project`."""
    log_bucket: NotRequired[LogBucketArgs]
    """Destination: a log bucket."""
    bigquery: NotRequired[BigQueryArgs]
    """Destination: a BigQuery dataset."""
    storage: NotRequired[StorageArgs]
    """Destination: a Cloud Storage bucket."""
    pubsub: NotRequired[PubSubArgs]
    """Destination: a Pub/Sub topic."""
    destination_project: NotRequired[pulumi.Input[str]]
    """Id of the project that owns the destination. Default: `project`."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    exclusions: NotRequired[list[LogExclusionArgs]]
    """What is left out. Default: nothing."""
    description: NotRequired[pulumi.Input[str]]
    """What the sink is for. Default: none."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of a dataset, storage bucket or topic. Default: none."""


class LogSink(pulumi.ComponentResource):
    """Routes log entries that match a filter to a destination made here.

    The entries are those of a project, or of all projects below a folder. The sink writes as an
    identity of its own, which gets leave to write to the destination and nothing more; a log bucket
    in the sink's own project needs none. Entries from before the sink are not routed. Raises
    ArgumentError unless exactly one destination is named, for a retention out of range, and for a
    key that is not where the destination is.
    """

    sink_name: pulumi.Output[str]
    """Physical name of the sink."""
    destination: pulumi.Output[str]
    """Where it writes, once it may: `logging.googleapis.com/...`, `bigquery.googleapis.com/...`,
    `storage.googleapis.com/...` or `pubsub.googleapis.com/...`."""
    writer_identity: pulumi.Output[str]
    """The sink's own service account, `serviceAccount:...`."""

    def __init__(
        self, name: str, args: LogSinkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("LogSink", name, args, LogSinkArgs, _problems, named(LOG_NAME, name))
        physical = physical_name("LogSink", LOG_NAME, args.get("prefix"), name)
        project = args.get("destination_project", args["project"])
        kind = next(kind for kind in _KINDS if kind in args)
        bucket = args.get("storage", {}).get("bucket")
        own = destination_name(kind, project, args.get("prefix"), name, bucket)
        super().__init__("meshwright:index:LogSink", name, {}, opts)
        home = Home(self, name, own, project, args.get("labels"))
        if "bigquery" in args:
            made = dataset(home, args["bigquery"])
        elif "storage" in args:
            made = storage(home, args["storage"])
        elif "pubsub" in args:
            made = topic(home, args["pubsub"])
        else:
            made = log_bucket(home, args.get("log_bucket", {}))
        sink = self._sink(name, physical, args, made.address)
        waits: list[pulumi.Resource] = [sink]
        leaves_its_project = "folder" in args or "destination_project" in args
        if "log_bucket" not in args or leaves_its_project:
            waits.append(made.admit(sink.writer_identity))
        self.sink_name = sink.name
        self.destination = after(made.address, waits)
        self.writer_identity = sink.writer_identity
        self.register_outputs(outputs_of(self))

    def _sink(
        self, name: str, physical: str, args: LogSinkArgs, destination: pulumi.Output[str]
    ) -> "gcp.logging.ProjectSink | gcp.logging.FolderSink":
        common: dict[str, Any] = {
            "name": physical,
            "destination": destination,
            "filter": args["filter"],
            "description": args.get("description"),
            "bigquery_options": {"use_partitioned_tables": True} if "bigquery" in args else None,
            "exclusions": [
                {
                    "name": exclusion["name"],
                    "filter": exclusion["filter"],
                    "description": exclusion.get("description"),
                }
                for exclusion in args.get("exclusions", [])
            ],
            "opts": pulumi.ResourceOptions(parent=self),
        }
        if "folder" in args:
            folder = pulumi.Output.from_input(args["folder"])
            number = folder.apply(lambda value: value.removeprefix("folders/"))
            return gcp.logging.FolderSink(
                f"{name}-sink", folder=number, include_children=True, **common
            )
        return gcp.logging.ProjectSink(
            f"{name}-sink", project=args["project"], unique_writer_identity=True, **common
        )


def _problems(args: LogSinkArgs) -> Iterator[tuple[str, str]]:
    named = [kind for kind in _KINDS if kind in args]
    if len(named) != 1:
        have = f"{' and '.join(named)} are" if named else "none is"
        yield "log_bucket", f"name exactly one of {', '.join(_KINDS)}; {have} given"
    yield from destination_problems(cast(dict[str, Any], args))
    folder = args.get("folder")
    if isinstance(folder, str) and not _FOLDER.fullmatch(folder):
        yield "folder", f"{folder!r} must be a folder's number, such as 123456789012"
    for name in duplicates(exclusion["name"] for exclusion in args.get("exclusions", [])):
        yield "exclusions", f"two exclusions are named {name!r}; names are unique in a sink"
