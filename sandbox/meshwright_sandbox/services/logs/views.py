"""Views of log buckets: those that somebody makes, and those that buckets come with.

https://cloud.google.com/logging/docs/logs-views#about
"""

from typing import Any

from meshwright_sandbox.core import generic
from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import precondition
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.logs import sinks

Json = dict[str, Any]
TYPE = "projects.locations.buckets.views"
_NO_DATA_ACCESS = (
    'NOT LOG_ID("cloudaudit.googleapis.com/data_access") AND '
    'NOT LOG_ID("externalaudit.googleapis.com/data_access")'
)


def add_own(cloud: Cloud, bucket: str, project: str) -> None:
    """Store the views that a new bucket brings: of everything, and of what is no data access."""
    stamp = now()
    views: dict[str, Json] = {"_AllLogs": {}}
    if bucket.endswith("/_Default"):
        views["_Default"] = {"filter": _NO_DATA_ACCESS}
    for short, fields in views.items():
        name = f"{bucket}/views/{short}"
        view = {"name": name, "createTime": stamp, "updateTime": stamp} | fields
        cloud.store.put("logging", name, view, type_=TYPE, project=project, system=True)


def _update(call: Call) -> Json:
    _require_no_own(call)
    return generic.update(call)


def _delete(call: Call) -> Json:
    _require_no_own(call)
    return generic.delete(call)


def _require_no_own(call: Call) -> None:
    if call.name.rpartition("/")[2].startswith("_"):
        raise precondition(f"The view {call.name} came with its bucket and cannot be changed.")


COLLECTIONS = (Collection(TYPE, id_pattern=r"[A-Za-z0-9_.-]{1,100}", check=sinks.check_filter),)
METHODS = {f"{TYPE}.delete": _delete, f"{TYPE}.patch": _update}
