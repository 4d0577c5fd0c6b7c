"""What TrafficRoute does to calls: counted behind a real Envoy that a real istiod configures."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from meshwright_sandbox.runtime.local import LocalRuntime
from tests.sandbox.runtime.conftest import eventually
from tests.sandbox.runtime.gateway import Traffic
from tests.unit.routes import arguments, made

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]


@pytest.fixture(scope="module")
def traffic(
    runtime: LocalRuntime,
    api: client.ApiClient,
    tools: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Traffic]:
    if runtime.network.kind == "host":
        pytest.skip(runtime.network.limits)
    body = {"metadata": {"generateName": "traffic-", "labels": {"istio.io/rev": "asm-managed"}}}
    name = client.CoreV1Api(api).create_namespace(body).metadata.name
    folder = tmp_path_factory.mktemp("traffic")
    running = Traffic(runtime.network, api, name, tools / "envoy", folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
    client.CoreV1Api(api).delete_namespace(name)


def route(traffic: Traffic, **more: Any) -> None:
    """Make the route with these arguments, and wait until calls go by it."""
    given = {"namespace": traffic.namespace, "hosts": [traffic.host], "port": 80}
    given |= {"gateways": [f"{traffic.namespace}/gw"], **more}
    for item in made(arguments("istio", **given)).registrations:
        kind = item.type.rsplit(":", 1)[-1]
        if kind in ("DestinationRule", "VirtualService"):
            whole = re.sub(r"(?<=\d)\.0(?=[,}\]])", "", json.dumps(item.inputs["spec"]))
            traffic.apply("networking.istio.io/v1", kind, "checkout", json.loads(whole))


def versions(answers: list[tuple[int, str, str]]) -> Counter[str]:
    """How often each version answered; anything but 200 fails."""
    assert {status for status, _, _ in answers} == {200}
    return Counter(text.split()[0] for _, text, _ in answers)


def test_a_canary_gets_its_share(traffic: Traffic) -> None:
    """A tenth of 300 calls, within five standard deviations."""
    route(traffic, weights={"v1": 90, "v2": 10})

    def shared_out() -> None:
        assert 4 <= versions(traffic.call(({}, 300)))["v2"] <= 56

    eventually(shared_out)


def test_blue_and_green_change_places_at_once(traffic: Traffic) -> None:
    for active in ("v1", "v2"):
        route(traffic, active=active)

        def switched(expected: str = active) -> None:
            assert versions(traffic.call(({}, 20))) == {expected: 20}

        eventually(switched)


def test_a_match_by_header_or_cookie_picks_a_version(traffic: Traffic) -> None:
    cookie = {"name": "group", "value": "b"}
    matches = [
        {"version": "v2", "headers": {"X-Group": "b"}},
        {"version": "v2", "cookie": cookie},
    ]
    route(traffic, active="v1", matches=matches)

    def picked() -> None:
        answers = traffic.call(
            ({"x-group": "b"}, 5),
            ({"cookie": "a=1; group=b; c=2"}, 5),
            ({"x-group": "c", "cookie": "group=bb; subgroup=b"}, 5),
        )
        assert [text.split()[0] for _, text, _ in answers] == ["v2"] * 10 + ["v1"] * 5

    eventually(picked)


def test_callers_keep_their_version_while_weights_move(traffic: Traffic) -> None:
    """20 callers of 5 calls each; then all weight moves, and they move at once."""
    sticky = {"to": "version", "cookie": "shop"}
    route(traffic, weights={"v1": 50, "v2": 50}, sticky=sticky)

    def sessions(*cookies: str) -> list[set[tuple[str, str]]]:
        answers = traffic.call(*(({"cookie": cookie}, 5) for cookie in cookies))
        assert sum(versions(answers).values()) == 5 * len(cookies)
        calls = [(text.split()[0], cookie) for _, text, cookie in answers]
        return [set(calls[start : start + 5]) for start in range(0, len(calls), 5)]

    def stayed() -> None:
        seen = sessions(*[""] * 20)
        assert {len(session) for session in seen} == {1}
        assert set.union(*seen) == {("v1", "shop=v1"), ("v2", "shop=v2")}

    eventually(stayed)
    route(traffic, weights={"v1": 90, "v2": 10}, sticky=sticky)
    assert sessions("shop=v2", "shop=v1") == [{("v2", "shop=v2")}, {("v1", "shop=v1")}]
    route(traffic, weights={"v1": 100, "v2": 0}, sticky=sticky)

    def moved() -> None:
        assert {version for version, _ in sessions("shop=v2")[0]} == {"v1"}

    eventually(moved)


def test_a_mirror_gets_copies_whose_answers_nobody_sees(traffic: Traffic) -> None:
    """The last call asks v2 itself how many copies it got."""
    matches = [{"version": "v2", "headers": {"x-ask": "v2"}}]
    route(traffic, active="v1", mirror={"version": "v2"}, matches=matches)

    def mirrored() -> None:
        before = traffic.call(({"x-ask": "v2"}, 1))[0][1]
        assert versions(traffic.call(({}, 10))) == {"v1": 10}
        after = traffic.call(({"x-ask": "v2"}, 1))[0][1]
        assert int(after.split()[1]) - int(before.split()[1]) >= 10

    eventually(mirrored)


def test_faults_answer_in_place_of_the_service(traffic: Traffic) -> None:
    route(traffic, active="v1", fault={"abort": {"http_status": 418}})

    def aborted() -> None:
        assert {status for status, _, _ in traffic.call(({}, 5))} == {418}

    eventually(aborted)
