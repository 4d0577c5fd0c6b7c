"""How components refuse wrong arguments: every one at once, by path, without showing values."""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshwright import ArgumentError
from meshwright._names import CLUSTER, DATASET, NameRule, physical_name
from meshwright._validation import checked, duplicates


class _Inner(TypedDict):
    name: str
    size: NotRequired[pulumi.Input[int]]


class _Args(TypedDict):
    text: pulumi.Input[str]
    flag: NotRequired[bool]
    ratio: NotRequired[float]
    inner: NotRequired[list[_Inner]]
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]


def _problems(args: object) -> dict[str, str]:
    with pytest.raises(ArgumentError) as raised:
        checked("Thing", "thing", args, _Args)  # type: ignore[type-var]
    return dict(raised.value.problems)


def test_every_mistake_is_reported_at_once_with_its_path():
    """Nobody should have to run an update once per mistake."""
    problems = _problems(
        {"txt": "a", "flag": "yes", "ratio": "1", "inner": [{"size": 1.5}], "labels": {"a": 1}}
    )

    assert problems == {
        "txt": "unknown argument; did you mean `text`?",
        "text": "missing; it is required",
        "flag": "must be true or false, not text",
        "ratio": "must be a number, not text",
        "inner[0].name": "missing; it is required",
        "inner[0].size": "must be a whole number, not a decimal number",
        "labels.a": "must be text, not a whole number",
    }


class _Split(TypedDict):
    mode: str
    weights: NotRequired[dict[str, int]]
    lowest: NotRequired[int]
    highest: NotRequired[int]
    pools: NotRequired[list[_Inner]]


def _split_problems(args: _Split) -> Iterator[tuple[str, str]]:
    if args["mode"] == "tcp" and "pools" in args:
        yield "pools", "belong to another mode"
    if args["mode"] != "tcp" and "pools" not in args:
        yield "pools", "missing in this mode"
    if args.get("lowest", 1) > args.get("highest", 3):
        yield "lowest", "is above the highest"
    if (total := sum(args.get("weights", {"v1": 100}).values())) != 100:
        yield "weights", f"add up to {total}"
    for index, pool in enumerate(args.get("pools", [])):
        if not pool["name"].islower():
            yield f"pools[{index}].name", "is not in lower case"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"weights": {"v1": 90}}, {"mode": "missing", "weights": "add up to 90"}),
        ({"mode": 5, "lowest": 9}, {"mode": "must be text", "lowest": "is above"}),
        ({"mode": "tcp", "lowest": 9, "highest": "3"}, {"highest": "must be a whole number"}),
        ({"mode": "tcp", "lowest": 9, "higest": 10}, {"higest": "did you mean `highest`?"}),
        ({"mode": "tcp", "weights": {"v1": 90, "v2": "9"}}, {"weights.v2": "whole number"}),
        (
            {"mode": "http", "pools": [{"name": "A"}, {"name": 1}, {"nam": "b"}]},
            {
                "pools[0].name": "is not in lower case",
                "pools[1].name": "must be text",
                "pools[2].nam": "did you mean `name`?",
                "pools[2].name": "missing",
            },
        ),
    ],
)
def test_rules_say_at_once_what_has_nothing_to_do_with_a_wrong_shape(args, expected):
    """And nothing that depends on what should stand in the wrong place."""
    with pytest.raises(ArgumentError) as raised:
        checked("Thing", "thing", args, _Split, _split_problems)

    problems = dict(raised.value.problems)
    assert problems.keys() == expected.keys()
    assert all(expected[path] in text for path, text in problems.items())


def test_the_error_is_shown_without_a_traceback_and_names_the_component():
    """The engine prints a RunError as it is."""
    with pytest.raises(pulumi.RunError, match=r"Thing 'thing' was given wrong arguments:\n  text"):
        checked("Thing", "thing", {}, _Args)


def test_values_are_never_shown():
    """A wrong value may be a secret in the wrong place."""
    assert "hunter2" not in str(_problems({"text": ["hunter2"], "flag": "hunter2"}))


