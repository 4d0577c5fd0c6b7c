"""What TrafficRoute's rendering for Istio does to calls: counted behind real Envoys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshwright_sandbox.traffic.calls import Answer
from tests.mesh.harness import MeshCluster, statuses, versions
from tests.mesh.measures import share_is_within
from tests.mesh.shop import Shop
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

CALLS = 1000


@pytest.fixture(scope="module")
def opened(west: MeshCluster) -> Iterator[Shop]:
    shop = Shop(west, "routes")
    shop.open()
    yield shop
    west.core.delete_namespace(shop.namespace)


@pytest.fixture
def shop(opened: Shop) -> Iterator[Shop]:
    """The shop; versions answer well again afterwards."""
    yield opened
    for version in ("v1", "v2"):
        opened.settings(version, error_rate=0, latency_seconds=0)


def assert_shared_out(answers: list[Answer], share: float) -> None:
    assert set(statuses(answers)) == {200}
    counted = versions(answers)["v2"]
    assert share_is_within(counted, len(answers), share), counted


@pytest.mark.parametrize("stable", [99, 90, 50, 0, 100])
def test_each_version_gets_its_share(shop: Shop, stable: int) -> None:
    """Within the interval that chance leaves 999 of 1,000 right splits in."""
    shop.route(weights={"v1": stable, "v2": 100 - stable})
    assert_shared_out(shop.call(CALLS), 1 - stable / 100)


def test_callers_in_the_mesh_are_shared_out_too(shop: Shop) -> None:
    shop.route(weights={"v1": 80, "v2": 20})
    assert_shared_out(shop.call_inside(CALLS), 0.20)


def test_a_match_by_header_or_cookie_picks_a_version_and_nothing_else_does(shop: Shop) -> None:
    cookie = {"name": "group", "value": "b"}
    matches = [
        {"version": "v2", "headers": {"X-Group": "b"}},
        {"version": "v2", "cookie": cookie},
    ]
    shop.route(active="v1", matches=matches)
    fit = [{"x-group": "b"}, {"cookie": "group=b"}, {"cookie": "a=1; group=b; c=2"}]
    miss = [{"x-group": "bb"}, {"x-group": "B"}, {"cookie": "group=bb; subgroup=b"}, {}]
    answered = shop.call_each(*fit, *miss, count=20)
    assert [versions(answers) for answers in answered] == [{"v2": 20}] * 3 + [{"v1": 20}] * 4


def test_callers_keep_their_version_while_weights_move(shop: Shop) -> None:
    """20 callers, 1,000 calls; a version without a share then loses its callers at once."""
    sticky = {"to": "version", "cookie": "shop"}
    shop.route(weights={"v1": 50, "v2": 50}, sticky=sticky)
    drawn = {a.json()["version"]: a.headers["Set-Cookie"].partition(";")[0] for a in shop.call(50)}
    assert drawn == {"v1": "shop=v1", "v2": "shop=v2"}
    callers = [{"cookie": drawn[("v1", "v2")[n % 2]]} for n in range(20)]
    with shop.called_meanwhile(CALLS, *callers) as answers:
        for stable in (90, 10, 99, 1):
            shop.route(weights={"v1": stable, "v2": 100 - stable}, sticky=sticky)
    assert set(statuses(answers)) == {200}
    kept = {(a.json()["headers"]["cookie"], a.json()["version"]) for a in answers}
    assert kept == {("shop=v1", "v1"), ("shop=v2", "v2")}
    shop.route(weights={"v1": 100, "v2": 0}, sticky=sticky)
    assert versions(shop.call(20, cookie="shop=v2")) == {"v1": 20}


def test_a_switch_from_blue_to_green_fails_no_call(shop: Shop) -> None:
    shop.route(active="v1")
    with shop.called_meanwhile(CALLS) as answers:
        for active in ("v2", "v1", "v2"):
            shop.route(active=active)
            assert versions(shop.call(20)) == {active: 20}
    assert set(statuses(answers)) == {200}
    assert set(versions(answers)) == {"v1", "v2"}


@pytest.mark.parametrize("percent", [100, 30])
def test_a_mirror_gets_copies_whose_answers_nobody_sees(shop: Shop, percent: int) -> None:
    calls = 200
    shop.settings("v2", error_rate=1)
    shop.route(active="v1", mirror={"version": "v2", "percent": percent})
    before = shop.requests("v2")
    assert versions(shop.call(calls)) == {"v1": calls}

    def arrived() -> None:
        assert share_is_within(shop.requests("v2") - before, calls, percent / 100)

    eventually(arrived)


@pytest.mark.parametrize("attempts", [0, 1, 3])
def test_a_failed_call_is_tried_so_often_again(shop: Shop, attempts: int) -> None:
    shop.settings("v1", error_rate=1, error_status=503)
    shop.route(active="v1", retry={"attempts": attempts, "retry_on": "5xx"})
    before = shop.requests("v1")
    answers = shop.call(5, concurrency=1)
    assert statuses(answers) == {503: 5}
    assert shop.requests("v1") - before == 5 * (1 + attempts), answers


def test_a_call_ends_at_its_timeout(shop: Shop) -> None:
    shop.settings("v1", latency_seconds=3)
    shop.route(active="v1", timeout="0.4s", retry={"attempts": 0})
    (answer,) = shop.call()
    assert answer.status == 504
    assert 0.4 <= answer.seconds < 2.5


def test_each_try_has_a_timeout_of_its_own(shop: Shop) -> None:
    shop.settings("v1", latency_seconds=3)
    retry = {"attempts": 2, "per_try_timeout": "0.3s", "retry_on": "reset"}
    shop.route(active="v1", timeout="10s", retry=retry)
    before = shop.requests("v1")
    (answer,) = shop.call()
    assert answer.status == 504
    assert 0.9 <= answer.seconds < 2.5
    assert shop.requests("v1") - before == 3


def test_a_fault_answers_its_share_of_calls_in_place_of_the_service(shop: Shop) -> None:
    shop.route(active="v1", fault={"abort": {"http_status": 418, "percent": 20}})
    before = shop.requests("v1")
    counted = statuses(shop.call(CALLS))
    assert set(counted) == {200, 418}
    assert share_is_within(counted[418], CALLS, 0.20)
    assert shop.requests("v1") - before == counted[200]


def test_a_delay_holds_its_share_of_calls_back(shop: Shop) -> None:
    shop.route(active="v1", fault={"delay": {"fixed_delay": "0.3s", "percent": 50}})
    answers = shop.call(100, concurrency=20)
    assert set(statuses(answers)) == {200}
    assert share_is_within(sum(a.seconds >= 0.3 for a in answers), 100, 0.50)
