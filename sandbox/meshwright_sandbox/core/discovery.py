"""Discovery documents: what they say about methods and schemas, and routes compiled from them.

The documents are those that google-api-python-client ships, and the few of `core/documents`. They
are loaded when the first request for an API version arrives, stripped of prose, and compiled into a
tree of path segments.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import googleapiclient

DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
WRITTEN_BY_HAND = Path(__file__).parent / "documents"
# Parameters that every API takes, also where a document does not list them.
STANDARD_PARAMETERS = frozenset({
    "$.xgafv", "$alt", "$callback", "$fields", "$httpMethod", "$key", "$prettyPrint", "$req",
    "$userProject", "access_token", "alt", "callback", "fields", "key", "oauth_token",
    "prettyPrint", "quotaUser", "trace", "uploadType", "upload_protocol", "userIp", "userProject",
})  # fmt: skip
# How the ids that clients choose are described; what has no end there has one here.
_PROSE_PATTERN = re.compile(r"(?:expression|regex|regexp|pattern):? `?\^?([^`$\s]+)")
# Verbs that some types have and others have not.
_VERBS = frozenset({"cancel", "getIamPolicy", "setIamPolicy", "testIamPermissions", "undelete"})
_REST = "**"  # in the tree of paths: whatever follows
_OUTPUT_ONLY = re.compile(r"\s*\[?output[ -]only", re.IGNORECASE)
# What stands before a field's description, as in "Required. Immutable. The tier of the pool."
_MARKS = re.compile(r"(?:\s*(?:Required|Optional|Immutable|Identifier|Input only)\.)+")


def path_of(key: str) -> Path:
    """File of a document, such as `compute.v1`: Google's own, else the one written by hand."""
    published = DOCUMENTS / f"{key}.json"
    return published if published.exists() else WRITTEN_BY_HAND / f"{key}.json"


@dataclass(frozen=True)
class Method:
    """One API method.

    Attributes:
        id: e.g. `compute.networks.insert`.
        type: the id without the service and the verb: `networks`.
        verb: last part of the id: `insert`.
        http_method: `GET`, ...
        segments: path after the version as the document writes it, split at slashes. The last one
            takes all that follows where the name in it may have slashes itself (`takes_rest`).
        suffix: the `:verb` that ends the path, without the colon, or "".
        parameters: name -> declaration, path and query.
        request, response: schema names, or None.
    """

    id: str
    type: str
    verb: str
    http_method: str
    segments: tuple[str, ...]
    suffix: str
    parameters: dict[str, Any]
    request: str | None
    response: str | None

    @property
    def takes_rest(self) -> bool:
        """Whether the last parameter of the path is a name that may have slashes in it."""
        patterns = (p.get("pattern", "") for p in self.parameters.values())
        return not self.suffix and any(pattern.endswith("/.*$") for pattern in patterns)

    @property
    def query_parameters(self) -> dict[str, Any]:
        """Declared query parameters."""
        return {n: p for n, p in self.parameters.items() if p.get("location") == "query"}


@dataclass
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)


