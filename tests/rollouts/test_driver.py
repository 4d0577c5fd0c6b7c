"""A rollout from its first step to its end, whoever takes part."""

import pytest

from meshwright_rollouts import moves
from meshwright_rollouts.driver import NotStarted
from tests.rollouts.scripted import Prometheus
from tests.rollouts.world import ERRORS, STEPS, World


def test_steps_go_through(world: World) -> None:
    """Each step has its share for its time, every instant's weights add up to 100."""
    assert world.drive() == "healthy"

    assert world.stack.shares() == [0, 10, 50, 100]
    times = [time for time, _ in world.stack.history]
    assert (times[2] - times[1], times[3] - times[2]) == (60, 120)
    assert all(sum(weights.values()) == 100 for _, weights in world.stack.history)
    assert world.stack.position.stable == "v2"


def test_the_history_says_who_and_why(world: World) -> None:
    """Each move has a message of its own."""
    world.drive()

    settled, first, second, last = world.stack.messages
    assert "routes as the state says (ann)" in settled
    assert "step 1 of 2, v2 gets 10 % (ann: started)" in first
    assert "step 2 of 2, v2 gets 50 % (ann: step 1 passed)" in second
    assert "Healthy, v2 gets 100 % (ann: step 2 passed)" in last


def test_a_broken_target_comes_back_by_itself(world: World) -> None:
    """At its first measurement above the limit; the spec's target stays, and gets nothing."""
    world.prometheus.answers["errors"] = [0, 0, 0, 12]

    assert world.drive() == "degraded"

    assert world.stack.shares() == [0, 10, 50, 0]
    assert world.stack.position.reason == (
        "analysis errors: 12 is above max 5 (1 failed, 0 allowed)"
    )
    world.stack.up()
    assert world.stack.shares() == [0, 10, 50, 0]


@pytest.mark.parametrize(("answers", "outcome"), [([9, 9, 0], "healthy"), ([9, 9, 9], "degraded")])
def test_failures_that_are_allowed(
    prometheus: Prometheus, answers: list[int], outcome: str
) -> None:
    """Two of one step are borne, the third is not; a step ends only with one that passed."""
    world = World(prometheus, analyses=[{**ERRORS, "failuresAllowed": 2}])
    # The first answer is for the question before the start.
    world.prometheus.answers["errors"] = [0, *answers]

    assert world.drive() == outcome
    assert len(world.texts("measured")) == (7 if outcome == "healthy" else 3)


def test_a_minimum_is_a_limit_too(prometheus: Prometheus) -> None:
    """As for a share of good answers."""
    world = World(prometheus, analyses=[{**ERRORS, "min": 99}])
    world.prometheus.answers["errors"] = [100, 98.5]
    del world.stack.inputs["analyses"][0]["max"]

    assert world.drive() == "degraded"
    assert "98.5 is below min 99" in world.stack.position.reason


SPARSE = {**ERRORS, "minSamples": 50, "samplesQuery": "calls"}


def test_too_little_traffic_is_said_and_waited_for(prometheus: Prometheus) -> None:
    """The step outlasts its duration until there are calls enough."""
    world = World(prometheus, analyses=[SPARSE])
    world.prometheus.answers["calls"] = [0, 3, 4, 5, 6, 80]

    assert world.drive() == "healthy"

    assert "errors: too little traffic: 6 calls of 50 needed" in world.texts("waiting")
    times = [time for time, _ in world.stack.history]
    assert times[2] - times[1] == 150


@pytest.mark.parametrize(("calls", "said"), [(0, True), (None, True), (1, False)])
def test_a_target_that_no_call_reaches_may_have_no_pod_that_is_ready(
    prometheus: Prometheus, calls: int | None, said: bool
) -> None:
    """What is counted is what arrives: one call tells that somebody is there."""
    world = World(prometheus, analyses=[SPARSE])
    world.prometheus.answers["calls"] = [0, calls, 80]

    assert world.drive() == "healthy"

    assert any("none of its pods is ready" in text for text in world.texts("waiting")) is said


@pytest.mark.parametrize(("key", "few"), [("calls", 3), ("errors", None)])
def test_too_little_traffic_fails_where_it_is_told_to(
    prometheus: Prometheus, key: str, few: int | None
) -> None:
    """A number that is not there is too little traffic as well."""
    world = World(prometheus, analyses=[{**SPARSE, "onTooFewSamples": "fail"}])
    world.prometheus.answers[key] = [100, few]

    assert world.drive() == "degraded"
    assert "too little traffic" in world.stack.position.reason


def test_metrics_that_do_not_answer_hold_a_step(world: World) -> None:
    """Silence proves nothing: neither on nor back."""
    world.prometheus.answers["errors"] = [0, *[(503, {})] * 9, 0]

    assert world.drive() == "healthy"
    assert any("HTTP 503" in text for text in world.texts("waiting"))


def test_what_cannot_be_asked_does_not_start(world: World) -> None:
    """A wrong query is told before anything moves."""
    world.prometheus.answers["errors"] = [(400, {"status": "error", "error": "parse error"})]

    with pytest.raises(NotStarted, match="parse error"):
        world.drive()
    assert world.stack.shares() == [0]


def test_a_target_that_serves_is_left_alone(world: World) -> None:
    """Started once more, nothing is to do."""
    world.drive()
    moves_before = world.stack.position.generation

    assert world.drive() == "healthy"
    assert world.stack.position.generation == moves_before


def test_a_target_that_came_back_is_tried_again_only_when_told(world: World) -> None:
    """CI runs `start` after each update; that must not start a bad version over and over."""
    world.prometheus.answers["errors"] = [0, 99]
    world.drive()
    world.prometheus.answers["errors"] = [0]

    with pytest.raises(NotStarted, match="99 is above max 5"):
        world.drive()
    assert world.stack.shares()[-1] == 0
    assert world.drive(retry=True) == "healthy"


