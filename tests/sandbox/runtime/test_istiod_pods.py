"""What is kept and what is ended among the istiods that somebody deployed, without a cluster."""

from __future__ import annotations

import functools
import threading
from typing import Any

import pytest

from meshwright_sandbox.runtime.controllers.istiods import IstiodPods
from meshwright_sandbox.runtime.controllers.watching import Watcher
from meshwright_sandbox.runtime.istiod import Istiod
from meshwright_sandbox.runtime.pod_range import control_plane_addresses

_ADDRESSES = functools.partial(control_plane_addresses, "10.0.0.0/24", 0)


class Host:
    """Remembers which istiods would run."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def run_istiod(self, istiod: Istiod) -> None:
        self.names.add(istiod.name)

    def answers(self, istiod: Istiod) -> bool:
        return False

    def end_istiods(self, prefix: str, keep: set[str]) -> None:
        self.names = {n for n in self.names if not n.startswith(prefix) or n in keep}


def pod(uid: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"uid": uid, "name": uid, **metadata}, "spec": {"nodeName": "node"}}


@pytest.fixture
def host() -> Host:
    host = Host()
    host.names = {"istiod-pod-a"}
    return host


def test_an_istiod_whose_start_was_not_seen_yet_is_kept(host: Host) -> None:
    IstiodPods(host, _ADDRESSES).present([pod("a")])

    assert host.names == {"istiod-pod-a"}


@pytest.mark.parametrize(
    "left",
    [
        [],
        [pod("a", deletionTimestamp="2026-01-01T00:00:00Z")],
        [pod("a") | {"status": {"phase": "Failed"}}],
    ],
    ids=["gone", "leaving", "failed"],
)
def test_an_istiod_without_its_pod_is_ended(host: Host, left: list[dict[str, Any]]) -> None:
    IstiodPods(host, _ADDRESSES).present(left)

    assert host.names == set()


class Listing:
    """An API server that has one pod, and says that the watcher is stopped before it answers."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def get(self, path: str) -> dict[str, Any]:
        self._stopped.set()
        return {"metadata": {"resourceVersion": "1"}, "items": [pod("b")]}

    def watch(self, path: str, version: str, seconds: int) -> list[dict[str, Any]]:
        return []

    def close(self) -> None:
        """Nothing is open."""


def test_a_stopped_watcher_starts_and_ends_nothing(host: Host) -> None:
    stopped = threading.Event()
    watcher = Watcher("c", IstiodPods(host, _ADDRESSES), lambda: Listing(stopped), stopped)  # type: ignore[arg-type,return-value]

    watcher.run()

    assert host.names == {"istiod-pod-a"}
