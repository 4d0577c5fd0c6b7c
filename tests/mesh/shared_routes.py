"""What a TrafficRoute does to calls, whichever control plane its rendering is for.

A module with a fixture `shop` makes the tests its own by a subclass of `SharedRouteTests`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pytest

from meshwright_sandbox.traffic.calls import Answer
from tests.mesh.harness import statuses, versions
from tests.mesh.measures import assert_share
from tests.sandbox.runtime.conftest import eventually

CALLS = 1000
# Seconds; longer than what a call is cut short to, also on a busy machine.
SLOW = 9
# Longer than what calls take anyway, also many at once.
DELAY = 3
# Envoy looks at its clock once a round of its loop, so its timers may end a little early.
NEARLY = 0.9


class RoutedShop(Protocol):
    """A service of versions `v1` and `v2`, and a caller of it."""

    def route(self, **more: Any) -> None:
        """Make the route with these arguments, and wait until the caller's proxy goes by it."""

    def call(self, count: int = 1, *, concurrency: int = 4, **headers: str) -> list[Answer]: ...

    def call_each(self, *headers: dict[str, str], count: int) -> list[list[Answer]]:
        """As `call`, for each of these headers one after the other."""
        ...

    def called_meanwhile(
        self, at_least: int, *headers: dict[str, str]
    ) -> AbstractContextManager[Sequence[Answer]]:
        """Call on and on; the answers are all there at the end."""
        ...

    def settings(self, version: str, **settings: object) -> None:
        """How a version answers from now on."""

    def requests(self, version: str) -> int:
        """How many calls have reached a version."""
        ...


def assert_shared_out(
    call: Callable[[], list[Answer]], calls: int, share: float, version: str = "v2"
) -> None:
    """Each of the calls is answered, this share of them by a version."""

    def draw() -> int:
        answers = call()
        assert statuses(answers) == {200: calls}
        return versions(answers)[version]

    assert_share(draw, calls, share)


class SharedRouteTests:
    @pytest.mark.parametrize("stable", [99, 90, 50, 0, 100])
    def test_each_version_gets_its_share(self, shop: RoutedShop, stable: int) -> None:
        """Within the interval that chance leaves 999 of 1,000 right splits in."""
        shop.route(weights={"v1": stable, "v2": 100 - stable})
        assert_shared_out(lambda: shop.call(CALLS), CALLS, 1 - stable / 100)

    def test_a_match_by_header_or_cookie_picks_a_version_and_nothing_else_does(
        self, shop: RoutedShop
    ) -> None:
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

    def test_a_switch_from_blue_to_green_fails_no_call(self, shop: RoutedShop) -> None:
        shop.route(active="v1")
        with shop.called_meanwhile(CALLS) as answers:
            for active in ("v2", "v1", "v2"):
                shop.route(active=active)
                assert versions(shop.call(20)) == {active: 20}
        assert set(statuses(list(answers))) == {200}
        assert set(versions(list(answers))) == {"v1", "v2"}

    def test_a_mirror_gets_copies_whose_answers_nobody_sees(self, shop: RoutedShop) -> None:
        calls = 200
        shop.settings("v2", error_rate=1)
        shop.route(active="v1", mirror={"version": "v2"})
        before = shop.requests("v2")
        assert versions(shop.call(calls)) == {"v1": calls}

        def arrived() -> None:
            assert shop.requests("v2") - before == calls

        eventually(arrived)

    def test_a_call_ends_at_its_timeout(self, shop: RoutedShop) -> None:
        shop.settings("v1", latency_seconds=SLOW)
        shop.route(active="v1", timeout="0.4s")
        (answer,) = shop.call()
        assert answer.status == 504
        assert 0.4 * NEARLY <= answer.seconds < SLOW


class SharedFailureTests:
    """Of renderings that have words for retries and faults."""

    @pytest.mark.parametrize("attempts", [1, 3])
    def test_a_failed_call_is_tried_so_often_again(self, shop: RoutedShop, attempts: int) -> None:
        shop.settings("v1", error_rate=1, error_status=503)
        shop.route(active="v1", retry={"attempts": attempts, "retry_on": "5xx"})
        before = shop.requests("v1")
        # One after the other: a proxy has few tries again under way at a time.
        assert statuses(shop.call(5, concurrency=1)) == {503: 5}
        assert shop.requests("v1") - before == 5 * (1 + attempts)

    def test_each_try_has_a_timeout_of_its_own(self, shop: RoutedShop) -> None:
        shop.settings("v1", latency_seconds=SLOW)
        retry = {"attempts": 2, "per_try_timeout": "1s", "retry_on": "reset"}
        shop.route(active="v1", timeout="20s", retry=retry)
        before = shop.requests("v1")
        (answer,) = shop.call()
        assert answer.status == 504
        assert 3 * NEARLY <= answer.seconds < SLOW

        def arrived() -> None:
            # The last one was given up, by then it need not have been looked at.
            assert shop.requests("v1") - before == 3

        eventually(arrived)

    def test_a_fault_answers_its_share_of_calls_in_place_of_the_service(
        self, shop: RoutedShop
    ) -> None:
        shop.route(active="v1", fault={"abort": {"http_status": 418, "percent": 20}})

        def draw() -> int:
            before = shop.requests("v1")
            counted = statuses(shop.call(CALLS))
            assert set(counted) == {200, 418}
            assert shop.requests("v1") - before == counted[200]
            return counted[418]

        assert_share(draw, CALLS, 0.20)

    def test_a_delay_holds_its_share_of_calls_back(self, shop: RoutedShop) -> None:
        """All of them at once, so that it may be longer than what a busy machine takes anyway."""
        shop.route(active="v1", fault={"delay": {"fixed_delay": f"{DELAY}s", "percent": 50}})

        def draw() -> int:
            answers = shop.call(100, concurrency=100)
            assert statuses(answers) == {200: 100}
            return sum(a.seconds >= DELAY * NEARLY for a in answers)

        assert_share(draw, 100, 0.50)
