"""Updates that fail, and drivers that die: the rollout goes on from what the state holds."""

import pytest

from meshwright_rollouts.driver import NotStarted
from meshwright_rollouts.engine import UpdateFailed
from tests.rollouts.scripted import Prometheus
from tests.rollouts.world import ERRORS, World


@pytest.mark.parametrize("fault", ["before", "between"])
@pytest.mark.parametrize("at", range(1, 4))
def test_an_update_that_fails_is_mended_and_tried_again(world: World, fault: str, at: int) -> None:
    """Also one that moved the state and not the route."""
    world.stack.fails = [*[""] * at, fault, fault]

    assert world.drive() == "healthy"
    assert world.stack.shares() == [0, 10, 50, 100]
    assert len(world.texts("retrying")) >= 1


def test_an_engine_that_always_fails_ends_the_run(world: World) -> None:
    """With its own words; the state keeps what was reached."""
    world.stack.fails = ["", *["before"] * 100]

    with pytest.raises(UpdateFailed, match="503"):
        world.drive()
    assert world.stack.shares() == [0]


def test_a_spec_that_differs_from_the_state_does_not_start(world: World) -> None:
    """Its version may not be there yet; `pulumi up` brings it."""
    world.stack.inputs["target"] = "v3"

    with pytest.raises(NotStarted, match="pulumi up"):
        world.drive()
    assert world.stack.shares() == [0]


class Died(Exception):
    """The driver's end."""


@pytest.mark.parametrize("after", range(1, 200, 9))
def test_a_driver_that_died_is_carried_on(prometheus: Prometheus, after: int) -> None:
    """At any second; the step that it was in is not begun anew."""
    world = World(prometheus)

    def die() -> None:
        raise Died

    world.clock.at(after, die)
    try:
        assert world.drive() == "healthy"
    except Died:
        assert world.drive() == "healthy"
        assert world.texts("resumed")
    assert world.stack.shares() == [0, 10, 50, 100]
    times = [time for time, _ in world.stack.history]
    assert (times[2] - times[1], times[3] - times[2]) <= (70, 130)


@pytest.mark.parametrize(("meanwhile", "outcome"), [(0, "healthy"), (9, "degraded")])
def test_failures_count_though_the_driver_dies(
    prometheus: Prometheus, meanwhile: int, outcome: str
) -> None:
    """One fails before, is allowed, and counts with one of the time without a driver."""
    world = World(prometheus, analyses=[{**ERRORS, "failuresAllowed": 1}])
    world.prometheus.answers["errors"] = [0, 9]

    def die() -> None:
        raise Died

    world.clock.at(35, die)
    with pytest.raises(Died):
        world.drive()
    assert world.texts("measured") == ["errors: 9 is above max 5"]
    world.clock.seconds = 1_000_000 + 95
    world.prometheus.answers["errors"] = [9, meanwhile, 0]
    asked = len(world.prometheus.times)

    assert world.drive() == outcome
    # What has failed already is not asked about now.
    now = [None] if outcome == "healthy" else []
    assert world.prometheus.times[asked : asked + 3] == [1_000_030, 1_000_060, *now]
    if outcome == "degraded":
        assert "(2 failed, 1 allowed)" in world.stack.position.reason