def test_a_step_waits_for_promote(prometheus: Prometheus) -> None:
    """And is judged meanwhile."""
    world = World(prometheus, steps=[{**STEPS[0], "pause": True}, STEPS[1]])
    world.clock.at(500, world.ordered(moves.promoted, full=False))

    assert world.drive() == "healthy"
    assert any("waits for `meshwright rollout promote`" in text for text in world.texts("paused"))
    times = [time for time, _ in world.stack.history]
    assert 500 <= times[2] <= 510

    broken = World(prometheus, steps=[{**STEPS[0], "pause": True}, STEPS[1]])
    prometheus.answers["errors"] = [0, 0, 0, 0, 0, 99]
    assert broken.drive() == "degraded"


def test_others_pause_promote_and_abort(world: World) -> None:
    """The driver follows what stands in the state."""
    world.clock.at(20, world.ordered(moves.paused))
    world.clock.at(300, world.ordered(moves.promoted, full=False))
    world.clock.at(340, world.ordered(moves.aborted))

    assert world.drive() == "degraded"
    assert world.stack.shares() == [0, 10, 0]
    assert world.stack.position.by == "bob"
    assert [text.split(":")[0] for text in world.texts("moved")] == [
        "Paused by bob", "Progressing by bob", "Degraded by bob",
    ]  # fmt: skip


def test_promoted_in_full(world: World) -> None:
    """What is left of the steps is skipped."""
    world.clock.at(20, world.ordered(moves.promoted, full=True))

    assert world.drive() == "healthy"
    assert world.stack.shares() == [0, 10, 100]


def test_a_plain_update_keeps_the_weights(world: World) -> None:
    """Of whoever runs it, during the rollout."""
    for second in range(5, 170, 20):
        world.clock.at(second, world.stack.up)

    assert world.drive() == "healthy"
    assert world.stack.shares() == [0, 10, 50, 100]


def test_a_new_target_ends_the_run(world: World) -> None:
    """The driver of the old one leaves what the new one is given."""
    world.clock.at(30, lambda: world.stack.up(target="v3"))

    assert world.drive() == "replaced"
    assert world.stack.history[-1][1] == {"v1": 100, "v2": 0, "v3": 0}
    assert (world.stack.position.phase, world.stack.position.stable) == ("Pending", "v1")


def test_a_new_content_of_the_target_starts_anew(prometheus: Prometheus) -> None:
    """Such as another image under the same name; of what serves, it is none."""
    world = World(prometheus, targetRevision="image:1")
    world.prometheus.answers["errors"] = [0, 99]
    world.drive()

    world.stack.up(targetRevision="image:2")
    assert world.stack.position.phase == "Pending"
    world.prometheus.answers["errors"] = [0]
    assert world.drive() == "healthy"
    world.stack.up(targetRevision="image:3")
    assert (world.stack.position.phase, world.stack.shares()[-1]) == ("Healthy", 100)


def test_the_stable_version_as_target_is_back_at_once(world: World) -> None:
    """A roll-back by the spec needs no driver."""
    world.clock.at(30, lambda: world.stack.up(target="v1"))

    assert world.drive() == "replaced"
    assert world.stack.history[-1][1] == {"v1": 100, "v2": 0, "v3": 0}
    assert world.stack.position.phase == "Healthy"


def test_blue_green_goes_back_after_the_switch(prometheus: Prometheus) -> None:
    """Steps of 0 and 100 percent, each with checks of its own."""
    pre = {**ERRORS, "name": "pre", "query": "calls", "max": 200}
    steps = [
        {"weight": 0, "durationSeconds": 30, "analyses": ["pre"]},
        {"weight": 100, "durationSeconds": 60, "analyses": ["errors"]},
    ]
    world = World(prometheus, steps=steps, analyses=[pre, ERRORS])
    world.prometheus.answers["errors"] = [0, 99]

    assert world.drive() == "degraded"
    assert world.stack.shares() == [0, 100, 0]
    assert [text.split(":")[0] for text in world.texts("measured")] == ["pre", "errors"]


def test_callers_who_go_first(prometheus: Prometheus) -> None:
    """They get the target while it is tried, and what everyone gets otherwise."""
    world = World(prometheus)
    versions = ["v1", "v2", "v3"]
    seen = []

    def look() -> None:
        seen.append(world.stack.position.matched_weights(versions))

    look()
    world.clock.at(30, look)
    world.clock.at(60, world.ordered(moves.aborted))
    world.drive()
    look()

    stable, target = {"v1": 100, "v2": 0, "v3": 0}, {"v1": 0, "v2": 100, "v3": 0}
    assert seen == [stable, target, stable]


def test_a_version_that_serves_cannot_be_taken_away(world: World) -> None:
    """The update that would do so is refused."""
    with pytest.raises(Exception, match="v1 is gone from the service and still gets 100 %"):
        world.stack.up(versions=["v2", "v3"])


def test_events_are_data(world: World) -> None:
    """What a program reads."""
    world.drive()

    (started,) = [event.data() for event in world.events if event.kind == "started"]
    assert started["service"] == "shop/checkout"
    assert (started["stable"], started["target"]) == ("v1", "v2")
    measured = next(event.data() for event in world.events if event.kind == "measured")
    assert measured["analysis"] == {
        "name": "errors", "verdict": "passed", "value": 0, "samples": None,
    }  # fmt: skip
    assert (measured["step"], measured["steps"], measured["weights"]["v2"]) == (1, 2, 10)
