"""A rollout that real calls judge: the route is the stack's, the metrics are its Envoys' own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.traffic.load import Load, sources
from meshwright_sandbox.traffic.metrics import Prometheus
from stacks._rollouts import queries
from tests.lifecycle.harness import Stack
from tests.mesh.harness import MeshCluster, versions
from tests.mesh.load import driven
from tests.mesh.shop import HOST, Shop
from tests.sandbox.runtime.conftest import eventually

MESHWRIGHT = Path(sys.executable).parent / "meshwright"
PROGRAM = Path(__file__).parent / "programs" / "rollout"
NAMESPACE = "judged"
# Milliseconds; what a proxy's histogram still tells apart, and more than a busy machine takes.
SLOWEST = 30_000
STEPS = [{"weight": 30, "duration_seconds": 1}]

pytestmark = [pytest.mark.cluster, pytest.mark.engine, pytest.mark.xdist_group("mesh")]


@pytest.fixture
def prometheus(mesh_runtime: LocalRuntime) -> Iterator[Prometheus]:
    prometheus = Prometheus(mesh_runtime, scrape_seconds=0.5)
    prometheus.start()
    yield prometheus
    prometheus.stop()


@pytest.fixture
def shop(west: MeshCluster) -> Iterator[Shop]:
    shop = Shop(west, NAMESPACE)
    shop.open(routed=False)
    yield shop
    west.core.delete_namespace(shop.namespace)


def _analyses() -> list[dict[str, Any]]:
    """Those of the spec's own metrics, as a stack has them by a `prometheus_url`."""
    built_in = queries("prometheus")
    common = {
        "interval_seconds": 5, "min_samples": 25, "samples_query": built_in["samples"],
    }  # fmt: skip
    good = {"query": built_in["request-success-rate"], "min": 100}
    fast = {"query": built_in["request-duration-p99"], "max": SLOWEST}
    return [{"name": "success-rate", **good, **common}, {"name": "latency", **fast, **common}]


@pytest.fixture
def stack(tmp_path: Path, shop: Shop, prometheus: Prometheus) -> Stack:
    """v1 serves, and the spec has just named v2."""
    stack = Stack(PROGRAM, tmp_path, {})
    stack.configure(
        kubeconfig=str(shop.cluster.kubeconfig), namespace=shop.namespace, gateway=shop.gateway,
        host=HOST, metrics=prometheus.url, target="v1", steps=json.dumps(STEPS),
        analyses=json.dumps(_analyses()),
    )  # fmt: skip
    stack.up().succeeded()
    stack.configure(target="v2")
    stack.up().succeeded()
    return stack


def _driven(stack: Stack, *more: str) -> tuple[int, list[dict[str, Any]]]:
    """What `meshwright rollout start` ends with, and what it told."""
    done = subprocess.run(
        [MESHWRIGHT, "rollout", "start", "-C", stack.work, "-s", stack.name, "--json",
         "--poll", "0.5", *more],
        env=stack.environment, text=True, capture_output=True, check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def _measured(events: list[dict[str, Any]], analysis: str, verdict: str) -> list[float]:
    """The values that an analysis found, of those with this verdict."""
    found = [event["analysis"] for event in events if event["event"] == "measured"]
    named = [one for one in found if (one["name"], one["verdict"]) == (analysis, verdict)]
    return [one["value"] for one in named]


def test_calls_through_the_mesh_judge_a_rollout(stack: Stack, shop: Shop) -> None:
    """A version that fails half of its calls comes back by itself; mended, it serves every call."""
    shop.settings("v2", error_rate=0.5)
    with driven(shop.cluster.network, _load(shop)) as tally:
        code, events = _driven(stack)
    assert code == 1, events
    # Half of 25 calls or more: chance leaves these bounds once in 600,000 times.
    assert 5 < max(_measured(events, "success-rate", "failed")) < 95
    assert events[-1]["weights"] == {"v1": 100, "v2": 0}
    assert set(tally["answers"]["v1"]) == {"200"}
    assert set(tally["answers"]["v2"]) == {"200", "500"}
    eventually(lambda: _serves_every_call(shop, "v1"))

    shop.settings("v2", error_rate=0)
    with driven(shop.cluster.network, _load(shop)) as tally:
        code, events = _driven(stack, "--retry")
    assert code == 0, events
    assert set(_measured(events, "success-rate", "passed")) == {100}
    assert all(0 < value <= SLOWEST for value in _measured(events, "latency", "passed"))
    assert {status for by in tally["answers"].values() for status in by} == {"200"}
    eventually(lambda: _serves_every_call(shop, "v2"))


def _load(shop: Shop) -> Load:
    """More than lasts as long as a rollout."""
    url = urlsplit(shop.url)
    return Load(
        url=f"http://{HOST}/", addresses=[str(url.hostname)], port=url.port or 80,
        requests=100_000, rate=40, sources=sources(4),
    )  # fmt: skip


def _serves_every_call(shop: Shop, version: str) -> None:
    assert versions(shop.call(50)) == {version: 50}
