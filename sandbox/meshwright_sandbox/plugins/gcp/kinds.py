"""What the plugin must be told about a resource type; everything else is derived.

Properties, their types and which are required come from ``pulumi_gcp``'s annotations, request
bodies and addresses from Google's discovery documents. A :class:`Kind` holds only what neither
says; the table of kinds stands in ``resources/*.yaml``. Paths are dotted; a Pulumi path names
properties as ``pulumi_gcp`` does on the wire, an API path names fields of the request body.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

Fields = Mapping[str, str]
Hook = Callable[[dict[str, Any], dict[str, Any]], None]
EVERYTHING = frozenset({"*"})
"""For :attr:`Kind.replaces`: nothing can be changed in place."""


@dataclass(frozen=True, eq=False)
class Kind:
    """One resource type."""

    token: str
    """Pulumi type, such as ``gcp:compute/network:Network``."""
    api: str = ""
    """Name and version of the discovery document, such as ``compute.v1``."""
    collection: str = ""
    """Path of the collection in that document, such as ``projects.locations.clusters``."""
    id: str = ""
    """The resource's id, with properties in braces; the last one is its name."""
    name_at: str = "name"
    """Where create takes the name: a body field, ``?parameter`` of the query, or nothing."""
    create: str = ""
    """Create method. Default: ``insert`` where the collection has it, else ``create``."""
    wrap: str = ""
    """Body field of the create request that holds the resource. Default: the body itself."""
    fields: Fields = field(default_factory=dict)
    """Pulumi path -> API path where they differ; an empty API path is never sent."""
    refs: Fields = field(default_factory=dict)
    """Property -> template of a relative link that a bare name or a full link is brought to."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Pulumi path -> default that the official plugin fills in; nested ones only where the
    enclosing block is given."""
    constants: Mapping[str, Any] = field(default_factory=dict)
    """API path -> value sent at creation unless the inputs say otherwise."""
    replaces: frozenset[str] = frozenset()
    """Pulumi paths that cannot change in place; name, project and location never can."""
    setters: Fields = field(default_factory=dict)
    """API path -> ``method:body path``: the call that changes just this field."""
    patch: str = "patch"
    """Method that changes whatever no setter does; empty where there is none."""
    mask: bool = False
    """Whether that method takes an ``updateMask``."""
    full: bool = False
    """Whether that method takes the whole body instead of the changed fields."""
    query: Mapping[str, Any] = field(default_factory=dict)
    """Further query parameters, sent to each method that knows them."""
    broken: frozenset[str] = frozenset()
    """Values of the API field ``status`` that mean the resource must be made again."""
    timeout: float = 1200.0
    """Seconds that one create, update or delete may take unless ``customTimeouts`` says."""
    labels: str = ""
    """Property that holds the user's labels, where the type has ``pulumiLabels``."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Output property -> template over properties and API fields (``{api.email}``)."""
    prepare: Hook | None = None
    """Last change to a request body: called with the inputs and the body."""
    present: Hook | None = None
    """Last change to the outputs: called with the API's answer and the outputs."""
    part: str = ""
    """Field of the parent's body that holds resources of this type (handler ``parts``)."""
    grows: frozenset[str] = frozenset()
    """Address ranges that may be widened in place and are replaced otherwise."""
    unread: frozenset[str] = frozenset()
    """Properties that the API does not give back as they were set."""
    fills: frozenset[str] = frozenset()
    """Pulumi paths inside given blocks that the API fills in."""
    secrets: frozenset[str] = frozenset()
    """Pulumi paths of outputs that are secret."""
    guard: str = ""
    """Property that refuses deletion while it is true."""
    mutable: frozenset[str] = frozenset()
    """Properties that stay changeable although :attr:`replaces` is :data:`EVERYTHING`."""
    unsent: frozenset[str] = frozenset()
    """Properties that are set by an update after creation, never at creation."""
    adopts: bool = False
    """Whether creating one that exists already changes it instead (built-in log buckets)."""
    force: tuple[str, str] = ("", "")
    """Property that lets delete remove the contents too, and the query parameter for that."""
    owner: str = ""
    """Template of the resource whose policy holds the grant (handler ``iam``)."""
    handler: str = ""
    """Module of this package that replaces the generic life cycle, such as ``iam``."""
    lock: str = ""
    """Template naming what changes of this type must take turns on."""

    @cached_property
    def placeholders(self) -> list[str]:
        """Properties that make up the id, in order."""
        return list(dict.fromkeys(re.findall(r"{(\w+)}", self.id)))

    @property
    def label(self) -> str:
        """The type's short name for messages, such as ``compute.Network``."""
        module = self.token.split(":")[1].split("/")[0]
        return f"{module}.{self.token.rpartition(':')[2]}"


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


@cache
def kinds() -> dict[str, Kind]:
    """Return every resource type of the table by its token."""
    found: dict[str, Kind] = {}
    for file in sorted((Path(__file__).parent / "resources").glob("*.yaml")):
        table = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for token, row in table.items():
            if token.startswith("gcp:"):
                found[token] = _kind(token, row)
    return found


def _kind(token: str, row: dict[str, Any]) -> Kind:
    """Return a row of the table as the code uses it.

    ``fields`` and ``setters`` are written as target -> sources, ``*`` standing for a source's last
    step; lists inside lists are shared ones.
    """
    for name in ("fields", "setters"):
        row[name] = {
            source: target.replace("*", _step(source, target))
            for target, sources in row.get(name, {}).items()
            for source in sources
        }
    for name in ("prepare", "present"):
        if name in row:
            module, _, function = row[name].rpartition(".")
            row[name] = getattr(importlib.import_module(f"{__package__}.{module}"), function)
    for name in ("replaces", "grows", "unread", "fills", "secrets", "mutable", "unsent", "broken"):
        row[name] = EVERYTHING if row.get(name) == "everything" else _flat(row.get(name, []))
    return Kind(token, **row)


def _step(source: str, target: str) -> str:
    last = source.rpartition(".")[2]
    return last[0].upper() + last[1:] if target.endswith("desired*") else last


def _flat(items: list[Any]) -> frozenset[str]:
    return frozenset().union(*({i} if isinstance(i, str) else _flat(i) for i in items))
