"""From a request to a `Call` and its handler: routes, checks, faults, one transaction."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from meshwright_sandbox.core import (
    answers,
    generic,
    listing,
    operation_methods,
    operation_views,
    payloads,
    policies,
)
from meshwright_sandbox.core.cloud import Call, Cloud, Interim, Media
from meshwright_sandbox.core.discovery import Document, Method, load
from meshwright_sandbox.core.emulated import (
    not_emulated,
    nothing_there,
    refusal,
    require_emulated,
)
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.masks import partial_response, selection
from meshwright_sandbox.core.operations import failed
from meshwright_sandbox.core.schema import Checker, check_query, snake_case
from meshwright_sandbox.core.service import Service

Json = dict[str, Any]
Handler = Callable[[Call], Json]

CRUD: dict[str, Handler] = {
    "insert": generic.create,
    "create": generic.create,
    "get": generic.get,
    "list": listing.list_,
    "aggregatedList": listing.aggregated,
    "patch": generic.update,
    "update": generic.update,
    "delete": generic.delete,
    "getIamPolicy": policies.get_policy,
    "setIamPolicy": policies.set_policy,
    "testIamPermissions": policies.test_permissions,
}
# Methods of a collection, not of one of its members.
COLLECTION_VERBS = frozenset({"insert", "create", "list", "aggregatedList"})
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_READS = re.compile(r"^(get|list|aggregatedList|test|query|search|wait|lookup|fetch|preview)")


class Rollback(Exception):
    """Carries an answer out of a transaction that must leave no trace (`validateOnly`)."""


class Route(NamedTuple):
    """What a path calls, the path after the version, and whether content comes with the call."""

    service: Service
    version: str
    document: Document
    method: Method
    path: list[str]
    is_upload: bool = False


def route(cloud: Cloud, http_method: str, segments: list[str]) -> Route:
    """Find what a path (service prefix first, segments unquoted) calls.

    HEAD is answered as GET, and the HTTP server leaves the body out.

    Raises:
        ApiError: 404 when nothing answers there.
    """
    service = service_of(cloud, segments)
    if service and segments[0] != service.name:
        segments = [service.name, *segments]
    http_method = "GET" if http_method == "HEAD" else http_method
    if service:
        rest, is_upload = _without_media(segments[1:])
        for version in service.versions:
            found = version in rest[:3] and _match(service, version, http_method, rest)
            if found:
                if is_upload and f"{found.method.type}.{found.method.verb}" not in service.uploads:
                    raise refusal(found.method)
                return found._replace(is_upload=is_upload)
    raise nothing_there(cloud.services, http_method, segments)


def service_of(cloud: Cloud, segments: list[str]) -> Service | None:
    """The API that a path belongs to: the first segment says it, but for uploads and downloads at
    the root of their host.
    """
    at_root = segments[:1] in (["upload"], ["resumable"], ["download"])
    candidates = segments if at_root else segments[:1]
    return next((cloud.services[name] for name in candidates if name in cloud.services), None)


def _without_media(segments: list[str]) -> tuple[list[str], bool]:
    """A path without what marks it as an upload's or a download's, since both have a plain form;
    and whether it is an upload's.
    """
    if segments[:1] == ["download"]:
        return segments[1:], False
    plain = segments[1:] if segments[:1] == ["resumable"] else segments
    is_upload = plain[:1] == ["upload"]
    return (plain[1:] if is_upload else segments), is_upload


def _match(service: Service, version: str, http_method: str, rest: list[str]) -> Route | None:
    """The method in a version's document, else in another version's.

    APIs answer in each version to more methods than that version's document lists; the official
    provider relies on it (`v1/...:generateServiceIdentity`). Compute's documents are complete.
    """
    own = service.versions[version]
    others = () if service.operations == "compute" else service.versions.values()
    for key in dict.fromkeys([own, *others]):
        document = load(key)
        base = [*document.service_path.strip("/").split("/")[:-1], version]
        if rest[0] == version:  # /compute/v1, as clients say that take no more than host and port
            base = [version]
        if rest[: len(base)] != base:
            continue
        path = rest[len(base) :]
        if service.rewrite_path:
            path = service.rewrite_path("/".join(path)).split("/")
        found = document.match(http_method, path)
        if found:
            return Route(service, version, document, *found)
    return None


def build_call(cloud: Cloud, found: Route, query: Mapping[str, str], raw_body: bytes) -> Call:
    """Check and normalise one request.

    Raises:
        ApiError: what the API's front end refuses.
    """
    service, version, document, method, path, _ = found
    params = _params(method, path)
    for index, segment in enumerate(path[:-1]):
        if segment == "projects":
            path[index + 1] = cloud.projects.id(path[index + 1])
    name = "/".join(_name_segments(method, path))
    project = path[1] if path[0] == "projects" and len(path) > 1 else ""
    if project and ":" in project:
        project = project.partition(":")[0]
    checked_query = check_query(method, query, service.extra_parameters)
    sent = _json(raw_body)
    body: Json = {}
    if method.request:
        checker = Checker(
            document,
            f"{service.proto or service.name}.{version}",
            extra=service.extra_fields,
            keep_null=method.http_method == "PATCH",
            lenient=service.operations == "compute",
        )
        body = checker.check(method.request, sent, _root(service, method))
    return Call(
        cloud=cloud,
        service=service,
        version=version,
        document=document,
        method=method,
        name=name,
        params=params,
        query=checked_query,
        body=body,
        sent=sent,
        project=project,
    )


def handle(call: Call, action: str | None) -> Json:
    """Run a call's handler in one transaction and return the API's answer.

    Args:
        call: a checked call.
        action: an injected fault that concerns the operation, or None.

    Raises:
        ApiError: what the API refuses.
    """
    if action == "operation-error":
        call.fail = failed("Internal error. Please try again or contact Google Support.")
    answer: Json = {}
    fields = call.query.get("fields") or call.query.get("$fields")
    chosen = selection(fields, call.document.schemas, call.method.response) if fields else None
    try:
        with call.cloud.store.transaction():
            if call.project and call.project not in ("-", *call.service.public_projects):
                call.cloud.projects.ensure(call.project)
                if call.service.must_be_enabled:
                    call.cloud.projects.require(call.project, call.service.name)
            if call.service.before:
                call.service.before(call)
            answer = _answered_before(call) or handler(call)(call)
            if call.query.get("validateOnly") == "true":
                raise Rollback
    except Rollback:
        pass
    if isinstance(answer, Media | Interim):  # of which there is no part to choose
        return answer
    if call.method.response:
        schemas, extra = call.document.schemas, call.service.extra_fields
        answer = answers.known(answer, call.method.response, schemas, extra)
    return answer if chosen is None else partial_response(answer, chosen)


def _answered_before(call: Call) -> Json | None:
    """The operation of a request that a client sends again, since its answer got lost."""
    request_id = call.query.get("requestId")
    if not request_id:
        return None
    if not _UUID.fullmatch(request_id) or not request_id.strip("0-"):
        raise ApiError(
            400,
            f"Invalid value for field 'requestId': '{request_id}'. It must be a valid UUID other "
            "than zero.",
            reason="invalid",
        )
    found = call.cloud.store.operation_of_request(call.service.name, request_id)
    same = found and found["project"] == call.project
    return operation_views.render(call, found) if found and same else None


def handler(call: Call) -> Handler:
    """The function that answers a call.

    Raises:
        ApiError: 501 for a method that is neither CRUD nor written.
    """
    for key in (f"{call.type}.{call.method.verb}", f"*.{call.method.verb}"):
        if key in call.service.methods:
            return call.service.methods[key]
    if is_operation_method(call):
        return operation_methods.HANDLERS.get(call.method.verb, not_emulated)
    readable = "get" in call.document.verbs(call.type)
    if call.method.verb in CRUD and (readable or "Iam" not in call.method.verb):
        require_emulated(call)
    return CRUD.get(call.method.verb, not_emulated)


def is_operation_method(call: Call) -> bool:
    """Whether the called type is the API's operations."""
    return call.method.type.rpartition(".")[2].lower().endswith("operations")


