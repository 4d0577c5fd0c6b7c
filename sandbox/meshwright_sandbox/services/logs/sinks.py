"""Sinks and exclusions: what they take, and where sinks lead."""

import re
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.service_agents import agent_email
from meshwright_sandbox.services.logs.query import compile_query

Json = dict[str, Any]
PROJECT_SINKS = "projects.sinks"
_FOLDER_SINKS = "folders.sinks"
_NAME = r"[A-Za-z0-9_.-]{1,100}"
_MOST_EXCLUSIONS = 50


def check_filter(_: Call, document: Json) -> None:
    """Refuse a filter that is no query, or none that the sandbox can evaluate."""
    compile_query(document.get("filter", ""))


def _complete_sink(call: Call, sink: Json) -> None:
    sink["name"] = call.name.rpartition("/")[2]
    sink["resourceName"] = call.name
    sink.pop("outputVersionFormat", None)


def _check_sink(call: Call, sink: Json) -> None:
    """Destinations must exist.

    The cloud itself takes any destination of the right form and reports by mail what it cannot
    write to; a platform under development is better served by hearing of it at once.
    """
    check_filter(call, sink)
    _check_exclusions(call, sink.get("exclusions", []))
    project = _destination_project(call, sink.get("destination", ""))
    unique = call.query.get("uniqueWriterIdentity") == "true" or "writerIdentity" in sink
    if call.name.rpartition("/")[2] == "_Required":
        raise precondition("The _Required sink cannot be modified.")
    if sink.get("bigqueryOptions") and not sink["destination"].startswith("bigquery."):
        raise invalid("bigquery_options can only be set for a BigQuery destination.")
    if "bigqueryOptions" not in sink and sink["destination"].startswith("bigquery."):
        sink["bigqueryOptions"] = {}
    if project == call.project and sink["destination"].startswith("logging."):
        sink.pop("writerIdentity", None)  # writes without an identity
        return
    if not unique:
        sink["writerIdentity"] = "serviceAccount:cloud-logs@system.gserviceaccount.com"
        return
    custom = call.query.get("customWriterIdentity")
    sink["writerIdentity"] = custom or f"serviceAccount:{_writer(call)}"


def _check_exclusions(call: Call, exclusions: list[Json]) -> None:
    if len(exclusions) > _MOST_EXCLUSIONS:
        raise invalid(f"A sink has at most {_MOST_EXCLUSIONS} exclusions, not {len(exclusions)}.")
    seen: set[str] = set()
    for exclusion in exclusions:
        name = exclusion.get("name", "")
        if not re.fullmatch(_NAME, name):
            raise invalid(f"Exclusion name is not valid: '{name}'")
        if name in seen:
            raise invalid(f"Exclusion names must be unique in a sink: '{name}'")
        seen.add(name)
        check_exclusion(call, exclusion)


def check_exclusion(call: Call, exclusion: Json) -> None:
    """An exclusion leaves something out, and not by mistake everything."""
    if not exclusion.get("filter", "").strip():
        raise invalid("The filter of an exclusion must not be empty.")
    check_filter(call, exclusion)


def _writer(call: Call) -> str:
    """As whom the sinks of the call's project or folder write."""
    head, owner = call.name.split("/")[:2]
    if head == "folders":
        return f"service-folder-{owner}@gcp-sa-logging.iam.gserviceaccount.com"
    return agent_email("logging", call.cloud.projects.number(call.project))


_DESTINATIONS = {
    "logging.googleapis.com": ("logging", r"projects/[^/]+(/locations/[^/]+/buckets/[^/]+)?"),
    "bigquery.googleapis.com": ("bigquery", r"projects/[^/]+/datasets/[^/]+"),
    "pubsub.googleapis.com": ("pubsub", r"projects/[^/]+/topics/[^/]+"),
    "storage.googleapis.com": ("storage", r"[^/]+"),
}


def _destination_project(call: Call, destination: str) -> str:
    """The project of a sink's destination ("" for Cloud Storage).

    Raises:
        ApiError: 400 for a destination of no known form, or one that does not exist.
    """
    host, _, path = destination.partition("/")
    service, pattern = _DESTINATIONS.get(host, ("", ""))
    if not service or not re.fullmatch(pattern, path):
        raise invalid(f"Unsupported sink destination: {destination}")
    name = f"b/{path}" if service == "storage" else resource_name(call, path) or path
    document = call.cloud.store.get(service, name)
    if path.count("/") == 1 and service == "logging":
        document = {}  # another project's log router
    if document is None or document.get("lifecycleState") == "DELETE_REQUESTED":
        raise ApiError(
            400, f"The sink destination {destination} does not exist.", refusal="reference"
        )
    return name.split("/")[1] if name.startswith("projects/") else ""


def _patch_sink(call: Call) -> Json:
    """Without a mask, these fields are updated (for the sake of older clients)."""
    call.query.setdefault("updateMask", "destination,filter,includeChildren")
    return generic.update(call)


def _delete_sink(call: Call) -> Json:
    if call.name.rpartition("/")[2] == "_Required":
        raise precondition("The _Required sink cannot be deleted.")
    return generic.delete(call)


COLLECTIONS = tuple(
    Collection(
        type_, id_pattern=_NAME, defaults=_complete_sink, check=_check_sink, schema="LogSink"
    )
    for type_ in (PROJECT_SINKS, _FOLDER_SINKS)
)
METHODS = {
    f"{PROJECT_SINKS}.delete": _delete_sink,
    f"{PROJECT_SINKS}.patch": _patch_sink,
    f"{PROJECT_SINKS}.update": _patch_sink,
    f"{_FOLDER_SINKS}.patch": _patch_sink,
    f"{_FOLDER_SINKS}.update": _patch_sink,
}
