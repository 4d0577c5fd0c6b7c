"""What becomes of an object that a controller could not bring up to date, without a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.controllers.watching import Watcher

ITEM: Object = {"metadata": {"uid": "a", "name": "a"}}
OTHER: Object = {"metadata": {"uid": "b", "name": "b"}}
LONG = 60


class ApiServer:
    """Has two objects; a watch of it is quiet for as long as it was asked to last."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def get(self, path: str) -> Object:
        return {"metadata": {"resourceVersion": "1"}, "items": [ITEM, OTHER]}

    def watch(self, path: str, version: str, seconds: int) -> Iterator[Object]:
        self._stopped.wait(seconds)
        return iter(())

    def close(self) -> None:
        """Nothing is open."""


class Controller:
    """Fails with the first object, the first time; ends the watcher with the second time."""

    path = "/api/v1/things"

    def __init__(self, failure: Exception, stopped: threading.Event) -> None:
        self.seen: list[str] = []
        self._failures, self._stopped = [failure], stopped

    def present(self, items: list[Object]) -> None:
        """Nothing is kept."""

    def reconcile(self, api: Api, item: Object) -> None:
        self.seen.append(item["metadata"]["name"])
        if self._failures:
            raise self._failures.pop()
        if self.seen.count("a") == 2:
            self._stopped.set()


@pytest.fixture
def watched() -> Iterator[Callable[[Exception], Controller]]:
    stopped = threading.Event()

    def run(failure: Exception) -> Controller:
        controller = Controller(failure, stopped)
        connect: Any = partial(ApiServer, stopped)
        watcher = Watcher("c", controller, connect, stopped)
        watcher.start()
        watcher.join(LONG)
        return controller

    yield run
    stopped.set()


@pytest.mark.parametrize("status", [429, 500, 504])
def test_what_was_refused_in_passing_is_tried_again_soon(
    watched: Callable[[Exception], Controller], status: int
) -> None:
    """And holds nothing else up."""
    assert watched(ApiError(status, "later")).seen[:3] == ["a", "b", "a"]


def test_a_controller_that_breaks_down_goes_on(
    watched: Callable[[Exception], Controller],
) -> None:
    assert watched(KeyError("spec")).seen[:2] == ["a", "a"]
