"""The emulated control plane as an aiohttp application."""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from meshwright_sandbox.core import admin, aws, dispatch, media, payloads, uploads
from meshwright_sandbox.core.batch import batched_service, serve_batch
from meshwright_sandbox.core.cloud import Call, Cloud, Interim, Media
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.faults import STATUS_ACTIONS, error_of
from meshwright_sandbox.runtime.interface import ClusterRuntime
from meshwright_sandbox.services import all_services
from meshwright_sandbox.services.hub import admin as hub_admin
from meshwright_sandbox.services.vpc.load_balancing import LoadBalancing

Query = Mapping[str, str]
CLOUD = web.AppKey("cloud", Cloud)
_MAX_BODY = 64 * 1024 * 1024
_WAIT_SECONDS = 120  # the longest that compute's `wait` methods hold a request
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sent:
    """One API request as it came: alone or as a part of a batch."""

    method: str
    path: str
    query: Query
    body: bytes
    agent: str
    origin: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def create_app(
    home: Path,
    *,
    runtime: ClusterRuntime,
    scale: float,
    project: str,
    project_number: int,
) -> web.Application:
    """The application; it keeps its state in `home` and resumes unfinished operations there.

    Args:
        home: folder of the state.
        runtime: what runs clusters.
        scale: simulated seconds per real second of each operation; 0 ends them at once.
        project: id of the sandbox's own project.
        project_number: its number.
    """
    cloud = Cloud(
        home,
        all_services(),
        runtime,
        scale=scale,
        project=project,
        project_number=project_number,
    )
    runtime.use_load_balancing(LoadBalancing(cloud))
    app = web.Application(client_max_size=_MAX_BODY)
    app[CLOUD] = cloud
    amazon = aws.Aws(home)
    cloud.on_reset.append(amazon.reset)
    aws.add_routes(app, amazon)
    admin.add_routes(app, cloud)
    hub_admin.add_routes(app, cloud)
    app.router.add_route("*", "/{path:.*}", serve)
    app.on_startup.append(_resume)
    app.on_cleanup.append(_close)
    return app


async def _resume(app: web.Application) -> None:
    app[CLOUD].operations.resume()


async def _close(app: web.Application) -> None:
    await app[CLOUD].operations.close()
    app[CLOUD].store.close()


async def serve(request: web.Request) -> web.StreamResponse:
    """Answer one HTTP request: an API call, or a batch of them."""
    cloud = request.app[CLOUD]
    client = request.headers.get("User-Agent", ""), str(request.url.origin())
    try:
        raw = await payloads.read_body(request)
    except ApiError as error:
        return _refused(cloud, request.path.strip("/").split("/")[0], error)
    service = batched_service(request.path)
    if service is None:
        path = request.rel_url.raw_path
        method, query, raw = payloads.overridden(request, raw)
        sent = Sent(method, path, query, raw, *client, request.headers)
        return await _serve_one(cloud, request, sent)

    async def inner(method: str, path: str, query: Query, body: bytes) -> tuple[int, str]:
        response = await _serve_one(cloud, request, Sent(method, path, query, body, *client))
        return response.status, getattr(response, "text", None) or "{}"

    try:
        return await serve_batch(request, service, raw, inner)
    except ApiError as error:
        return web.json_response(error.body("rpc"), status=error.code)


def _refused(cloud: Cloud, prefix: str, error: ApiError) -> web.Response:
    """The answer to a request that is no call of an API yet."""
    service = cloud.services.get(prefix)
    return web.json_response(error.body(service.style if service else "rpc"), status=error.code)


async def _serve_one(cloud: Cloud, request: web.Request, sent: Sent) -> web.StreamResponse:
    """Faults first, then the API, then the journal."""
    entry: dict[str, Any] = {
        "method": sent.method,
        "path": unquote(sent.path),
        "query": dict(sent.query),
        "body": _journal_body(sent),
        "status": 0,
        "mutating": sent.method not in ("GET", "HEAD"),
        "client": sent.agent,
        "time": time.time(),
    }
    action = cloud.faults.strike(sent.method, sent.path)
    try:
        if action == "hang":
            return await _hang(request)
        if action == "reset-before":
            return _reset(request)
        response = await _respond(cloud, sent, action, entry)
        if action == "reset-after":
            return _reset(request)
        entry["status"] = response.status
        return response
    finally:
        try:
            cloud.store.add_request(entry | ({"fault": action} if action else {}))
        except sqlite3.OperationalError as error:  # the answer stands without its line
            _log.warning("the journal cannot be written: %s", error)


