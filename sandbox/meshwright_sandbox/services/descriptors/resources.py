"""Cloud Monitoring's types of resources, with their labels.

Google has some five hundred; `resources.yaml` has those that a platform meets here.
"""

from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.services.descriptors import type_filters

Json = dict[str, Any]
_TYPE = "projects.monitoredResourceDescriptors"
_TABLE = Path(__file__).with_name("resources.yaml")
_PROJECT = {
    "key": "project_id",
    "description": "The identifier of the GCP project associated with this resource, such as "
    '"my-project".',
}


def get(call: Call) -> Json:
    """`monitoredResourceDescriptors.get`."""
    parent, _, type_ = call.name.rpartition("/")
    if type_ not in _table():
        raise ApiError(
            404,
            f"Could not find descriptor for monitored resource '{type_}'. The local cloud has "
            f"those of {', '.join(_table())}.",
        )
    return _named(parent, type_)


def list_(call: Call) -> Json:
    """`monitoredResourceDescriptors.list`: those whose type the filter wants."""
    test = type_filters.wanted(call.query.pop("filter", ""), "resource.type")
    return listing.answer(call, [_named(call.name, type_) for type_ in _table() if test(type_)])


@cache
def _table() -> dict[str, Json]:
    table: dict[str, Json] = YAML(typ="safe").load(_TABLE.read_text(encoding="utf-8"))
    return table


def _named(parent: str, type_: str) -> Json:
    entry = _table()[type_]
    labels = [{"key": key, "description": text} for key, text in entry.get("labels", {}).items()]
    return entry | {"name": f"{parent}/{type_}", "type": type_, "labels": [_PROJECT, *labels]}


METHODS = {f"{_TYPE}.get": get, f"{_TYPE}.list": list_}
