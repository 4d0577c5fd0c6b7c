"""`entries.write` and `entries.list`, and the names of logs.

https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries
"""

import base64
import binascii
import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.logs import router
from meshwright_sandbox.services.logs.query import compile_query

Json = dict[str, Any]
_LOG_NAME = re.compile(r"projects/(?P<project>[^/]+)/logs/(?P<id>[^/]+)")
_LOG_ID = re.compile(r"[A-Za-z0-9/_.-]{1,511}")
_VIEW = re.compile(r"(?P<bucket>projects/[^/]+/locations/[^/]+/buckets/[^/]+)/views/(?P<id>[^/]+)")
# Views that buckets have without anybody's making them.
_BUILT_IN_VIEWS = ("_AllLogs", "_Default")
_PAYLOADS = ("textPayload", "jsonPayload", "protoPayload")
_DEFAULT_PAGE, _LARGEST_PAGE = 50, 1000
_ORDERS = {"": False, "timestamp": False, "timestamp asc": False, "timestamp desc": True}
_FUTURE = timedelta(hours=24)


def write(call: Call) -> Json:
    """`entries.write`: complete each entry and hand it to its project's sinks."""
    common = {key: call.body[key] for key in ("logName", "resource") if key in call.body}
    entries: list[Json] = []
    for index, sent in enumerate(call.body.get("entries", [])):
        labels = {**call.body.get("labels", {}), **sent.get("labels", {})}
        entries.append(_completed(call, {**common, **sent}, labels, index))
    if call.body.get("dryRun"):
        return {}
    by_project: dict[str, list[Json]] = {}
    for entry in entries:
        by_project.setdefault(entry["logName"].split("/")[1], []).append(entry)
    for project, written in by_project.items():
        call.cloud.projects.ensure(project)
        router.route(call.cloud, project, written)
    return {}


def _completed(call: Call, entry: Json, labels: Json, index: int) -> Json:
    stamp = now()
    match = _LOG_NAME.fullmatch(entry.get("logName", ""))
    if not entry.get("logName"):
        raise invalid("Log name is empty. Log name must be set in the request or in each entry.")
    if not match or not _LOG_ID.fullmatch(unquote(match["id"])):
        if re.match(r"(folders|organizations|billingAccounts)/", entry["logName"]):
            raise ApiError(501, "The sandbox keeps logs of projects only.")
        raise invalid(f"Log name is not valid: {entry['logName']}")
    if not entry.get("resource", {}).get("type"):
        raise invalid("A monitored resource must be specified for each log entry.")
    if sum(payload in entry for payload in _PAYLOADS) > 1:
        raise invalid(f"entries[{index}]: an entry has one payload, not several.")
    project = call.cloud.projects.id(match["project"])
    entry = entry | {
        "logName": f"projects/{project}/logs/{match['id']}",
        "timestamp": _utc(entry.get("timestamp") or stamp, index),
        "receiveTimestamp": stamp,
        "insertId": entry.get("insertId") or secrets.token_hex(8),
    }
    return entry | ({"labels": labels} if labels else {})


def _utc(stamp: str, index: int) -> str:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise invalid(f"Invalid value at 'entries[{index}].timestamp': '{stamp}'") from error
    if moment > datetime.now(UTC) + _FUTURE:
        raise invalid(
            f"Log entry with timestamp {stamp} is too far in the future (more than 24 hours)."
        )
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def list_(call: Call) -> Json:
    """`entries.list`: what matches, once each, by time, a page at a time."""
    size = call.body.get("pageSize", 0)
    if not 0 <= size <= _LARGEST_PAGE:
        raise invalid(f"page_size must be between 0 and {_LARGEST_PAGE}, not {size}")
    order = " ".join(call.body.get("orderBy", "").split())
    if order not in _ORDERS:
        raise invalid(f"Invalid order_by: '{order}'. Must be 'timestamp asc' or 'timestamp desc'.")
    names = [*call.body.get("resourceNames", [])]
    names += [f"projects/{project}" for project in call.body.get("projectIds", [])]
    if not names:
        raise invalid("No resource names were specified: at least one is required.")
    matches = compile_query(call.body.get("filter", ""))
    found: dict[tuple[str, str, str], Json] = {}
    for name in names:
        for entry in _entries_of(call, name):
            key = (entry["timestamp"], entry["insertId"], entry["logName"])
            if key not in found and matches(entry):
                found[key] = entry
    return _page(call, found, size or _DEFAULT_PAGE, descending=_ORDERS[order])