@pytest.mark.parametrize(
    ("args", "path", "says"),
    [
        (None, "args", "not null"),
        ([], "args", "not a list"),
        ({"text": "a", "inner": {}}, "inner", "must be a list"),
        ({"text": "a", "inner": ["x"]}, "inner[0]", "must be a map"),
        ({"text": "a", "labels": []}, "labels", "must be a map"),
        ({"text": "a", "labels": {5: "x"}}, "labels", "text as its keys, not a whole number"),
        ({"text": "a", "flag": 1}, "flag", "true or false"),
        ({"text": True}, "text", "must be text"),
        ({"text": "a", "inner": [{"name": "n", "size": True}]}, "inner[0].size", "whole number"),
        ({"text": "a", "zzz": 1}, "zzz", "known: flag, inner, labels, ratio, text"),
    ],
)
def test_wrong_shapes_are_named(args, path, says):
    """Each shape of mistake has words of its own."""
    assert says in _problems(args)[path]


def test_what_is_right_passes_and_nulls_fall_away():
    """Null stands for an argument that was left out; whole numbers may come as floating point, as
    from other languages, and would be written into texts as `2.0`.
    """
    args = {"text": "a", "flag": None, "ratio": 1.0, "inner": [{"name": "n", "size": 2.0}]}

    cleaned = checked("Thing", "thing", args, _Args)  # type: ignore[type-var]

    assert str(cleaned) == "{'text': 'a', 'ratio': 1.0, 'inner': [{'name': 'n', 'size': 2}]}"


@pulumi.runtime.test
def test_outputs_are_left_to_the_api():
    """What is only known later cannot be judged now."""
    later = pulumi.Output.from_input("later")

    cleaned = checked("Thing", "thing", {"text": later, "labels": later}, _Args)  # type: ignore

    assert cleaned["text"] is later


@pytest.mark.parametrize(
    ("args", "path", "says"),
    [
        ({"flag": True}, "flag", "a plain value"),
        ({"inner": []}, "inner", "a plain value"),
        ({"inner": [{"name": "n"}]}, "inner[0].name", "plain text"),
    ],
)
@pulumi.runtime.test
def test_an_output_is_refused_where_the_value_decides_what_is_made(args, path, says):
    """It would count as true there, whatever it turns out to be."""

    def later(value):
        if isinstance(value, list) and value:
            return [{key: later(item) for key, item in value[0].items()}]
        return pulumi.Output.from_input(value)

    args = {"text": "a", **{key: later(value) for key, value in args.items()}}

    with pytest.raises(ArgumentError) as raised:
        checked("Thing", "thing", args, _Args)  # type: ignore[type-var]

    (problem,) = raised.value.problems
    assert problem[0] == path
    assert says in problem[1]
    assert "an Output is known too late" in problem[1]


@given(st.lists(st.sampled_from("abcde")))
def test_duplicates_are_those_that_occur_twice(values):
    """Each once, whatever their number."""
    found = duplicates(values)

    assert sorted(found) == sorted({value for value in values if values.count(value) > 1})


@given(st.text(st.characters(codec="ascii"), max_size=45), st.none() | st.just("dev"))
def test_a_composed_name_is_lawful_or_refused(name, prefix):
    """No name gets past that GKE would refuse."""
    try:
        physical = physical_name("GkeCluster", CLUSTER, prefix, name)
    except ArgumentError:
        return
    assert 1 <= len(physical) <= 40
    assert CLUSTER.pattern.fullmatch(physical)
    assert physical == "-".join(part for part in (prefix, name) if part)


def test_a_dataset_name_has_underscores():
    """BigQuery takes no hyphens."""
    assert physical_name("LogSink", DATASET, "dev", "mesh-logs") == "dev_mesh_logs"


def test_a_refused_name_says_how_to_mend_it():
    """Length is judged after composition."""
    with pytest.raises(ArgumentError, match="'dev-abcdef' of a thing has 10 characters; 1 to 5"):
        physical_name("Thing", NameRule("thing", 1, 5), "dev", "abcdef")
