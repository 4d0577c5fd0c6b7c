"""How entries are written where sinks lead: log buckets, BigQuery, Cloud Storage, Pub/Sub.

https://cloud.google.com/logging/docs/export/using_exported_logs. Everything arrives at once, also
in Cloud Storage, where the cloud writes once an hour.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.services import messages
from meshwright_sandbox.services.logs import tables
from meshwright_sandbox.services.objects import stored

Json = dict[str, Any]


def write(cloud: Cloud, sink: Json, entries: list[Json]) -> None:
    """Put entries into the destination of a sink, which exists and lets its writer in."""
    host, _, name = sink["destination"].partition("/")
    head, _, rest = name.partition("/")
    if head == "projects":
        project, _, rest = rest.partition("/")
        name = f"projects/{cloud.projects.id(project)}/{rest}"
    _WRITERS[host](cloud, sink, name, entries)


def log_id(entry: Json) -> str:
    """The last part of an entry's log name, decoded: `cloudaudit.googleapis.com/activity`."""
    return unquote(entry["logName"].partition("/logs/")[2])


def _bucket(cloud: Cloud, _: Json, name: str, entries: list[Json]) -> None:
    cloud.store.contents.add("logging", name, entries)


def _topic(cloud: Cloud, _: Json, name: str, entries: list[Json]) -> None:
    attribute = "logging.googleapis.com/timestamp"
    messages.publish(
        cloud,
        name,
        [(json.dumps(entry).encode(), {attribute: entry["timestamp"]}) for entry in entries],
    )


def _dataset(cloud: Cloud, sink: Json, name: str, entries: list[Json]) -> None:
    partitioned = sink.get("bigqueryOptions", {}).get("usePartitionedTables", False)
    by_log: dict[str, list[Json]] = {}
    for entry in entries:
        by_log.setdefault(log_id(entry), []).append(entry)
    for log, written in by_log.items():
        tables.append(cloud, name, log, written, partitioned=partitioned)


def _storage(cloud: Cloud, _: Json, name: str, entries: list[Json]) -> None:
    by_object: dict[str, list[Json]] = {}
    for entry in entries:
        date, hour = entry["timestamp"][:10].replace("-", "/"), entry["timestamp"][11:13]
        path = f"{log_id(entry)}/{date}/{hour}:00:00_{hour}:59:59_S0.json"
        by_object.setdefault(path, []).append(entry)
    for path, written in by_object.items():
        stored.append(cloud, name, path, written)


_WRITERS: dict[str, Callable[[Cloud, Json, str, list[Json]], None]] = {
    "logging.googleapis.com": _bucket,
    "pubsub.googleapis.com": _topic,
    "bigquery.googleapis.com": _dataset,
    "storage.googleapis.com": _storage,
}
