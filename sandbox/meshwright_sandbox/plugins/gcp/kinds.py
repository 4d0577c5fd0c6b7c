"""What the plugin must be told about a resource type; everything else is derived.

Properties, their types and which are required come from ``pulumi_gcp``'s annotations, request
bodies and addresses from Google's discovery documents. A :class:`Kind` holds only what neither
says; the table of kinds stands in ``resources/*.yaml``. Paths are dotted; a Pulumi path names
properties as ``pulumi_gcp`` does on the wire, an API path names fields of the request body.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

Hook = Callable[[dict[str, Any], dict[str, Any]], None]
Table = Mapping[str, Any]
Paths = frozenset[str]
_TABLES = ("refs", "defaults", "constants", "query", "aliases", "cleared")
_SETS = ("replaces", "grows", "mutable", "unread", "fills", "local", "broken", "unordered")


@dataclass(frozen=True, eq=False, kw_only=True)
class Kind:
    """One row of the table; what a row leaves out is empty."""

    token: str  # Pulumi type, such as gcp:compute/network:Network
    api: str  # discovery document, such as compute.v1
    collection: str  # in that document, such as projects.locations.clusters
    id: str  # template over properties; the last one is the resource's name
    name_at: str = "name"  # where create takes the name: body field, ?query, ^request field
    made_up: bool = False  # whether the API makes up the name and answers with it
    create: str = ""  # create method, if neither insert nor create
    wrap: str = ""  # field of the create request that holds the resource
    fields: Table  # Pulumi path -> API path where they differ
    refs: Table  # property -> template of the relative link that it is sent as
    defaults: Table  # Pulumi path -> the official plugin's default, in given blocks
    constants: Table  # API path -> value sent at creation unless the inputs say one
    replaces: Paths  # Pulumi paths that cannot change in place; * for all
    mutable: Paths  # exceptions from *
    grows: Paths  # address ranges that only widen in place
    setters: Table  # API path -> "method:request path" of the call that changes it
    cleared: Table  # API path -> what its setter gets once the inputs say nothing of it
    patch: str = "patch"  # method that changes what no setter does; empty: there is none
    mask: bool = False  # whether that takes an updateMask
    query: Table  # further query parameters, for each method that knows them
    broken: Paths  # values of the API field `status` that mean: make it again
    timeout: float = 1200  # seconds for one create, update or delete
    labels: str = ""  # property of the user's labels, where the type has pulumiLabels
    aliases: Table  # output -> template over the outputs
    unread: Paths  # properties that the API does not give back as set
    fills: Paths  # Pulumi paths that the API fills in inside given blocks
    unordered: Paths  # Pulumi paths of lists whose order means nothing
    local: Paths  # Pulumi paths that hooks or the plugin itself deal with; * for all
    adopts: bool = False  # whether create takes over one that exists (built-in log buckets)
    renamed_first: bool = False  # whether one of another name is made before the old one goes
    force: tuple[str, str] = ("", "")  # property, query parameter: delete the contents too
    guard: str = ""  # property that refuses deletion while it is true
    lock: str = ""  # template of what changes of this type take turns on
    part: str = ""  # field of the parent's body that holds resources of this type
    owner: str = ""  # template of the resource whose policy holds the grant
    prepare: Hook | None = None  # last change to a body
    present: Hook | None = None  # last change to outputs
    handler: str = "lifecycle"  # module with create, read, update and delete

    @cached_property
    def placeholders(self) -> list[str]:
        """Properties that make up the id, in order."""
        return list(dict.fromkeys(re.findall(r"{(\w+)}", self.id)))

    @property
    def label(self) -> str:
        """Short name for messages, such as ``gcp:compute.Network``."""
        return f"{self.token.partition('/')[0]}.{self.token.rpartition(':')[2]}"


@cache
def kinds() -> dict[str, Kind]:
    """Return every resource type of the table by its token."""
    found: dict[str, Kind] = {}
    for file in sorted((Path(__file__).parent / "resources").glob("*.yaml")):
        table = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
        found |= {t: _kind(t, row) for t, row in table.items() if t.startswith("gcp:")}
    return found


def _kind(token: str, row: dict[str, Any]) -> Kind:
    """Return a row as the code uses it.

    ``fields`` and ``setters`` are written as target -> sources, ``*`` standing for a source's last
    step; lists inside lists are shared ones.
    """
    for name in ("fields", "setters"):
        row[name] = {
            source: target.replace("*", _step(source, target))
            for target, sources in row.get(name, {}).items()
            for source in sources
        }
    for name in {"prepare", "present"} & row.keys():
        module, _, function = row[name].rpartition(".")
        row[name] = getattr(importlib.import_module(f"{__package__}.{module}"), function)
    row |= {name: _flat(row.get(name, [])) for name in _SETS}
    return Kind(token=token, **{name: {} for name in _TABLES} | row)


def _step(source: str, target: str) -> str:
    last = source.rpartition(".")[2]
    return last[0].upper() + last[1:] if target.endswith("desired*") else last


def _flat(items: list[Any]) -> frozenset[str]:
    return frozenset().union(*({i} if isinstance(i, str) else _flat(i) for i in items))


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...`` for a misspelt word, or nothing."""
    close = difflib.get_close_matches(wrong, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def dig(value: Any, path: str | tuple[str, ...]) -> Any:
    """Return what stands at a dotted path, or None."""
    for step in path.split(".") if isinstance(path, str) else path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def put(into: dict[str, Any], path: str | tuple[str, ...], value: Any) -> None:
    """Set what stands at a dotted path, making the objects on the way."""
    *way, last = path.split(".") if isinstance(path, str) else path
    for step in way:
        into = into.setdefault(step, {})
    into[last] = value


def relative(link: str) -> str:
    """Return a full or partial link to a resource as ``projects/...``."""
    return re.sub(r"^(https?:)?//.*?/(?=projects/)", "", link)


def last_segment(link: str) -> str:
    """Return the name at the end of a link."""
    return link.rstrip("/").rpartition("/")[2]
