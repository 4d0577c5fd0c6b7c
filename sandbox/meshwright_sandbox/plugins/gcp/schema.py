"""Property trees of resource types, from ``pulumi_gcp``'s annotations and discovery documents.

A tree is built when its type is first used, and kept in the user's cache folder: loading the
modules of ``pulumi_gcp`` takes longer than most deployments.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import os
import re
import tempfile
import threading
import typing
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from pulumi import _types

from meshwright_sandbox.plugins.gcp.kinds import Kind

# pulumi_gcp loads its modules lazily, and not safely in several threads.
_building = threading.Lock()
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass
class Property:
    """One property: how Pulumi names and types it, and where the API keeps it."""

    name: str
    kind: str
    """``string``, ``integer``, ``number``, ``boolean``, ``list``, ``map``, ``object``, ``any``."""
    element: Property | None = None
    properties: dict[str, Property] = field(default_factory=dict)
    settable: bool = False
    """Whether it is an input."""
    required: bool = False
    computed: bool = False
    """Whether the provider fills it in when the program leaves it out."""
    path: tuple[str, ...] = ()
    """Where it stands in the API object around it; empty if the API has no such field."""
    api_type: str = ""
    """Type of that field in the discovery document."""
    enum: tuple[str, ...] = ()
    """Values that the API knows, where they are listed."""


@cache
def document(api: str) -> dict[str, Any]:
    """Return the discovery document ``name.version`` that google-api-python-client ships."""
    import googleapiclient

    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    return json.loads((folder / f"{api}.json").read_text(encoding="utf-8"))


def methods(api: str, collection: str) -> dict[str, Any]:
    """Return the methods of a collection by name."""
    node = document(api)
    for step in collection.split("."):
        node = node["resources"][step]
    return node["methods"]


def resource_schema(kind: Kind) -> dict[str, Any]:
    """Return the discovery schema of the resource itself."""
    if not kind.collection:
        return {}
    answers = methods(kind.api, kind.collection)
    read = answers.get("get") or next(iter(answers.values()))
    whole = _resolve(kind.api, read["response"])
    if not kind.part:
        return whole
    several = whole["properties"][kind.part]
    return _resolve(kind.api, several.get("items") or several["additionalProperties"])


def _resolve(api: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return document(api)["schemas"][schema["$ref"]]
    return dict(schema)


def _module_of(token: str) -> tuple[str, str]:
    module, name = token.split(":")[1].split("/")[0], token.rpartition(":")[2]
    folder = {"serviceAccount": "serviceaccount"}.get(module, module)
    return f"pulumi_gcp.{folder.lower()}", name


@cache
def tree(kind: Kind) -> Property:
    """Return the property tree of a resource type; its root is an object."""
    origin = f"{metadata.version('pulumi_gcp')} {kind.token} {sorted(kind.fields.items())}"
    name = hashlib.sha256((origin + Path(__file__).read_text("utf-8")).encode()).hexdigest()
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = folder / "meshwright" / "gcp-properties" / name
    try:
        return _load(json.loads(kept.read_bytes()))
    except (OSError, ValueError, TypeError):
        with _building:
            built = _tree(kind)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=kept.parent, delete=False) as file:
            json.dump(asdict(built), file)
        Path(file.name).replace(kept)  # whole or not at all: many plugins may run at once
    except OSError:
        pass  # a cache that cannot be written only costs time
    return built


def _load(kept: dict[str, Any]) -> Property:
    inner = {name: _load(value) for name, value in kept["properties"].items()}
    element = _load(kept["element"]) if kept["element"] else None
    return Property(
        **{**kept, "properties": inner, "element": element, "path": tuple(kept["path"])}
    )


def _tree(kind: Kind) -> Property:
    module_name, name = _module_of(kind.token)
    module = importlib.import_module(module_name)
    arguments, resource = getattr(module, f"{name}Args"), getattr(module, name)
    root = Property("", "object", settable=True)
    root.properties = _object(kind, arguments, resource, resource_schema(kind), "")
    hints = _types._raw_return_hints(resource)
    for property_ in root.properties.values():
        hint = str(hints.get(property_.name) or _hint(resource, property_.name))
        property_.computed = not property_.required and "Optional" not in hint
    return root


def _hint(resource: type, name: str) -> Any:
    snake = _types.resource_pulumi_to_py_names(resource).get(name, name)
    return _types._raw_return_hints(resource).get(snake)


def _required(arguments: type) -> set[str]:
    names = _types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters.values()
    plain = [p.name for p in parameters if p.default is p.empty and p.name != "__self__"]
    return {names.get(name, name) for name in plain}


def _object(
    kind: Kind, arguments: Any, outputs: Any, api: Mapping[str, Any], prefix: str
) -> dict[str, Property]:
    inputs = _types.input_type_types(arguments) if arguments else {}
    required = _required(arguments) if arguments else set()
    results: dict[str, Any] = {}
    if outputs:
        is_resource = hasattr(outputs, "get_provider")
        results = (_types.resource_types if is_resource else _types.output_type_types)(outputs)
    found: dict[str, Property] = {}
    for name in {**inputs, **results}:
        dotted = f"{prefix}{name}"
        path = kind.fields.get(dotted, name)
        steps = tuple(path.split(".")) if path else ()
        target = _find(kind.api, api, steps)
        property_ = _build(kind, name, inputs.get(name), results.get(name), target, dotted)
        property_.settable, property_.required = name in inputs, name in required
        property_.path = steps if target is not None or dotted in kind.fields else ()
        found[name] = property_
    return found


def _find(api: str, schema: Mapping[str, Any], steps: Sequence[str]) -> dict[str, Any] | None:
    found: Mapping[str, Any] = schema
    for step in steps:
        inner = _resolve(api, found).get("properties", {}).get(step)
        if inner is None:
            return None
        found = inner
    return dict(found) if steps else None


def _build(
    kind: Kind, name: str, argument: Any, output: Any, api: Mapping[str, Any] | None, dotted: str
) -> Property:
    argument, output = _plain(argument), _plain(output)
    sample = argument if argument is not None else output
    resolved = _resolve(kind.api, api or {})
    known: dict[str, Any] = {"api_type": resolved.get("type", "")}
    origin = typing.get_origin(sample)
    if sample in _SCALARS:
        return Property(name, _SCALARS[sample], enum=tuple(resolved.get("enum", ())), **known)
    if origin is not None and issubclass(origin, Sequence):
        parts = [typing.get_args(t)[0] if t is not None else None for t in (argument, output)]
        items = resolved.get("items") or resolved
        element = _build(kind, name, *parts, items, dotted)
        return Property(name, "list", element=element, **known)
    if origin is not None and issubclass(origin, Mapping):
        parts = [typing.get_args(t)[1] if t is not None else None for t in (argument, output)]
        element = _build(kind, name, *parts, None, dotted)
        return Property(name, "map", element=element, **known)
    if not isinstance(sample, type):
        return Property(name, "any", **known)
    properties = _object(kind, argument, output, resolved, f"{dotted}.")
    return Property(name, "object", properties=properties, **known)


def _plain(hint: Any) -> Any:
    """Take ``Input``, ``Output``, ``Optional`` and ``Awaitable`` off an annotation."""
    while True:
        origin, parts = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Union or re.search(r"UnionType$", type(hint).__name__):
            kept = [p for p in parts if p is not type(None) and not _is_wrapper(p)]
            hint = kept[0] if kept else str
            continue
        return hint


def _is_wrapper(hint: Any) -> bool:
    origin = typing.get_origin(hint) or hint
    return re.search(r"Awaitable|Output", str(origin)) is not None