async def _respond(
    cloud: Cloud, sent: Sent, action: str | None, entry: dict[str, Any]
) -> web.Response:
    segments = [unquote(part) for part in sent.path.strip("/").split("/")]
    service = dispatch.service_of(cloud, segments)
    style = service.style if service else "rpc"
    try:
        if action in STATUS_ACTIONS:
            raise error_of(action)
        found = dispatch.route(cloud, uploads.meant_method(sent.method, sent.query), segments)
        entry |= {"id": found.method.id, "mutating": not dispatch.is_read(found.method)}
        call = _call(cloud, found, sent)
        await _settle(call)
        answer = dispatch.handle(call, action)
    except ApiError as error:
        headers = {"Retry-After": "1"} if error.code in (429, 503) and action else {}
        entry |= {"error": error.message, "refusal": error.refusal}
        return web.json_response(error.body(style), status=error.code, headers=headers)
    except sqlite3.OperationalError as problem:
        _log.warning("%s %s: %s", sent.method, sent.path, problem)
        error = ApiError(
            507,
            f"The sandbox cannot keep its state ({problem}), so nothing of this request took "
            "effect. Free some space on its disk: `meshwright sandbox status` names its folder.",
        )
        return web.json_response(error.body(style), status=error.code)
    except Exception:  # a bug of ours must look like the API's 500, and be seen in the log
        _log.exception("%s %s", sent.method, sent.path)
        error = ApiError(500, "Internal error encountered.")
        return web.json_response(error.body(style), status=500)
    if isinstance(answer, Media):
        wanted = sent.headers.get("Range", "")
        return media.answer(answer.content, answer.content_type, wanted)
    if isinstance(answer, Interim):
        return web.Response(status=answer.status, headers=answer.headers)
    return _sent(answer, action)


def _call(cloud: Cloud, found: dispatch.Route, sent: Sent) -> Call:
    """What a request calls, with its headers and the content that it uploads."""
    upload = None
    if found.is_upload:
        upload = uploads.read(sent.origin + sent.path, sent.query, sent.headers, sent.body)
    raw = sent.body if upload is None else upload.metadata
    call = dispatch.build_call(cloud, found, sent.query, raw)
    call.if_match = sent.headers.get("If-Match", "").strip('"')
    call.upload, call.origin = upload, sent.origin
    return call


def _sent(answer: dict[str, Any], action: str | None) -> web.Response:
    text = json.dumps(answer)
    if action == "truncate":
        text = text[: len(text) // 2]
    if action == "not-json":
        return web.Response(text="<html>Bad gateway</html>", content_type="text/html")
    return web.Response(text=text, content_type="application/json", charset="utf-8")


async def _settle(call: Call) -> None:
    """Let a `wait` call, or any poll while time stands at scale 0, see the operation's end."""
    if dispatch.is_operation_method(call) and call.method.verb in ("get", "wait"):
        limit = _WAIT_SECONDS if call.method.verb == "wait" else 1 if call.cloud.scale == 0 else 0
        if limit:
            await call.cloud.operations.settle(call.service.name, call.name, limit)


async def _hang(request: web.Request) -> web.StreamResponse:
    """Never answer; ends when the client gives up or the server stops."""
    transport = request.transport
    while transport is not None and not transport.is_closing():
        await asyncio.sleep(0.1)
    raise ConnectionResetError


def _reset(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _journal_body(sent: Sent) -> Any:
    """The JSON that was sent; of what is none, and of content, the length."""
    try:
        if "uploadType" not in sent.query:
            return payloads.decode(sent.body)
    except ValueError:
        pass
    return {"_unreadable": len(sent.body)}
