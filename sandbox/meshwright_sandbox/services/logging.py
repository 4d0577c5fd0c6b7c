"""Cloud Logging: buckets; their views, sinks and log entries are in `services/logs`."""

import re
from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.encryption import require_key
from meshwright_sandbox.core.errors import invalid, precondition
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.service_agents import agent_email, service_account
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services import locations
from meshwright_sandbox.services.logs import entries, sinks, views
from meshwright_sandbox.services.vpc.places import REGIONS

Json = dict[str, Any]
_BUCKETS = "projects.locations.buckets"
_NAME = r"[A-Za-z0-9_.-]{1,100}"
_METRIC_NAME = r"[A-Za-z0-9_\-.,+!*',()%/]{1,100}"
_USER_METRIC = "logging.googleapis.com/user/"
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
        views.add_own(cloud, bucket["name"], project)
        sink: Json = {
            "name": short,
            "resourceName": f"projects/{project}/sinks/{short}",
            "destination": _LINK.format(project, short),
            "filter": _AUDIT if required else f"NOT ({_AUDIT})",
            "createTime": stamp,
            "updateTime": stamp,
        }
        cloud.store.put("logging", sink["resourceName"], sink, type_=sinks.PROJECT_SINKS, **put)


# Buckets


def _create_bucket(call: Call) -> Json:
    answer = generic.create(call)
    views.add_own(call.cloud, call.name, call.project)
    return answer


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
    _put_bucket(call, bucket | {"lifecycleState": _DELETED}, system=True)
    call.background("purge", call.name, latency="logBucketPurge", type_=_BUCKETS)
    return {}


def _undelete_bucket(call: Call) -> Json:
    bucket = call.get()
    if bucket["lifecycleState"] != _DELETED:
        raise precondition(f"The bucket {call.name} is not deleted.")
    _put_bucket(call, bucket | {"lifecycleState": "ACTIVE"}, system=False)
    return {}


def _put_bucket(call: Call, bucket: Json, *, system: bool) -> None:
    # What is waiting to be purged exists for the API, but is no longer anybody's resource.
    call.cloud.store.put("logging", call.name, bucket, type_=_BUCKETS, project=call.project)
    call.cloud.store.set_system("logging", call.name, system)


def _purge(work: Work) -> None:
    """The end of the 7 days; called as soon as their simulated time begins."""


def _purged(call: Call) -> None:
    """Forget a bucket whose time in DELETE_REQUESTED is over."""
    for row in call.cloud.store.of_type("logging", _BUCKETS):
        if row.doc["lifecycleState"] == _DELETED and not call.cloud.store.unfinished(
            "logging", row.name
        ):
            call.cloud.store.delete("logging", row.name)


def _settings(call: Call) -> Json:
    number = call.cloud.projects.number(call.project)
    return {
        "name": f"projects/{call.project}/settings",
        "kmsServiceAccountId": service_account("logging", number),
        "loggingServiceAccountId": agent_email("logging", number),
    }


def _metadata(_: Call, operation: Json) -> Json:
    state = "FAILED" if operation["error"] else "SUCCEEDED" if operation["done"] else "RUNNING"
    return {
        "@type": "type.googleapis.com/google.logging.v2.BucketMetadata",
        "state": f"OPERATION_STATE_{state}",
    }


# Metrics and exclusions, whose `name` is the short one


def _before(call: Call) -> None:
    _purged(call)
    if call.type == "projects.metrics":
        head, collection, short = call.name.partition("/metrics/")
        call.name = head + collection + short.replace("/", "%2F")


def _metric_id(call: Call, _: str) -> str:
    """A metric's name may have slashes (`nginx/requests`), which paths write as %2F."""
    name = str(call.sent["name"])
    if not re.fullmatch(_METRIC_NAME, name):
        raise invalid(f"Metric name is not valid: '{name}'")
    return name.replace("/", "%2F")


def _complete_metric(call: Call, metric: Json) -> None:
    short = call.name.rpartition("/")[2]
    metric["name"] = short.replace("%2F", "/")
    metric["resourceName"] = call.name


def _check_metric(call: Call, metric: Json) -> None:
    if not metric.get("filter", "").strip():
        raise invalid("The filter of a metric must not be empty.")
    sinks.check_filter(call, metric)
    descriptor = metric.setdefault("metricDescriptor", {})
    # A metric without a descriptor counts.
    descriptor.setdefault("metricKind", "DELTA")
    descriptor.setdefault("valueType", "INT64")
    descriptor["name"] = f"projects/{call.project}/metricDescriptors/{_USER_METRIC}{metric['name']}"
    descriptor["type"] = _USER_METRIC + metric["name"]


def _complete_exclusion(call: Call, exclusion: Json) -> None:
    exclusion["name"] = call.name.rpartition("/")[2]


SERVICE = Service(
    name="logging",
    versions={"v2": "logging.v2"},
    proto="google.logging",
    metadata=_metadata,
    not_found="Resource {} does not exist.".format,
    already_exists="Resource {} already exists.".format,
    id_pattern=_NAME,
    before=_before,
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
        *views.COLLECTIONS,
        *sinks.COLLECTIONS,
        Collection(
            "projects.exclusions",
            id_pattern=_NAME,
            defaults=_complete_exclusion,
            check=sinks.check_exclusion,
        ),
        Collection(
            "projects.metrics",
            full_id=_metric_id,
            defaults=_complete_metric,
            check=_check_metric,
        ),
    ),
    methods=sinks.METHODS
    | views.METHODS
    | locations.methods("global", "eu", "us")
    | entries.METHODS
    | {
        f"{_BUCKETS}.create": _create_bucket,
        f"{_BUCKETS}.createAsync": _create_bucket,
        f"{_BUCKETS}.delete": _delete_bucket,
        f"{_BUCKETS}.undelete": _undelete_bucket,
        f"{_BUCKETS}.updateAsync": generic.update,
        "projects.getSettings": _settings,
        "projects.getCmekSettings": _settings,
    },
)
