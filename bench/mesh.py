"""What the mesh costs and how fast it follows: measured through the local mesh's real Envoys.

A gateway, a service in two versions and istiod are real; the machine is whatever this is, and calls
are made by a Python program on it, which is slower than Envoy: requests a second say what that
program got through, at most. What the gateway adds is the same calls' time with it and without it.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.traffic.calls import Answer, Call, call
from meshwright_sandbox.traffic.echo import PORT
from meshwright_toolchain import bin_dir
from tests.mesh.harness import MeshCluster
from tests.mesh.shop import HOST, SERVICE, Shop

_ROUTES = (1, 10, 100)
_SERVICES = (10, 100, 1000)
_CALLS, _AT_ONCE = 2000, 16
_SWITCHES = 10
# Run in the sandbox's network: says when its first answer came, and the first of that version.
_UNTIL = """
import json, sys, time, urllib.request
url, host, version = sys.argv[1:]
request = urllib.request.Request(url, headers={"host": host})
first = True
while True:
    answered = json.load(urllib.request.urlopen(request, timeout=5))["version"]
    if first or answered == version:
        print(time.time(), flush=True)
    if answered == version:
        break
    first = False
"""
_PUSHES = re.compile(r"^pilot_proxy_convergence_time_(sum|count) (\S+)$", re.MULTILINE)


def mesh() -> Iterator[Figure]:
    """One cluster: switches first, then routes at the gateway, then services in the cluster."""
    with _shop() as shop:
        switched = tuple(1000 * seconds for seconds in _switches(shop))
        yield Figure("route applied, to a call on its new split", switched, None, "ms")
        for number in _ROUTES:
            _routes_at_the_gateway(shop, number)
            yield from _through_the_gateway(shop, number)
        for number in _SERVICES:
            _services(shop, number)
            pushed = tuple(1000 * seconds for seconds in _pushes(shop))
            yield Figure(f"istiod's push to a proxy, {number} services", pushed, None, "ms")


@contextmanager
def _shop() -> Iterator[Shop]:
    with tempfile.TemporaryDirectory(prefix="meshwright-bench-") as folder:
        runtime = LocalRuntime(Path(folder), bin_dir())
        try:
            if runtime.network.kind == "host":
                sys.exit(runtime.network.limits)
            shop = Shop(MeshCluster(runtime, "bench", "europe-west1", 16), "bench")
            shop.open()
            yield shop
            shop.cluster.traffic.stop()
        finally:
            runtime.shutdown()


def _switches(shop: Shop) -> Iterator[float]:
    """Blue and green by turns: from the moment of the change to the first call that it moved."""
    url = shop.url
    for number in range(_SWITCHES):
        version = ("v2", "v1")[number % 2]
        command = [sys.executable, "-c", _UNTIL, url, HOST, version]
        network = shop.cluster.network
        with subprocess.Popen(
            network.command(command), stdout=subprocess.PIPE, text=True
        ) as caller:
            assert caller.stdout is not None
            caller.stdout.readline()  # it calls by now
            started = time.time()
            shop.apply(active=version)
            yield float(caller.stdout.readline()) - started


def _through_the_gateway(shop: Shop, routes: int) -> Iterator[Figure]:
    (pod, *_) = shop.cluster.traffic.pods(shop.namespace, SERVICE)
    straight = f"http://{pod['status']['podIP']}:{PORT}/"
    started = time.perf_counter()
    _calls(shop, shop.url, _AT_ONCE)
    yield Figure(
        f"calls through the gateway, {routes} routes",
        (_CALLS / (time.perf_counter() - started),),
        None,
        "/s",
    )
    # One at a time: what is compared is a call's own time, and not how long it waits for others.
    added = _p99(_calls(shop, shop.url, 1)) - _p99(_calls(shop, straight, 1))
    yield Figure(f"p99 that the gateway adds, {routes} routes", (1000 * added,), None, "ms")


def _calls(shop: Shop, url: str, at_once: int) -> list[Answer]:
    planned = Call(url, headers={"host": HOST}, count=_CALLS, concurrency=at_once, keep_alive=True)
    answers = call(shop.cluster.network, planned)
    failed = [answer for answer in answers if answer.status != 200]
    if failed:
        sys.exit(f"{len(failed)} of {len(answers)} calls of {url} failed, such as {failed[0]}")
    return answers


def _p99(answers: list[Answer]) -> float:
    return statistics.quantiles([answer.seconds for answer in answers], n=100)[98]


def _routes_at_the_gateway(shop: Shop, number: int) -> None:
    """So many routes there, the shop's among them; each has a host of its own."""
    for other in range(1, number):
        host = f"shop-{other}.example.com"
        destination = {"destination": {"host": SERVICE, "port": {"number": 80}}}
        spec = {
            "hosts": [host], "gateways": [shop.gateway], "http": [{"route": [destination]}]
        }  # fmt: skip
        shop.cluster.apply(shop.namespace, "VirtualService", f"other-{other}", spec)
    _settle(shop)


def _services(shop: Shop, number: int) -> None:
    there = len(shop.cluster.core.list_namespaced_service(shop.namespace).items)
    for other in range(there, number):
        shop.cluster.serve(shop.namespace, f"service-{other}")
    _settle(shop)


def _pushes(shop: Shop) -> Iterator[float]:
    """What a change of the route took until every proxy had it, as istiod measures it."""
    for stable in range(60, 60 + _SWITCHES):
        seconds, number = _convergence(shop)
        shop.route(weights={"v1": stable, "v2": 100 - stable})
        _settle(shop)
        after, pushes = _convergence(shop)
        yield (after - seconds) / max(pushes - number, 1)


def _settle(shop: Shop) -> None:
    """Until istiod has pushed nothing for a second."""
    before = -1.0
    while (now := _convergence(shop)[1]) != before:
        before = now
        time.sleep(1)


def _convergence(shop: Shop) -> tuple[float, float]:
    """Seconds and number of istiod's pushes so far."""
    (answer,) = call(shop.cluster.network, Call(f"http://{shop.cluster.istiod}:15014/metrics"))
    found = dict(_PUSHES.findall(answer.body))
    return float(found.get("sum", 0)), float(found.get("count", 0))
