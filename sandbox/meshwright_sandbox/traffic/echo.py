"""The echo service: what the sandbox runs as the container of an image that it knows.

It answers any request with what it saw of it. How it behaves is set by its container's environment
and can be changed while it runs (``PUT /-/settings``).
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping

import pydantic
from aiohttp import web

# What a container's `image` begins with, before its tag.
IMAGE = "sandbox.meshwright.dev/echo"
PORT = 8080
SETTINGS_PATH = "/-/settings"
READY_PATH = "/-/ready"
REQUESTS_PATH = "/-/requests"
_PREFIX = "ECHO_"


class Settings(pydantic.BaseModel):
    """How the service answers."""

    model_config = pydantic.ConfigDict(extra="forbid")

    version: str = ""
    latency_seconds: float = pydantic.Field(default=0, ge=0, le=60)
    error_rate: float = pydantic.Field(default=0, ge=0, le=1)
    error_status: int = pydantic.Field(default=500, ge=400, le=599)


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings that a container's environment holds, ``ECHO_VERSION`` and so on."""
    names = {f"{_PREFIX}{name.upper()}": name for name in Settings.model_fields}
    given = {names[key]: value for key, value in environment.items() if key in names}
    return Settings.model_validate(given)


class Echo:
    """Answers requests, and counts them."""

    def __init__(self, pod: str, settings: Settings) -> None:
        self._pod, self._settings, self._requests = pod, settings, 0

    def application(self) -> web.Application:
        served = web.Application()
        served.router.add_put(SETTINGS_PATH, self._set)
        served.router.add_get(READY_PATH, self._ready)
        served.router.add_get(REQUESTS_PATH, self._count)
        served.router.add_route("*", "/{path:.*}", self._answer)
        return served

    async def _answer(self, request: web.Request) -> web.Response:
        self._requests += 1
        answer = {
            "pod": self._pod,
            "version": self._settings.version,
            "requests": self._requests,
            "peer": request.remote,
            "headers": {name.lower(): value for name, value in request.headers.items()},
        }
        if self._settings.latency_seconds:
            await asyncio.sleep(self._settings.latency_seconds)
        failed = random.random() < self._settings.error_rate
        return web.json_response(answer, status=self._settings.error_status if failed else 200)

    async def _ready(self, _: web.Request) -> web.Response:
        """For probes: neither counted nor made to fail."""
        return web.Response(text="ready")

    async def _count(self, _: web.Request) -> web.Response:
        """How many requests there were, this one not among them."""
        return web.json_response({"requests": self._requests})

    async def _set(self, request: web.Request) -> web.Response:
        try:
            changes = await request.json()
            self._settings = Settings.model_validate({**self._settings.model_dump(), **changes})
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(self._settings.model_dump())


def main() -> None:
    """Serve on every address of the pod, on ``PORT`` as most images do."""
    echo = Echo(os.environ.get("HOSTNAME", ""), settings_of(os.environ))
    port = int(os.environ.get("PORT", PORT))
    web.run_app(echo.application(), host="0.0.0.0", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