def _page(
    call: Call, found: dict[tuple[str, str, str], Json], size: int, *, descending: bool
) -> Json:
    """Pages go on after the last entry shown, whatever has been written since."""
    query = [call.body.get(key) for key in ("resourceNames", "filter", "orderBy")]
    keys = sorted(found, reverse=descending)
    if token := call.body.get("pageToken"):
        last = _position(token, query)
        keys = [key for key in keys if (key < last if descending else key > last)]
    answer: Json = {}
    if keys:
        answer["entries"] = [found[key] for key in keys[:size]]
    if len(keys) > size:
        text = json.dumps({"query": query, "last": keys[size - 1]})
        answer["nextPageToken"] = base64.urlsafe_b64encode(text.encode()).decode()
    return answer


def _position(token: str, query: list[Any]) -> tuple[str, str, str]:
    try:
        position = json.loads(base64.urlsafe_b64decode(token.encode()))
        first, second, third = position["last"]
        same = position["query"] == query
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise invalid("page_token is invalid") from error
    if not same:
        raise invalid("page_token doesn't match arguments from the request")
    return first, second, third


def _entries_of(call: Call, name: str) -> list[Json]:
    """What a container's logs have, in whatever bucket it lies, or what a view shows."""
    contents = call.cloud.store.contents
    head, _, container = name.partition("/")
    if head == "projects" and "/" not in container:
        prefix = f"projects/{call.cloud.projects.id(container)}/logs/"
        held = contents.docs_with("logging", prefix)
        return [entry for entry in held if entry["logName"].startswith(prefix)]
    view = _VIEW.fullmatch(name)
    if view:
        project = call.cloud.projects.id(view["bucket"].split("/")[1])
        bucket = "/".join(["projects", project, *view["bucket"].split("/")[2:]])
        shows = compile_query(_view_filter(call, bucket, view["id"]))
        return [each.doc for each in contents.of("logging", bucket) if shows(each.doc)]
    if head in ("folders", "organizations", "billingAccounts"):
        raise ApiError(501, f"The sandbox lists logs of projects and views only, not of {name}.")
    raise invalid(
        f"Invalid resource name: {name}. Name a project (projects/ID) or a view "
        "(projects/ID/locations/LOCATION/buckets/BUCKET/views/VIEW)."
    )


def _view_filter(call: Call, bucket: str, view: str) -> str:
    call.get(bucket)
    if view in _BUILT_IN_VIEWS and (view == "_AllLogs" or bucket.endswith("/_Default")):
        return ""
    return str(call.get(f"{bucket}/views/{view}").get("filter", ""))


def list_logs(call: Call) -> Json:
    """`logs.list`: names of the project's logs that have entries."""
    project = f"projects/{call.name.split('/')[1]}"
    names = {entry["logName"] for entry in _entries_of(call, project)}
    return {"logNames": sorted(names)} if names else {}


def delete_log(call: Call) -> Json:
    """`logs.delete`: all entries of one log."""
    log = call.name.replace("%2F", "/")
    held = call.cloud.store.contents.of_service("logging")
    doomed = [each.number for each in held if unquote(each.doc["logName"]) == log]
    if not doomed:
        raise ApiError(404, f"Log {call.name} does not exist")
    call.cloud.store.contents.remove(doomed)
    return {}


METHODS = {
    "entries.write": write,
    "entries.list": list_,
    "projects.logs.list": list_logs,
    "projects.logs.delete": delete_log,
    "logs.list": list_logs,
    "logs.delete": delete_log,
}