class Document:
    """One discovery document, compiled.

    Args:
        key: file name without `.json`, e.g. `compute.v1`.
    """

    def __init__(self, key: str) -> None:
        raw = json.loads(path_of(key).read_text(encoding="utf-8"))
        self.key = key
        self.version: str = raw["version"]
        self.service_path: str = raw["servicePath"]
        self.batch_path: str = raw.get("batchPath", "batch")
        self.parameters: dict[str, Any] = raw["parameters"]
        self.schemas: dict[str, Any] = raw.get("schemas", {})
        for schema in self.schemas.values():
            _strip(schema)
        self.methods: dict[str, Method] = {}
        self._by_type: dict[str, dict[str, Method]] = {}
        self._root = _Node()
        self._collect(raw)

    def _collect(self, resource: dict[str, Any]) -> None:
        for raw in resource.get("methods", {}).values():
            self._add(raw)
        for child in resource.get("resources", {}).values():
            self._collect(child)

    def _add(self, raw: dict[str, Any]) -> None:
        path: str = raw.get("flatPath", raw["path"])
        if not self.service_path:  # one-platform documents keep the version in each path
            path = path.removeprefix(f"{self.version}/")
        segments = tuple(path.replace("{+", "{").split("/"))
        match = re.search(r":(\w+)$", segments[-1])
        parts = raw["id"].split(".")
        method = Method(
            id=raw["id"],
            type=".".join(parts[1:-1]),
            verb=parts[-1],
            http_method=raw["httpMethod"],
            segments=segments,
            suffix=match[1] if match else "",
            parameters={n: _parameter(n, p) for n, p in raw.get("parameters", {}).items()},
            request=raw.get("request", {}).get("$ref"),
            response=raw.get("response", {}).get("$ref"),
        )
        self.methods[method.id] = method
        self._by_type.setdefault(method.type, {})[method.verb] = method
        holder = node = self._root
        for segment in segments:
            key = segment
            if segment.startswith("{"):
                key = "*" + segment[segment.index("}") + 1 :]
            holder, node = node, node.children.setdefault(key, _Node())
        node.methods.setdefault(method.http_method, method)
        if method.takes_rest:
            rest = holder.children.setdefault(_REST, _Node())
            rest.methods.setdefault(method.http_method, method)

    def verbs(self, type_: str) -> dict[str, Method]:
        """Methods of a type by verb; empty when the type is unknown."""
        return self._by_type.get(type_, {})

    def match(self, http_method: str, segments: list[str]) -> tuple[Method, list[str]] | None:
        """The method that answers a path (unquoted segments after the version), and the path with
        as many segments as the method's has.
        """
        node = self._find(self._root, http_method, segments, 0)
        if node is None:
            return None
        method = node.methods[http_method]
        last = len(method.segments) - 1
        return method, [*segments[:last], "/".join(segments[last:])]

    def _find(self, node: _Node, http_method: str, segments: list[str], index: int) -> _Node | None:
        if index == len(segments):
            return node if http_method in node.methods else None
        segment = segments[index]
        verb = segment.rpartition(":")[2] if index == len(segments) - 1 else segment
        keys = [segment, "*"]
        if verb != segment:
            # What is a verb of other types is none of this one, rather than a part of an id.
            keys = [segment, f"*:{verb}"] if verb in _VERBS else [segment, f"*:{verb}", "*"]
        for key in keys:  # literal segments win over parameters, as in the real front end
            child = node.children.get(key)
            found = child and self._find(child, http_method, segments, index + 1)
            if found:
                return found
        rest = node.children.get(_REST)
        return rest if rest and http_method in rest.methods else None


def _parameter(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    """A parameter without its prose, but with the pattern that the prose gives an id."""
    found = _PROSE_PATTERN.search(declared.get("description", ""))
    if found and name.endswith("Id"):
        declared.setdefault("pattern", f"(?=.{{1,63}}$){found[1]}")
    return _strip(declared)


def _strip(schema: dict[str, Any]) -> dict[str, Any]:
    """Keep what checks need of a schema: what its prose says of a field, as a mark."""
    prose = schema.pop("description", "")
    marks = _MARKS.match(prose)
    if _OUTPUT_ONLY.match(prose):
        schema["readOnly"] = True
    elif marks and "location" not in schema:  # of parameters, `required` says it better
        for mark in ("Immutable", "Required"):
            if f"{mark}." in marks[0]:
                schema[mark.lower()] = True
    schema.pop("enumDescriptions", None)
    schema.pop("deprecated", None)
    for child in schema.get("properties", {}).values():
        _strip(child)
    for key in ("items", "additionalProperties"):
        if key in schema:
            _strip(schema[key])
    return schema


@cache
def load(key: str) -> Document:
    """The compiled document of that name; loaded once for each process."""
    return Document(key)
