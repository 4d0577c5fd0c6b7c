"""Cloud Monitoring's descriptors of metrics, as far as users make them.

Google's own (`compute.googleapis.com/...`, thousands) are not here.
"""

import re
from typing import Any

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.services.descriptors import type_filters

Json = dict[str, Any]
_TYPE = "projects.metricDescriptors"
_OWN = ("custom.googleapis.com/", "external.googleapis.com/")
_KINDS = ("GAUGE", "DELTA", "CUMULATIVE")
# Values that are no amounts cannot be counted: https://cloud.google.com/monitoring/api/v3/kinds-and-types
_GAUGES_ONLY = ("BOOL", "STRING")
_LABEL = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,99}")


def create(call: Call) -> Json:
    """`metricDescriptors.create`, which changes what is there, but takes no label away."""
    _check(call.body)
    name = f"{call.name}/{call.body['type']}"
    before = call.cloud.store.get("monitoring", name) or {}
    labels = {label["key"]: label for label in before.get("labels", [])}
    labels |= {label["key"]: label for label in call.body.get("labels", [])}
    document = call.body | {"name": name}
    if labels:
        document["labels"] = list(labels.values())
    call.put(name, document, type_=_TYPE)
    return document


def get(call: Call) -> Json:
    """`metricDescriptors.get`."""
    return _known(call)


def delete(call: Call) -> Json:
    """`metricDescriptors.delete`."""
    _known(call)
    call.cloud.store.delete("monitoring", call.name)
    return {}


def list_(call: Call) -> Json:
    """`metricDescriptors.list`: those whose type the filter wants.

    None has data, since nobody writes time series here.
    """
    test = type_filters.wanted(call.query.pop("filter", ""), "metric.type")
    rows = call.cloud.store.below("monitoring", call.name)
    found = [row.doc for row in rows if row.type == _TYPE and test(row.doc["type"])]
    return listing.answer(call, [] if call.query.get("activeOnly") == "true" else found)


def _known(call: Call) -> Json:
    document = call.cloud.store.get("monitoring", call.name)
    if document is None:
        metric = call.name.partition("/metricDescriptors/")[2]
        hint = "" if metric.startswith(_OWN) else " The local cloud has none of Google's own."
        raise ApiError(404, f"Could not find descriptor for metric '{metric}'.{hint}")
    return document


def _check(descriptor: Json) -> None:
    metric, kind = descriptor.get("type", ""), descriptor.get("metricKind")
    if not metric.startswith(_OWN) or metric in _OWN:
        raise _wrong("type", metric, f"must begin with one of {', '.join(_OWN)}.")
    if kind not in _KINDS:
        raise _wrong("metricKind", kind, f"must be one of {', '.join(_KINDS)}.")
    value = descriptor.get("valueType", "VALUE_TYPE_UNSPECIFIED")
    if value == "VALUE_TYPE_UNSPECIFIED":
        raise _wrong("valueType", value, "must be set.")
    if value in _GAUGES_ONLY and kind != "GAUGE":
        raise _wrong("valueType", value, "can be used only if the metric kind is GAUGE.")
    for label in descriptor.get("labels", []):
        if not _LABEL.fullmatch(label.get("key", "")):
            raise _wrong("labels.key", label.get("key"), f"must match {_LABEL.pattern}.")


def _wrong(field: str, value: object, rule: str) -> ApiError:
    return invalid(f'Field metricDescriptor.{field} had an invalid value of "{value}": {rule}')


METHODS = {
    f"{_TYPE}.create": create,
    f"{_TYPE}.get": get,
    f"{_TYPE}.list": list_,
    f"{_TYPE}.delete": delete,
}