def is_read(method: Method) -> bool:
    """Whether a method changes nothing, whatever its HTTP method."""
    return method.http_method == "GET" or bool(_READS.match(method.verb))


def _json(raw: bytes) -> Json:
    try:
        return payloads.decode(raw)
    except ValueError as error:
        raise ApiError(
            400, f"Invalid JSON payload received. Parser error: {error}", reason="parseError"
        ) from error


def _root(service: Service, method: Method) -> str:
    """The name under which the front end knows a request body."""
    if service.style == "legacy":
        return "resource" if service.operations == "compute" else snake_case(str(method.request))
    return "" if str(method.request).endswith("Request") else snake_case(str(method.request))


def _params(method: Method, path: list[str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for template, value in zip(method.segments, path, strict=True):
        match = re.match(r"\{(\w+)\}", template)
        if match:
            params[match[1]] = value.removesuffix(f":{method.suffix}") if method.suffix else value
    return params


def _name_segments(method: Method, path: list[str]) -> list[str]:
    """The path without its verb; for methods of one resource it ends with that resource's id."""
    segments = list(path)
    if method.suffix:
        segments[-1] = segments[-1].removesuffix(f":{method.suffix}")
        return segments
    if method.verb in COLLECTION_VERBS or method.verb.startswith(("list", "aggregatedList")):
        return segments
    while len(segments) > 1 and not method.segments[len(segments) - 1].startswith("{"):
        segments.pop()
    return segments
