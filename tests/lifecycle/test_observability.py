"""Keys, log sinks, dashboards, objectives and alerts: the examples, on the real engine."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lifecycle.harness import Cloud, Stack

pytestmark = pytest.mark.engine
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def make_example(tmp_path: Path, cloud: Cloud) -> Callable[[str], Stack]:
    """Makes a stack of an example of a name."""

    def make(example: str) -> Stack:
        work = tmp_path / example
        work.mkdir()
        stack = Stack(EXAMPLES / example, work, cloud.environment())
        stack.run("config", "set", "gcp:project", "meshwright-dev").succeeded()
        return stack

    return make


@pytest.mark.parametrize("example", ["log-sink", "mesh-alerts", "mesh-dashboard", "mesh-slo"])
def test_an_example_goes_up_stays_and_goes_away(
    make_example: Callable[[str], Stack], cloud: Cloud, example: str
) -> None:
    """Nothing is left to do after an update or a refresh, and nothing is left after a destroy."""
    stack = make_example(example)

    made = stack.up().succeeded()

    assert set(made.changes) == {"create"}
    assert cloud.inventory()
    assert stack.preview("--expect-no-changes").succeeded().changes == {}
    assert stack.refresh("--expect-no-changes").succeeded().changes == {}
    stack.destroy().succeeded()
    assert [entry["name"] for entry in cloud.inventory()] == []


def test_a_goal_is_changed_in_place(make_example: Callable[[str], Stack], cloud: Cloud) -> None:
    """An objective that is watched by alerts keeps its name, so they go on watching."""
    stack = make_example("mesh-alerts")
    stack.up().succeeded()
    program = stack.work / "__main__.py"
    program.write_text(program.read_text().replace("0.999", "0.99"))

    changed = stack.up().succeeded()

    assert changed.steps == [("update", "gcp:monitoring/slo:Slo::checkout-slo")]
    (slo,) = [r for r in stack.resources() if r["type"].endswith(":Slo")]
    assert slo["outputs"]["goal"] == 0.99
    policies = [r for r in stack.resources() if r["type"].endswith(":AlertPolicy")]
    filters = json.dumps([policy["outputs"]["conditions"] for policy in policies])
    assert slo["id"] in filters
    assert len(policies) == 3
