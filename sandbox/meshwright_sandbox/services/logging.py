"""Cloud Logging: buckets, views, sinks, exclusions."""

import re
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.encryption import require_key
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.references import resource_name
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.service_agents import agent_email, service_account
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
_BUCKETS = "projects.locations.buckets"
_SINKS = "projects.sinks"
_FOLDER_SINKS = "folders.sinks"
_NAME = r"[A-Za-z0-9_.-]{1,100}"
_BUILT_IN = ("_Default", "_Required")
_DELETED = "DELETE_REQUESTED"
_AUDIT = (
    'LOG_ID("cloudaudit.googleapis.com/activity") OR '
    'LOG_ID("externalaudit.googleapis.com/activity")'
)
_LINK = "logging.googleapis.com/projects/{}/locations/global/buckets/{}"


def _seed(cloud: Cloud, project: str) -> None:
    """What every project has: two buckets in `global`, and the sinks that fill them."""
    stamp = now()
    for short in _BUILT_IN:
        required = short == "_Required"
        bucket: Json = {
            "name": f"projects/{project}/locations/global/buckets/{short}",
            "retentionDays": 400 if required else 30,
            "lifecycleState": "ACTIVE",
            "description": "Audit bucket" if required else "Default bucket",
        }
        if required:
            bucket["locked"] = True
        put = {"project": project, "system": True}
        cloud.store.put("logging", bucket["name"], bucket, type_=_BUCKETS, **put)
        sink: Json = {
            "name": short,
            "resourceName": f"projects/{project}/sinks/{short}",
            "destination": _LINK.format(project, short),
            "filter": _AUDIT if required else f"NOT ({_AUDIT})",
            "createTime": stamp,
            "updateTime": stamp,
        }
        cloud.store.put("logging", sink["resourceName"], sink, type_=_SINKS, **put)


# Buckets


def _complete_bucket(call: Call, bucket: Json) -> None:
    if call.location not in ("global", "eu", "us", *REGIONS):
        raise invalid(f"Location {call.location} is not supported for log buckets.")
    bucket.setdefault("retentionDays", 30)
    bucket["lifecycleState"] = "ACTIVE"


def _check_bucket(call: Call, bucket: Json) -> None:
    before = call.before or {}
    if before.get("lifecycleState") == _DELETED:
        raise precondition("Buckets must be in an ACTIVE state to be modified")
    days = bucket.get("retentionDays", 0)
    if not 1 <= days <= 3650:
        raise invalid(f"Retention must be between 1 and 3650 days, not {days}.")
    if before.get("locked") and bucket.get("retentionDays") != before.get("retentionDays"):
        raise precondition("The retention of a locked bucket cannot be changed.")
    if before.get("analyticsEnabled") and not bucket.get("analyticsEnabled"):
        raise invalid("Log Analytics cannot be disabled once it was enabled on a bucket.")
    if call.name.endswith("/_Required"):
        raise precondition("The _Required bucket cannot be modified.")
    key = bucket.get("cmekSettings", {}).get("kmsKeyName")
    if key:
        account = service_account("logging", call.cloud.projects.number(call.project))
        require_key(call, key, account, call.location)
    elif before.get("cmekSettings"):
        raise precondition("CMEK cannot be disabled on a bucket that has it.")
    if key and call.before is not None and "cmekSettings" not in before:
        raise precondition("CMEK can only be enabled when the bucket is created.")


def _delete_bucket(call: Call) -> Json:
    """A deleted bucket stays, in DELETE_REQUESTED, until it is purged."""
    bucket = call.get()
    if call.name.rpartition("/")[2] in _BUILT_IN:
        raise precondition(f"The bucket {call.name} cannot be deleted.")
    if bucket.get("locked"):
        raise precondition("A locked bucket cannot be deleted before its logs have expired.")
    if bucket["lifecycleState"] == _DELETED:
        raise precondition("Buckets must be in an ACTIVE state to be deleted")
    call.cloud.store.delete("logging", call.name)
    _put_bucket(call, bucket | {"lifecycleState": _DELETED}, system=True)
    call.background("purge", call.name, latency="logBucketPurge", type_=_BUCKETS)
    return {}


