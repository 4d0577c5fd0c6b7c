"""Lists: filters, order, pages, wildcards in the path, compute's aggregated lists."""

import base64
import binascii
import re
from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.filters import compile_filter
from meshwright_sandbox.core.generic import require_parent
from meshwright_sandbox.core.masks import get_path
from meshwright_sandbox.core.schema import camel_case
from meshwright_sandbox.core.stamps import self_link
from meshwright_sandbox.core.store import Row

Json = dict[str, Any]
_DEFAULT_PAGE = 500


def list_(call: Call) -> Json:
    """The resources of a collection path, in which `-` stands for any value."""
    require_parent(call)
    if "-" in call.name.split("/"):
        pattern = re.escape(call.name).replace("/\\-", "/[^/]+") + "/[^/]+"
        rows = [
            row
            for row in call.cloud.store.of_type(call.service.name, call.type)
            if re.fullmatch(pattern, row.name)
        ]
    else:
        rows = call.cloud.store.children(call.service.name, call.name)
    return answer(call, [call.shown(call.type, row.doc) for row in rows])


def answer(call: Call, documents: list[Json]) -> Json:
    """A list method's answer from documents (as shown): filtered, ordered, one page of them."""
    page, token = paged(call, select(call, documents))
    field = list_field(call)
    result: Json = _envelope(call)
    if page:
        result[field] = page
    if token:
        result["nextPageToken"] = token
    return result


def aggregated(call: Call) -> Json:
    """Compute's list over all scopes: items by scope."""
    segment, field = call.method.segments[-1], _scoped_field(call)
    rows: list[Row] = [
        row
        for row in call.cloud.store.below(call.service.name, f"projects/{call.project}")
        if row.name.split("/")[-2] == segment
    ]
    documents = {row.name: call.shown(row.type, row.doc) for row in rows}
    chosen = select(call, list(documents.values()))
    page, token = paged(call, chosen)
    items: Json = {}
    for name, document in documents.items():
        if document in page:
            scope = "/".join(name.split("/")[2:-2])
            items.setdefault(scope, {}).setdefault(field, []).append(document)
    result = _envelope(call) | {"items": items}
    if token:
        result["nextPageToken"] = token
    return result


def _scoped_field(call: Call) -> str:
    """The field that holds the resources of one scope: named after their type, but for a few."""
    schemas = call.document.schemas
    items = schemas[call.method.response or ""]["properties"]["items"]
    scope = schemas[items["additionalProperties"]["$ref"]]["properties"]
    segment = call.method.segments[-1]
    lists = [name for name, declared in scope.items() if declared.get("type") == "array"]
    return segment if segment in lists else lists[0]


def select(call: Call, documents: list[Json]) -> list[Json]:
    """What the query's `filter` keeps, in the order it asks for."""
    test = compile_filter(call.query.get("filter", ""))
    chosen = [document for document in documents if test(document)]
    order = call.query.get("orderBy", "")
    for term in reversed([part.strip() for part in order.split(",") if part.strip()]):
        name, _, direction = term.partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise invalid(f"Invalid value for field 'orderBy': '{order}'.")
        path = ".".join(camel_case(part) for part in name.split("."))
        chosen.sort(
            key=lambda document: str(get_path(document, path) or ""),
            reverse=direction.strip() == "desc",
        )
    return chosen


def paged(call: Call, documents: list[Json]) -> tuple[list[Json], str | None]:
    """One page of documents and the next page's token.

    Raises:
        ApiError: 400 for a token that no list gave out, or a size that the API does not take.
    """
    size_text = call.query.get("maxResults") or call.query.get("pageSize") or "0"
    size = int(size_text)
    if size < 0:
        raise invalid(f"Invalid page size: {size}.")
    if size > _DEFAULT_PAGE and call.service.operations == "compute":  # others give fewer
        raise ApiError(
            400,
            f"Invalid value '{size}'. Values must be within the range: [0, {_DEFAULT_PAGE}]",
            reason="invalidParameter",
            location="maxResults",
        )
    start = 0
    token = call.query.get("pageToken")
    if token:
        try:
            start = int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("at:"))
        except (ValueError, binascii.Error) as error:
            raise ApiError(400, "The page token is invalid.") from error
        if start < 0:
            raise ApiError(400, "The page token is invalid.")
    end = start + (size or _DEFAULT_PAGE)
    more = base64.urlsafe_b64encode(f"at:{end}".encode()).decode() if end < len(documents) else None
    return documents[start:end], more


def list_field(call: Call) -> str:
    """The field of the answer that holds the resources."""
    properties = call.document.schemas.get(call.method.response or "", {}).get("properties", {})
    lists = [n for n, p in properties.items() if p.get("type") == "array"]
    for name in lists:
        if call.schema and properties[name]["items"].get("$ref") == call.schema:
            return name
    references = [n for n in lists if "$ref" in properties[n]["items"]]
    return (references or lists or ["items"])[0]


def _envelope(call: Call) -> Json:
    properties = call.document.schemas.get(call.method.response or "", {}).get("properties", {})
    result: Json = {}
    if "default" in properties.get("kind", {}):
        result["kind"] = properties["kind"]["default"]
    if call.service.operations == "compute":
        result["id"] = call.name
        result["selfLink"] = self_link(call.service, call.version, call.name)
    return result
