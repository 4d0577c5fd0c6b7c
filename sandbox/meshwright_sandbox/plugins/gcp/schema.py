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
    kind: str  # string, integer, number, boolean, list, map, object
    element: Property | None = None
    properties: dict[str, Property] = field(default_factory=dict)
    settable: bool = False
    required: bool = False
    computed: bool = False  # the provider fills it in when the program leaves it out
    path: tuple[str, ...] = ()  # in the API object around it; empty if that has no such field
    api_type: str = ""
    enum: tuple[str, ...] = ()


@cache
def document(api: str) -> dict[str, Any]:
    """Return the discovery document ``name.version``: Google's own, or one written by hand."""
    from meshwright_sandbox.core.discovery import path_of  # loads Google's client: only when used

    return json.loads(path_of(api).read_text(encoding="utf-8"))


def method_of(api: str, method: str) -> dict[str, Any]:
    """Return the description of a method such as ``networks.insert``; empty if there is none."""
    node = document(api)
    *collection, verb = method.split(".")
    for step in collection:
        node = node["resources"][step]
    return node["methods"].get(verb, {})


def request_fields(api: str, method: str) -> dict[str, Any]:
    """Return the fields of a method's request body."""
    return document(api)["schemas"][method_of(api, method)["request"]["$ref"]].get("properties", {})


def _resolve(api: str, schema: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return document(api)["schemas"][schema["$ref"]] if "$ref" in (schema or {}) else schema or {}


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
    kept["properties"] = {name: _load(value) for name, value in kept["properties"].items()}
    kept["element"] = _load(kept["element"]) if kept["element"] else None
    return Property(**kept | {"path": tuple(kept["path"]), "enum": tuple(kept["enum"])})


def _tree(kind: Kind) -> Property:
    folder = kind.token.split(":")[1].partition("/")[0].lower()
    module, name = (importlib.import_module(f"pulumi_gcp.{folder}"), kind.token.rpartition(":")[2])
    resource = getattr(module, name)
    api: Mapping[str, Any] = {}
    if read := method_of(kind.api, f"{kind.collection}.get"):
        api = _resolve(kind.api, read["response"])
    if kind.part:
        several = api["properties"][kind.part]
        api = _resolve(kind.api, several.get("items") or several["additionalProperties"])
    inner = _object(kind, getattr(module, f"{name}Args"), resource, api, "")
    snake = _types.resource_pulumi_to_py_names(resource)
    hints = _types._raw_return_hints(resource)
    for key, found in inner.items():
        hint = str(hints.get(key) or hints.get(snake.get(key, key)))
        found.computed = not found.required and "Optional" not in hint
    return Property("", "object", properties=inner, settable=True)


def _object(
    kind: Kind, arguments: Any, outputs: Any, api: Mapping[str, Any], prefix: str
) -> dict[str, Property]:
    inputs, results, required = {}, {}, set()
    if arguments:
        inputs = _types.input_type_types(arguments)
        names = _types.input_type_py_to_pulumi_names(arguments)
        parameters = inspect.signature(arguments.__init__).parameters.values()
        required = {names.get(p.name, p.name) for p in parameters if p.default is p.empty}
    if outputs:
        is_resource = hasattr(outputs, "get_provider")
        results = (_types.resource_types if is_resource else _types.output_type_types)(outputs)
    found: dict[str, Property] = {}
    for name in {**inputs, **results}:
        dotted = f"{prefix}{name}"
        derived = kind.fields.get(dotted) or _field(name, api.get("properties", {}))
        path = tuple(filter(None, derived.split(".")))
        target: Any = api
        for step in path:
            target = _resolve(kind.api, target).get("properties", {}).get(step)
        known = _build(kind, name, inputs.get(name), results.get(name), target, dotted)
        known.settable, known.required = name in inputs, name in required
        known.path = path if target is not None else ()
        found[name] = known
    return found


def _field(name: str, fields: Mapping[str, Any]) -> str:
    """Return the API's field for a property: Pulumi says lists in the plural, acronyms as words."""
    if name in fields:
        return name
    singular = (name.removesuffix("s"), name.removesuffix("es"), re.sub("ies$", "y", name))
    forms = {form.lower() for form in (name, *singular)}
    return next((field for field in fields if field.lower() in forms), name)


def _build(
    kind: Kind, name: str, argument: Any, output: Any, api: Mapping[str, Any] | None, dotted: str
) -> Property:
    argument, output = _plain(argument), _plain(output)
    sample = argument if argument is not None else output
    resolved = _resolve(kind.api, api)
    api_type, origin = resolved.get("type", ""), typing.get_origin(sample)
    if sample in _SCALARS:
        enum = tuple(resolved.get("enum", ()))
        return Property(name, _SCALARS[sample], api_type=api_type, enum=enum)
    if origin is not None:
        is_list = issubclass(origin, Sequence)
        argument, output = (typing.get_args(t)[-1] if t else None for t in (argument, output))
        items = (resolved.get("items") or resolved) if is_list else None
        element = _build(kind, name, argument, output, items, dotted)
        return Property(name, "list" if is_list else "map", element=element, api_type=api_type)
    # Some blocks are lists in the API, of one.
    single = _resolve(kind.api, resolved.get("items")) or resolved
    inner = _object(kind, argument, output, single, f"{dotted}.")
    return Property(name, "object", properties=inner, api_type=api_type)


def _plain(hint: Any) -> Any:
    """Take ``Input``, ``Optional`` and ``Awaitable`` off an annotation."""
    while typing.get_origin(hint) is typing.Union or "UnionType" in type(hint).__name__:
        wrapped = (type(None), *(p for p in typing.get_args(hint) if re.search(_WRAPPER, str(p))))
        hint = next((p for p in typing.get_args(hint) if p not in wrapped), str)
    return hint


_WRAPPER = r"^(typing\.|collections\.abc\.)?Awaitable|pulumi\.output\.Output|^ForwardRef\('Output"
