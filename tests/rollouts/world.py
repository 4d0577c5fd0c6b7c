"""A stack whose spec was just given a new target, and what happens to it."""

from collections.abc import Callable
from typing import Any

from meshwright_rollouts.driver import Driver
from meshwright_rollouts.events import Event, utc
from meshwright_rollouts.metrics import Prometheus as Client
from meshwright_rollouts.plan import Rollout
from tests.rollouts.scripted import Clock, Prometheus, Stack

STEPS = [{"weight": 10, "durationSeconds": 60}, {"weight": 50, "durationSeconds": 120}]
ERRORS = {"name": "errors", "query": "errors", "max": 5, "intervalSeconds": 30}


class World:
    """A stack whose spec was just given a new target, and a driver for it."""

    def __init__(self, prometheus: Prometheus, **inputs: Any) -> None:
        prometheus.answers = {"errors": [0], "calls": [100]}
        self.prometheus = prometheus
        self.clock = Clock()
        given = {"steps": STEPS, "analyses": [ERRORS], "metrics": {"url": prometheus.url}}
        self.stack = Stack({"target": "v1", **given, **inputs}, self.clock)
        self.stack.up(target="v2")
        self.events: list[Event] = []

    def drive(self, **options: Any) -> str:
        driver = Driver(self.stack, Client, self.clock, self.events.append, "ann", 10)
        return driver.run(None, **options)

    def texts(self, kind: str) -> list[str]:
        return [event.text for event in self.events if event.kind == kind]

    def ordered(self, verb: Callable[..., Any], **more: Any) -> Callable[[], None]:
        def made(rollout: Rollout) -> Any:
            now = utc(self.clock.now())
            return verb(rollout, reason="by hand", by="bob", now=now, **more)

        return lambda: self.stack.others_order(made)
