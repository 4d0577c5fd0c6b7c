"""`meshwright rollout` on a stack, with the real engine: on, back, and carried on after a death."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from tests.lifecycle.harness import Cloud, Stack, assert_consistent
from tests.rollouts.scripted import Prometheus

MESHWRIGHT = Path(sys.executable).parent / "meshwright"
STEPS = [{"weight": 10, "duration_seconds": 1}, {"weight": 50, "pause": True}]
ERRORS = [{"name": "errors", "query": "errors", "max": 5, "interval_seconds": 0.5}]

pytestmark = pytest.mark.engine


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    server = Prometheus()
    server.answers = {"errors": [0]}
    yield server
    server.close()


@pytest.fixture
def web(make_stack: Callable[[str], Stack], prometheus: Prometheus) -> Stack:
    """v1 serves, and the spec has just named v2."""
    stack = make_stack("rollout")
    stack.configure(steps=json.dumps(STEPS), analyses=json.dumps(ERRORS), metrics=prometheus.url)
    stack.up().succeeded()
    stack.configure(target="v2")
    stack.up().succeeded()
    return stack


class Driving:
    """A `meshwright rollout start` that is under way."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []

    def until(self, kind: str) -> dict[str, Any]:
        """Read events up to one of a kind."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == kind:
                return self.events[-1]
        pytest.fail(f"no {kind}: {self.events} {self.error()}")

    def ended(self) -> int:
        assert self.process.stdout is not None
        self.events += [json.loads(line) for line in self.process.stdout]
        return self.process.wait(240)

    def error(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def until_told(self, text: str) -> None:
        """Read what a person is told up to a line with a text."""
        assert self.process.stderr is not None
        told = [next(self.process.stderr, "")]
        while text not in told[-1]:
            assert told[-1], f"never told: {text}\n{''.join(told)}"
            told.append(next(self.process.stderr, ""))

    def kill_all(self) -> None:
        """Driver, engine and plugins at once, as a machine that loses its power does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def _driving(stack: Stack, *more: str) -> Iterator[Driving]:
    process = subprocess.Popen(
        [MESHWRIGHT, "rollout", "start", "-C", stack.work, "-s", stack.name, "--json",
         "--poll", "1", "--by", "ann", *more],
        env=stack.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield Driving(process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


def _rollout(stack: Stack, verb: str, *more: str) -> Any:
    done = subprocess.run(
        [MESHWRIGHT, "rollout", verb, "-C", stack.work, "-s", stack.name, "--json", *more],
        env=stack.environment, text=True, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _sent(cloud: Cloud) -> list[dict[str, int]]:
    """The weights that the API was sent, one after another."""
    bodies = [
        entry["body"]
        for entry in cloud.requests()
        if "/httpRoutes" in entry["path"] and entry["method"] in ("POST", "PATCH")
    ]
    return [_weights(body) for body in bodies]


def _held(cloud: Cloud) -> dict[str, int]:
    """The weights that the API holds now."""
    place = "networkservices/v1/projects/meshwright-dev/locations/global/httpRoutes/web"
    return _weights(requests.get(f"{cloud.url}/{place}", timeout=30).json())


def _weights(route: dict[str, Any]) -> dict[str, int]:
    return {
        destination["serviceName"].rsplit("/", 1)[1]: destination["weight"]
        for destination in route["rules"][0]["action"]["destinations"]
    }


def _messages(stack: Stack) -> list[str]:
    run = stack.run("stack", "history", "--json", "--stack", stack.name).succeeded()
    return [entry["message"] for entry in json.loads(run.output)]


def test_steps_go_through_and_every_plain_update_keeps_the_weights(
    web: Stack, cloud: Cloud
) -> None:
    """Also one that changes something else of the route, and a refresh."""
    with _driving(web) as driving:
        paused = driving.until("paused")
        assert paused["weights"] == {"v1": 50, "v2": 50}
        web.configure(timeout="7s")
        assert [of for _, of in web.up().succeeded().steps] == [
            "gcp:networkservices/httpRoute:HttpRoute::web-route"
        ]
        web.preview("--expect-no-changes", "--refresh").succeeded()
        (where,) = _rollout(web, "status")
        assert (where["phase"], where["weights"]) == ("Paused", {"v1": 50, "v2": 50})

        _rollout(web, "promote", "--by", "bob", "-m", "numbers look good")
        assert driving.ended() == 0, driving.error()

    assert _sent(cloud) == [
        {"v1": 100}, {"v1": 90, "v2": 10}, {"v1": 50, "v2": 50}, {"v1": 50, "v2": 50}, {"v2": 100},
    ]  # fmt: skip
    assert all(sum(weights.values()) == 100 for weights in _sent(cloud))
    messages = _messages(web)
    assert any("step 1 of 2, v2 gets 10 % (ann: started)" in text for text in messages)
    assert "v2 gets 100 % (bob: numbers look good)" in messages[0]
    assert web.up().succeeded().changes == {}
    assert_consistent(web, cloud)


def test_a_broken_target_comes_back_and_a_new_one_starts_anew(
    web: Stack, cloud: Cloud, prometheus: Prometheus
) -> None:
    """The plain updates that follow leave it so, until the target is another one."""
    prometheus.answers["errors"] = [0, 40]
    with _driving(web) as driving:
        assert driving.ended() == 1, driving.error()
    # On a busy machine a measurement may be looked at later than it was due, which is said between.
    reason = driving.events[-1]["text"]
    assert reason.startswith("analysis errors: 40 is above max 5 (")
    assert reason.endswith("(1 failed, 0 allowed)")
    assert web.up().succeeded().changes == {}
    with _driving(web) as again:
        assert again.ended() == 2
        assert "40 is above max 5" in again.error()
    assert _sent(cloud) == [{"v1": 100}, {"v1": 90, "v2": 10}, {"v1": 100}]

    web.configure(revision="image:2")
    with _driving(web) as early:
        assert early.ended() == 2
        assert "Run `pulumi up`" in early.error()
    web.up().succeeded()
    (where,) = _rollout(web, "status")
    assert (where["phase"], where["targetRevision"]) == ("Pending", "image:2")
    assert_consistent(web, cloud)


def test_a_rollout_waits_for_an_update_that_just_writes_its_lock(web: Stack) -> None:
    """The engine then finds a lock's name and nothing under it, and does not call it a lock."""
    (state,) = (web.state / ".pulumi/stacks").glob(f"*/{web.name}.json")
    locks = web.state / ".pulumi/locks/organization" / state.parent.name / web.name
    locks.mkdir(parents=True, exist_ok=True)
    another = locks / "of-another-update.json.tmp"
    another.symlink_to("not-there-yet")

    with _driving(web) as driving:
        driving.until_told("another update works on the stack; waiting for it")
        another.unlink()
        assert driving.until("paused")["weights"] == {"v1": 50, "v2": 50}


@retry(retry=retry_if_result(lambda reached: not reached), wait=wait_fixed(0.02),
       stop=stop_after_delay(240))  # fmt: skip
def _until(reached: Callable[[], bool]) -> bool:
    return reached()


@pytest.mark.usefixtures("checkpoints")
def test_a_rollout_that_dies_anywhere_is_carried_on(web: Stack, cloud: Cloud) -> None:
    """Everything at once while the route is changed, then the emulator, then the driver."""
    cloud.fault(r"PATCH .*/httpRoutes/", "hang")
    with _driving(web) as driving:
        _until(lambda: cloud.struck() > 0)
        driving.kill_all()
    web.mend_state()
    cloud.kill()
    cloud.start()
    assert _held(cloud) == {"v1": 100}

    with _driving(web) as resumed:
        resumed.until("paused")
        resumed.process.kill()
        assert "was killed; unlocked" in resumed.error()
    assert resumed.events[0]["event"] == "resumed"

    _rollout(web, "promote")
    with _driving(web) as last:
        assert last.ended() == 0, last.error()
    assert all(sum(weights.values()) == 100 for weights in _sent(cloud))
    assert _held(cloud) == {"v2": 100}
    assert_consistent(web, cloud)
