"""Drives load through a gateway and counts who answered: run in the sandbox's network.

It reads a :class:`Load` as JSON on its input and prints a line of JSON, a :class:`Tally`, every
quarter of a second; the last one is the whole.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from itertools import count, islice
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_REPORT_SECONDS = 0.25
# Answered by a proxy itself, or by something that says no version.
_NO_VERSION = "-"


@dataclass(frozen=True)
class Load:
    """``requests`` calls, ``rate`` a second, made by turns by callers with these ``sources``.

    Each caller has cookies of its own and keeps them. Calls are shared among ``addresses``, the
    gateway's pods, which listen on ``port``. ``ca`` is the certificate to verify the gateway's by.
    """

    url: str
    addresses: list[str]
    port: int
    requests: int
    rate: float
    sources: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    ca: str = ""
    timeout_seconds: float = 30.0
    concurrency: int = 200


@dataclass
class Tally:
    """What came back so far: how often each version gave each status, and how long it took.

    Status 0 is for a call without an answer; ``errors`` says why. ``refused`` counts the callers
    that were answered 401 or 403, by their address.
    """

    sent: int = 0
    done: int = 0
    seconds: float = 0.0
    answers: dict[str, dict[str, int]] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def add(self, source: str, version: str, status: int, seconds: float, error: str) -> None:
        by_status = self.answers.setdefault(version, {})
        by_status[str(status)] = by_status.get(str(status), 0) + 1
        self.latencies.setdefault(version, []).append(seconds)
        self.done += 1
        if error:
            self.errors[error] = self.errors.get(error, 0) + 1
        if status in (401, 403):
            self.refused[source] = self.refused.get(source, 0) + 1


class _Gateway(AbstractResolver):
    """Every name is the gateway: its pods by turns, as a network load balancer shares them out."""

    def __init__(self, addresses: list[str], port: int) -> None:
        self._addresses, self._port, self._turns = addresses, port, count()

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        address = self._addresses[next(self._turns) % len(self._addresses)]
        found = ResolveResult(
            hostname=host, host=address, port=self._port, family=family, proto=0, flags=0
        )
        return [found]

    async def close(self) -> None:
        """Nothing is held."""


async def drive(load: Load) -> AsyncIterator[Tally]:
    """Make the calls at their times, however long the ones before take."""
    tally = Tally()
    gate = asyncio.Semaphore(load.concurrency)
    async with AsyncExitStack() as stack:
        gateway = _Gateway(load.addresses, load.port)
        callers = [
            (source, await stack.enter_async_context(_caller(load, gateway, source)))
            for source in load.sources
        ]
        started = time.perf_counter()

        async def one(source: str, http: aiohttp.ClientSession) -> None:
            async with gate:
                tally.add(source, *await _call(http, load))

        async def send() -> None:
            async with asyncio.TaskGroup() as calls:
                for number in range(load.requests):
                    await asyncio.sleep(started + number / load.rate - time.perf_counter())
                    calls.create_task(one(*callers[number % len(callers)]))
                    tally.sent += 1

        sending = asyncio.create_task(send())
        while not sending.done():
            await asyncio.wait([sending], timeout=_REPORT_SECONDS)
            tally.seconds = time.perf_counter() - started
            if not sending.done():
                yield tally
        await sending
    yield tally


def _caller(load: Load, gateway: _Gateway, source: str) -> aiohttp.ClientSession:
    secure: ssl.SSLContext | bool = True
    if load.ca:
        secure = ssl.create_default_context(cadata=load.ca)
    connector = aiohttp.TCPConnector(
        limit=load.concurrency,
        resolver=gateway,
        use_dns_cache=False,
        ssl=secure,
        local_addr=(source, 0),
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers=load.headers,
        cookies=load.cookies,
        timeout=aiohttp.ClientTimeout(total=load.timeout_seconds),
    )


async def _call(http: aiohttp.ClientSession, load: Load) -> tuple[str, int, float, str]:
    started = time.perf_counter()
    try:
        async with http.request(load.method, load.url, allow_redirects=False) as response:
            version = _version(await response.text())
            return version, response.status, time.perf_counter() - started, ""
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        what = str(error) or type(error).__name__
        return _NO_VERSION, 0, time.perf_counter() - started, what


def _version(body: str) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return _NO_VERSION
    return str(answer.get("version") or _NO_VERSION) if isinstance(answer, dict) else _NO_VERSION


def sources(number: int) -> list[str]:
    """Addresses of so many callers; they lie in the sandbox's own range, as nobody's else."""
    return [f"198.19.{n // 250}.{n % 250 + 1}" for n in islice(count(), number)]


async def _main(load: Load) -> None:
    async for tally in drive(load):
        data = asdict(tally)
        if tally.done < load.requests:
            del data["latencies"]
        sys.stdout.write(json.dumps(data) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(Load(**json.load(sys.stdin))))
