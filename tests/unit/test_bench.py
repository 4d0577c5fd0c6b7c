"""What `make bench` prints, and how it finds the longest chain."""

import json

from bench.deployment import longest_chain
from bench.figures import Figure


def test_a_figure_stands_beside_its_promise() -> None:
    """Seconds have one digit, ratios two; above 1 the promise is broken."""
    slow = Figure("preview", (9.0, 12.0, 10.0), 8)

    assert slow.row == ("preview", "10.0 s", "3", "8 s", "1.25")
    assert Figure("to a flat program", (1.043,), 1.10, "x").row[1:] == (
        "1.04 x", "1", "1.1 x", "0.95",
    )  # fmt: skip


def test_a_figure_without_a_promise_is_only_told() -> None:
    """No bound is made up for it, on the screen or for programs."""
    told = Figure("resources a second", (140.0,), None, "/s")

    assert told.row == ("resources a second", "140.0 /s", "1", "", "")
    data = json.loads(json.dumps(told.data(), allow_nan=False))
    assert (data["at_most"], data["ratio"]) == (None, None)


def test_the_longest_chain_is_by_time_and_not_by_links() -> None:
    """Of two ways to the last resource the slower one counts, and what took none is left out."""
    needs = {
        "network": set[str](), "component": {"network"}, "cluster": {"component"},
        "key": set[str](), "ring": {"key"}, "alias": {"ring"},
        "pool": {"cluster", "alias"}, "sink": {"ring"},
    }  # fmt: skip
    took = {"network": 20.0, "cluster": 300.0, "pool": 120.0, "key": 5.0, "ring": 5.0, "sink": 5.0}

    assert longest_chain(needs, took) == ["network", "cluster", "pool"]
