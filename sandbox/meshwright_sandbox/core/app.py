"""The emulated control plane as an aiohttp application."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from meshwright_sandbox.core import admin, dispatch
from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.faults import STATUS_ACTIONS, error_of
from meshwright_sandbox.runtime.interface import ClusterRuntime
from meshwright_sandbox.services import all_services

CLOUD = web.AppKey("cloud", Cloud)
_MAX_BODY = 64 * 1024 * 1024
_WAIT_SECONDS = 120  # the longest that compute's `wait` methods hold a request
_log = logging.getLogger(__name__)


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
    app = web.Application(client_max_size=_MAX_BODY)
    app[CLOUD] = cloud
    admin.add_routes(app, cloud)
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
    """Answer one API request: faults first, then the API, then the journal."""
    cloud = request.app[CLOUD]
    raw = await request.read()
    entry: dict[str, Any] = {
        "method": request.method,
        "path": unquote(request.rel_url.raw_path),
        "query": dict(request.query),
        "body": _journal_body(raw),
        "status": 0,
        "mutating": request.method not in ("GET", "HEAD"),
    }
    action = cloud.faults.strike(request.method, request.rel_url.raw_path)
    try:
        if action == "hang":
            return await _hang(request)
        if action == "reset-before":
            return _reset(request)
        response = await _respond(cloud, request, raw, action, entry)
        entry["status"] = response.status
        if action == "reset-after":
            entry["status"] = 0
            return _reset(request)
        return response
    finally:
        cloud.store.add_request(entry | ({"fault": action} if action else {}))


async def _respond(
    cloud: Cloud, request: web.Request, raw: bytes, action: str | None, entry: dict[str, Any]
) -> web.Response:
    segments = [unquote(part) for part in request.rel_url.raw_path.strip("/").split("/")]
    service = cloud.services.get(segments[0])
    style = service.style if service else "rpc"
    try:
        if action in STATUS_ACTIONS:
            raise error_of(action)
        call = dispatch.build_call(cloud, request.method, segments, request.query, raw)
        entry |= {"id": call.method.id, "mutating": not dispatch.is_read(call)}
        await _settle(call)
        answer = dispatch.handle(call, action)
    except ApiError as error:
        headers = {"Retry-After": "1"} if error.code in (429, 503) and action else {}
        entry["error"] = error.message
        return web.json_response(error.body(style), status=error.code, headers=headers)
    except Exception:  # a bug of ours must look like the API's 500, and be seen in the log
        _log.exception("%s %s", request.method, request.rel_url)
        error = ApiError(500, "Internal error encountered.")
        return web.json_response(error.body(style), status=500)
    return _sent(answer, action)


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
            name = dispatch.operation_name(call)
            await call.cloud.operations.settle(call.service.name, name, limit)


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


def _journal_body(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw.strip() else {}
    except ValueError:
        return {"_unreadable": len(raw)}
