"""The resource Rollout, as the engine asks the plugin for it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from meshwright_provider.position import ORDER_VARIABLE, Order, Position
from tests.unit.readiness_harness import Engine, Plugin, plain, struct

RESOURCE = "meshwright:index:Rollout"
URN = f"urn:pulumi:dev::shop::{RESOURCE}::checkout"
INPUTS = {
    "service": "shop/checkout",
    "versions": ["v1", "v2"],
    "target": "v1",
    "steps": [{"weight": 10}],
}
HALF_WAY = Position("Progressing", "v1", "v2", weight=10, step=1, generation=3)


class Rollouts:
    """A client of the plugin for one rollout."""

    def __init__(self, plugin: Plugin) -> None:
        self._call = plugin.call

    def check(self, before: dict[str, Any] | None = None, **changed: Any) -> Any:
        news = {key: value for key, value in {**INPUTS, **changed}.items() if value is not None}
        return self._call.Check(
            provider_pb2.CheckRequest(
                urn=URN, type=RESOURCE, news=struct(news), olds=struct(before or {})
            )
        )

    def checked(self, before: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        answer = self.check(before, **changed)
        assert not answer.failures
        return plain(answer.inputs)

    def failures(self, before: dict[str, Any] | None = None, **changed: Any) -> dict[str, str]:
        return {one.property: one.reason for one in self.check(before, **changed).failures}

    def created(self, inputs: dict[str, Any], *, preview: bool = False) -> dict[str, Any]:
        answer = self._call.Create(
            provider_pb2.CreateRequest(
                urn=URN, type=RESOURCE, properties=struct(inputs), preview=preview
            )
        )
        return plain(answer.properties)

    def changes(self, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
        answer = self._call.Diff(
            provider_pb2.DiffRequest(
                urn=URN, type=RESOURCE, old_inputs=struct(old), news=struct(new)
            )
        )
        assert not answer.replaces
        return list(answer.diffs)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def rollouts(engine: Engine) -> Iterator[Rollouts]:
    plugin = Plugin(engine, {})
    yield Rollouts(plugin)
    plugin.close()


def test_a_new_rollout_serves_its_target(rollouts: Rollouts) -> None:
    """There is nothing to go over from; a preview knows it already."""
    inputs = rollouts.checked()

    for preview in (True, False):
        made = rollouts.created(inputs, preview=preview)
        assert made["weights"] == made["matchedWeights"] == {"v1": 100, "v2": 0}
        assert (made["phase"], made["stable"]) == ("Healthy", "v1")


def test_an_update_keeps_the_position(rollouts: Rollouts) -> None:
    """What the program says besides is taken."""
    before = {**INPUTS, "target": "v2", "position": HALF_WAY.as_properties()}

    after = rollouts.checked(before, target="v2", steps=[{"weight": 30}])
    assert rollouts.changes(before, after) == ["steps"]
    assert rollouts.created(after)["weights"] == {"v1": 90, "v2": 10}
    assert rollouts.changes(before, rollouts.checked(before, target="v2")) == []


def test_a_program_cannot_write_the_position(rollouts: Rollouts) -> None:
    """Only the state has it."""
    found = rollouts.failures(position=HALF_WAY.as_properties())

    assert "unknown property" in found["position"]


def test_another_target_waits(rollouts: Rollouts) -> None:
    """Every call stays at the version that serves."""
    before = rollouts.checked()

    after = rollouts.checked(before, target="v2")
    assert rollouts.changes(before, after) == ["position", "target"]
    made = rollouts.created(after)
    assert (made["phase"], made["weights"]) == ("Pending", {"v1": 100, "v2": 0})


def test_callers_who_go_first_get_the_target(rollouts: Rollouts) -> None:
    """While it is tried."""
    made = rollouts.created({**INPUTS, "target": "v2", "position": HALF_WAY.as_properties()})

    assert made["matchedWeights"] == {"v1": 0, "v2": 100}


@pytest.mark.parametrize(
    ("changed", "path", "text"),
    [
        ({"target": "v3"}, "target", "'v3' is no version of the service: v1, v2"),
        ({"steps": []}, "steps", "at least one step"),
        ({"steps": [{"weight": 120}]}, "steps[0].weight", "from 0 to 100, not 120"),
        ({"steps": [{"weight": 50}, {"weight": 5}]}, "steps[1].weight", "must not fall"),
        ({"steps": [{"wait": 50}]}, "steps[0].weight", "is required"),
        ({"stepps": []}, "stepps", "did you mean steps?"),
        ({"service": None}, "service", "is required"),
        ({"versions": ["v1", "v1"]}, "versions", "twice"),
        ({"versions": "v1"}, "versions", "must be of type array"),
        ({"analyses": [{"name": "a", "query": "q"}]}, "analyses[0].max", "threshold"),
        ({"analyses": [{"name": "a", "query": "q", "max": 1}]}, "metrics", "is required"),
        ({"metrics": {"url": "ftp://p"}}, "metrics.url", "http:// or https://"),
        ({"steps": [{"weight": 1, "analyses": ["b"]}]}, "steps[0].analyses", "'b' is no analysis"),
    ],
)
def test_wrong_arguments(rollouts: Rollouts, changed: dict[str, Any], path: str, text: str) -> None:
    """By their path, whichever language wrote them."""
    assert text in rollouts.failures(**changed)[path]


def test_every_mistake_at_once(rollouts: Rollouts) -> None:
    """Not the first one alone."""
    assert set(rollouts.failures(target="v3", steps=[{"weight": 101}], metric="x")) == {
        "target", "steps[0].weight", "metric",
    }  # fmt: skip


def test_the_version_that_serves_must_stay(rollouts: Rollouts) -> None:
    """Whoever renames it in one go is told so."""
    before = rollouts.checked()

    found = rollouts.failures(before, versions=["v2"], target="v2")
    assert "v1 is gone from the service and still gets 100 % of its calls" in found["target"]


def test_an_order_moves_one_rollout_once(engine: Engine) -> None:
    """It is for the position that its giver saw, and for no other rollout."""
    before = {**INPUTS, "target": "v2", "position": HALF_WAY.as_properties()}
    wanted = replace(HALF_WAY, weight=50, step=2, by="ann")
    plugin = Plugin(engine, {ORDER_VARIABLE: Order(URN, 3, wanted).as_text()})
    try:
        ordered = Rollouts(plugin)
        after = ordered.checked(before, target="v2")
        assert ordered.created(after)["weights"] == {"v1": 50, "v2": 50}
        assert (after["position"]["generation"], after["position"]["by"]) == (4, "ann")
        assert "has moved on" in ordered.failures(after, target="v2")["target"]
        # The spec has another target meanwhile.
        assert "has moved on" in ordered.failures(before, target="v1")["target"]
    finally:
        plugin.close()
    elsewhere = Plugin(engine, {ORDER_VARIABLE: Order(f"{URN}-2", 3, wanted).as_text()})
    try:
        kept = Rollouts(elsewhere).checked(before, target="v2")
        assert kept["position"] == HALF_WAY.as_properties()
    finally:
        elsewhere.close()
