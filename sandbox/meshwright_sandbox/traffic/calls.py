"""Makes bounded numbers of HTTP calls, from wherever in the sandbox's network it is started.

There it is given a JSON list of :class:`Call` and answers with one of :class:`Answer`, one a call,
in the order in which they came.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network

_MOST_CALLS = 1_000_000


@dataclass(frozen=True)
class Call:
    """The same request ``count`` times, at most ``concurrency`` of them at once.

    ``source`` is the address to call from, one of the sandbox's; ``timeout_seconds`` is for one.
    """

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    count: int = 1
    concurrency: int = 1
    timeout_seconds: float = 10.0
    keep_alive: bool = False
    source: str = ""


@dataclass(frozen=True)
class Answer:
    """What one request got: a ``status``, or 0 and the ``error`` that came in its place."""

    status: int
    body: str
    seconds: float
    headers: dict[str, str]
    error: str = ""

    def json(self) -> Any:
        """The body's content."""
        return json.loads(self.body)


def call(network: Network, *calls: Call) -> list[Answer]:
    """Make ``calls`` one after the other from inside ``network``."""
    if sum(each.count for each in calls) > _MOST_CALLS:
        raise ValueError(f"at most {_MOST_CALLS} requests at a time")
    try:
        answers = run_inside(network, __name__, [asdict(each) for each in calls])
    except RuntimeFailure as error:
        raise RuntimeFailure(f"calls could not be made: {error}") from error
    return [Answer(**each) for each in answers]


def answer(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `call` does, once inside the network."""
    return [asdict(each) for each in asyncio.run(_main([Call(**given) for given in calls]))]


async def _make(wanted: Call) -> list[Answer]:
    connector = aiohttp.TCPConnector(
        limit=wanted.concurrency,
        force_close=not wanted.keep_alive,
        local_addr=(wanted.source, 0) if wanted.source else None,
    )
    timeout = aiohttp.ClientTimeout(total=wanted.timeout_seconds)
    jar = aiohttp.DummyCookieJar()
    gate = asyncio.Semaphore(wanted.concurrency)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as http:

        async def bounded() -> Answer:
            async with gate:
                return await _one(http, wanted)

        return list(await asyncio.gather(*(bounded() for _ in range(wanted.count))))


async def _one(http: aiohttp.ClientSession, wanted: Call) -> Answer:
    started = time.perf_counter()
    try:
        async with http.request(
            wanted.method,
            wanted.url,
            headers=wanted.headers,
            data=wanted.body or None,
            allow_redirects=False,
        ) as response:
            body = await response.text()
            seconds = time.perf_counter() - started
            return Answer(response.status, body, seconds, dict(response.headers))
    except (aiohttp.ClientError, TimeoutError) as error:
        seconds = time.perf_counter() - started
        return Answer(0, "", seconds, {}, error=f"{type(error).__name__}: {error}")


async def _main(calls: Sequence[Call]) -> list[Answer]:
    return [answer for each in calls for answer in await _make(each)]
