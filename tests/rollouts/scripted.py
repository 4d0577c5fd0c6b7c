"""A stack and a clock that follow a script, and a Prometheus that does too."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from meshwright_provider.position import Order, Position, Refused, next_position
from meshwright_rollouts.engine import MovedOn, UpdateFailed
from meshwright_rollouts.plan import Rollout, rollout_in

URN = "urn:pulumi:test::shop::meshwright:index:Rollout::shop-checkout"
ROUTE = "urn:pulumi:test::shop::kubernetes:networking.istio.io/v1:VirtualService::shares"


class Prometheus:
    """Answers each query from its own list of numbers; the last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Any]] = {}
        self.asked: list[str] = []
        self.times: list[float | None] = []
        """For when each question was; None: for now."""
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                server.headers.append(dict(self.headers))
                server.times.append(float(form["time"][0]) if "time" in form else None)
                status, body = server.answer(self.path, form["query"][0])
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/prometheus"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str, query: str) -> tuple[int, bytes]:
        assert path == "/prometheus/api/v1/query"
        self.asked.append(query)
        script = self.answers[query]
        found = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(found, tuple):
            status, content = found
            return status, content if isinstance(content, bytes) else json.dumps(content).encode()
        result = [] if found is None else [{"metric": {}, "value": [1.0, str(found)]}]
        data = {"resultType": "vector", "result": result}
        return 200, json.dumps({"status": "success", "data": data}).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Clock:
    """Time goes by only where somebody sleeps; `at` lets others act meanwhile."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0
        self.plans: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds > 0, "a driver that does not wait would spin"
        self.seconds += seconds
        assert self.seconds < 1_100_000, "nothing ends this rollout"
        due = [plan for plan in self.plans if plan[0] <= self.seconds - 1_000_000]
        self.plans = [plan for plan in self.plans if plan not in due]
        for _, act in due:
            act()

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        self.plans.append((seconds, act))


class Stack:
    """Keeps a rollout as the engine and the plugin do; `fails` says how the next updates fail."""

    def __init__(self, inputs: dict[str, Any], clock: Clock) -> None:
        self.inputs = {"service": "shop/checkout", "versions": ["v1", "v2", "v3"], **inputs}
        self.clock = clock
        self.fails: list[str] = []
        self.messages: list[str] = []
        self.history: list[tuple[float, dict[str, int]]] = []
        """When the route changed, and to which weights."""
        self._check(None)

    def up(self, **changed: Any) -> None:
        """A plain update, after a change of the spec."""
        self.inputs |= changed
        self._check(None)

    def read(self, name: str | None) -> Rollout:
        resource = {"urn": URN, "type": "meshwright:index:Rollout", "inputs": self.inputs}
        route = {"urn": ROUTE, "dependencies": [URN]}
        return rollout_in({"resources": [resource, route]}, name)

    def settle(self, rollout: Rollout, message: str) -> Rollout:
        return self._update(Order(URN, rollout.position.generation, None), message)

    def order(self, rollout: Rollout, position: Position, message: str) -> Rollout:
        return self._update(Order(URN, rollout.position.generation, position), message)

    def _update(self, order: Order, message: str) -> Rollout:
        self.messages.append(message)
        fault = self.fails.pop(0) if self.fails else ""
        if fault == "before":
            raise UpdateFailed("error: 503 before anything was done")
        try:
            self._check(order, route=fault != "between")
        except Refused as error:
            raise MovedOn(str(error)) from error
        if fault == "between":
            raise UpdateFailed("error: 503 between the state and the route")
        return self.read(None)

    def _check(self, order: Order | None, *, route: bool = True) -> None:
        given = Order.of(order.as_text()) if order else None
        position = next_position(
            URN, self.inputs["versions"], self.inputs["target"],
            self.inputs.get("targetRevision", ""), self.inputs.get("position"), given,
        )  # fmt: skip
        self.inputs["position"] = position.as_properties()
        weights = position.weights(self.inputs["versions"])
        if route and (not self.history or self.history[-1][1] != weights):
            self.history.append((self.clock.seconds - 1_000_000, weights))

    @property
    def position(self) -> Position:
        return Position.of(self.inputs["position"])

    def others_order(self, made: Callable[[Rollout], Position]) -> None:
        """Somebody else's order, as `meshwright rollout` gives it."""
        rollout = self.read(None)
        self._check(Order(URN, rollout.position.generation, made(rollout)))

    def shares(self) -> list[int]:
        """What v2 got, one after another."""
        return [weights["v2"] for _, weights in self.history]
