"""What a bad version costs until it is back, by `meshwright rollout` and by Flagger.

Both are on one cluster and ask one Prometheus the same at the same interval; the bad version fails
half of its calls from the first on, and is to get 30 % of them. One caller makes 50 calls a second
through the gateway and notes each answer: from the first bad one to the last is what is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure
from bench.flagger import Flagger
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.traffic.metrics import Prometheus
from meshwright_toolchain import ensure
from stacks._rollouts import queries
from tests.lifecycle.harness import Stack
from tests.mesh.harness import MeshCluster
from tests.mesh.shop import HOST, Shop

T = TypeVar("T")

# Flagger takes none below.
INTERVAL_SECONDS = 10
SHARE = 30
ERROR_RATE = 0.5
_RATE = 50
_SCRAPE_SECONDS = 1
_RUNS = 3
_LONGEST_SECONDS = 300
_PROGRAM = Path(__file__).parents[1] / "tests" / "mesh" / "programs" / "rollout"
_MESHWRIGHT = Path(sys.executable).parent / "meshwright"
# Run in the sandbox's network: a line an answer, with its time, status and version.
_CALLER = """
import http.client, json, sys, time
address, port, host, rate = sys.argv[1:]
connection = http.client.HTTPConnection(address, int(port), timeout=5)
due = time.time()
while True:
    try:
        connection.request("GET", "/", headers={"host": host})
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
        version = json.loads(body).get("version", "-") if body[:1] == b"{" else "-"
    except OSError:
        connection.close()
        status, version = 0, "-"
    print(time.time(), status, version or "-", flush=True)
    due = max(due + 1 / float(rate), time.time() - 1)
    time.sleep(max(0, due - time.time()))
"""


@dataclass(frozen=True)
class Answer:
    """What a call got, and when."""

    at: float
    status: int
    version: str

    @property
    def bad(self) -> bool:
        """Whether the service failed."""
        return self.status >= 500


def rollbacks() -> Iterator[Figure]:
    """One cluster: plain updates first, then roll-backs, ours and Flagger's."""
    tools = ensure(also=["flagger"])
    with tempfile.TemporaryDirectory(prefix="meshwright-bench-") as folder:
        runtime = LocalRuntime(Path(folder), tools)
        try:
            if runtime.network.kind == "host":
                sys.exit(runtime.network.limits)
            cluster = MeshCluster(runtime, "bench", "europe-west1", 16)
            prometheus = Prometheus(runtime, _SCRAPE_SECONDS)
            prometheus.start()
            yield from _ours(cluster, prometheus, Path(folder))
            yield from _flaggers(runtime, cluster, prometheus)
            cluster.traffic.stop()
        finally:
            runtime.shutdown()


def _ours(cluster: MeshCluster, prometheus: Prometheus, folder: Path) -> Iterator[Figure]:
    shop = Shop(cluster, "bench")
    shop.open(routed=False)
    work = folder / "stack"
    work.mkdir()
    stack = Stack(_PROGRAM, work, {})
    _configure(stack, shop, prometheus)
    stack.up().succeeded()
    yield Figure("`pulumi up` begun, to a call on its new split", tuple(_ups(stack, shop)), None)
    stack.run("config", "rm", "active", "--stack", stack.name).succeeded()
    stack.up().succeeded()
    stack.configure(target="v2")
    stack.up().succeeded()
    shop.settings("v2", error_rate=ERROR_RATE)

    def run() -> None:
        command = [_MESHWRIGHT, "rollout", "start", "--retry", "--json", "--poll", "1"]
        command += ["-C", str(stack.work), "-s", stack.name]
        done = subprocess.run(
            command, env=stack.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 1:
            sys.exit(f"the bad version did not come back: {done.stdout}{done.stderr}")

    found = [_suffered(cluster.network, shop.url, HOST, run) for _ in range(_RUNS)]
    yield from _figures("meshwright rollout", found)


def _flaggers(
    runtime: LocalRuntime, cluster: MeshCluster, prometheus: Prometheus
) -> Iterator[Figure]:
    with Flagger(runtime, cluster, prometheus, ERROR_RATE).running() as flagger:
        flagger.open(interval_seconds=INTERVAL_SECONDS, share=SHARE)
        found = [
            _suffered(cluster.network, flagger.url, flagger.host, flagger.release_a_bad_version)
            for _ in range(_RUNS)
        ]
    yield from _figures("Flagger", found)


def _configure(stack: Stack, shop: Shop, prometheus: Prometheus) -> None:
    judge = {
        "name": "success-rate", "query": queries("prometheus")["request-success-rate"], "min": 99,
        "interval_seconds": INTERVAL_SECONDS,
    }  # fmt: skip
    given = {
        "kubeconfig": str(shop.cluster.kubeconfig), "namespace": shop.namespace,
        "gateway": shop.gateway, "host": HOST, "metrics": prometheus.url,
        "active": "v1", "target": "v1",
        "steps": json.dumps([{"weight": SHARE, "duration_seconds": 60}]),
        "analyses": json.dumps([judge]),
    }  # fmt: skip
    settings = [word for key in given for word in ("--plaintext", f"{key}={given[key]}")]
    stack.run("config", "set-all", "--stack", stack.name, *settings).succeeded()


def _ups(stack: Stack, shop: Shop) -> Iterator[float]:
    """Blue and green by turns."""
    for version in ("v2", "v1", "v2"):
        stack.configure(active=version)
        with calling(shop.cluster.network, shop.url, HOST) as answers:
            began = time.time()
            stack.up().succeeded()
            moved = _awaited(lambda: [a for a in answers if a.version == version])  # noqa: B023
        yield moved[0].at - began


def _suffered(
    network: Network, url: str, host: str, release: Callable[[], None]
) -> tuple[float, int]:
    """Seconds from the first bad answer to the last one, and how many there were."""
    with calling(network, url, host) as answers:
        release()
        until = time.time() + INTERVAL_SECONDS
        _awaited(lambda: answers[-1].at > until)
    bad = [answer for answer in answers if answer.bad]
    if not bad or bad[-1].at > until - 1:
        sys.exit(f"no roll-back was seen: {len(bad)} bad answers of {len(answers)}")
    return bad[-1].at - bad[0].at, len(bad)


def _figures(name: str, found: list[tuple[float, int]]) -> Iterator[Figure]:
    seconds, calls = zip(*found, strict=True)
    yield Figure(f"{name}: first bad call, to all on stable", tuple(seconds), None)
    yield Figure(f"{name}: bad calls until then", tuple(map(float, calls)), None, "")


@contextmanager
def calling(network: Network, url: str, host: str) -> Iterator[list[Answer]]:
    """Calls at a steady rate for as long as the block lasts; they have begun when it does."""
    address, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    command = network.command([sys.executable, "-c", _CALLER, address, port, host, str(_RATE)])
    answers: list[Answer] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        lines = caller.stdout

        def read() -> None:
            for line in lines:
                at, status, version = line.split()
                answers.append(Answer(float(at), int(status), version))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            _awaited(lambda: answers)
            yield answers
        finally:
            caller.terminate()
            reader.join()


def _awaited(look: Callable[[], T]) -> T:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            sys.exit(f"nothing came within {_LONGEST_SECONDS} seconds")
        time.sleep(0.05)
    return found