def _undelete_bucket(call: Call) -> Json:
    bucket = call.get()
    if bucket["lifecycleState"] != _DELETED:
        raise precondition(f"The bucket {call.name} is not deleted.")
    call.cloud.store.delete("logging", call.name)
    _put_bucket(call, bucket | {"lifecycleState": "ACTIVE"}, system=False)
    return {}


def _put_bucket(call: Call, bucket: Json, *, system: bool) -> None:
    # What is waiting to be purged exists for the API, but is no longer anybody's resource.
    call.cloud.store.put(
        "logging", call.name, bucket, type_=_BUCKETS, project=call.project, system=system
    )


def _purge(work: Work) -> None:
    """The end of the 7 days; called as soon as their simulated time begins."""


def _purged(call: Call) -> None:
    """Forget a bucket whose time in DELETE_REQUESTED is over."""
    for row in call.cloud.store.of_type("logging", _BUCKETS):
        if row.doc["lifecycleState"] == _DELETED and not call.cloud.store.unfinished(
            "logging", row.name
        ):
            call.cloud.store.delete("logging", row.name)


# Sinks


def _complete_sink(call: Call, sink: Json) -> None:
    sink["name"] = call.name.rpartition("/")[2]
    sink["resourceName"] = call.name
    sink.pop("outputVersionFormat", None)


def _check_sink(call: Call, sink: Json) -> None:
    """Destinations must exist.

    The cloud itself takes any destination of the right form and reports by mail what it cannot
    write to; a platform under development is better served by hearing of it at once.
    """
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
    if document is None or document.get("lifecycleState") == _DELETED:
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


def _entries(_: Call) -> Json:
    return {}  # nothing in the sandbox writes logs to the cloud


def _settings(call: Call) -> Json:
    number = call.cloud.projects.number(call.project)
    return {
        "name": f"projects/{call.project}/settings",
        "kmsServiceAccountId": service_account("logging", number),
        "loggingServiceAccountId": agent_email("logging", number),
    }


SERVICE = Service(
    name="logging",
    versions={"v2": "logging.v2"},
    proto="google.logging",
    not_found="Resource {} does not exist.".format,
    already_exists="Resource {} already exists.".format,
    before=_purged,
    seed=_seed,
    works={"purge": _purge},
    collections=(
        Collection(
            _BUCKETS,
            id_from="query:bucketId",
            id_pattern=_NAME,
            output_only=("lifecycleState", "name"),
            defaults=_complete_bucket,
            check=_check_bucket,
        ),
        Collection(f"{_BUCKETS}.views", id_pattern=_NAME),
        Collection(
            _SINKS, id_pattern=_NAME, defaults=_complete_sink, check=_check_sink, schema="LogSink"
        ),
        Collection(
            _FOLDER_SINKS,
            id_pattern=_NAME,
            defaults=_complete_sink,
            check=_check_sink,
            schema="LogSink",
        ),
        Collection("projects.exclusions", id_pattern=_NAME),
    ),
    methods={
        f"{_BUCKETS}.createAsync": generic.create,
        f"{_BUCKETS}.delete": _delete_bucket,
        f"{_BUCKETS}.undelete": _undelete_bucket,
        f"{_BUCKETS}.updateAsync": generic.update,
        f"{_SINKS}.delete": _delete_sink,
        f"{_SINKS}.patch": _patch_sink,
        f"{_SINKS}.update": _patch_sink,
        f"{_FOLDER_SINKS}.patch": _patch_sink,
        f"{_FOLDER_SINKS}.update": _patch_sink,
        "entries.list": _entries,
        "projects.getSettings": _settings,
        "projects.getCmekSettings": _settings,
    },
)
