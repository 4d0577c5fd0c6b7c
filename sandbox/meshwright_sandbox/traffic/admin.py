"""`/_sandbox/traffic` and `/_sandbox/metrics`: turn them on and off, and see what runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aiohttp import web

from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.traffic.service import Traffic


def add_routes(app: web.Application, traffic: Traffic) -> None:
    """Mount the routes."""

    async def start(request: web.Request) -> web.Response:
        bootstrap = Path(str((await request.json()).get("bootstrap", "")))
        return await _answered(traffic.start, bootstrap)

    async def show(_: web.Request) -> web.Response:
        return await _answered(traffic.report)

    async def stop(_: web.Request) -> web.Response:
        return await _answered(traffic.stop)

    async def measure(_: web.Request) -> web.Response:
        return await _answered(lambda: {"url": traffic.measure()})

    async def forget(_: web.Request) -> web.Response:
        return await _answered(traffic.forget)

    # Before the route of the APIs, which takes every path.
    app.router.add_post("/_sandbox/traffic", start)
    app.router.add_get("/_sandbox/traffic", show)
    app.router.add_delete("/_sandbox/traffic", stop)
    app.router.add_post("/_sandbox/metrics", measure)
    app.router.add_delete("/_sandbox/metrics", forget)


async def _answered(work: Any, *arguments: Any) -> web.Response:
    try:
        return web.json_response(await asyncio.to_thread(work, *arguments) or {})
    except (RuntimeFailure, OSError) as error:
        return web.json_response(ApiError(400, str(error)).body("rpc"), status=400)
