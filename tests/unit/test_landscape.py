"""docs/landscape.md names what is there: components, the stacks that make them, and tests."""

import re
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pytest

import meshwright
from tests.unit.test_composition_stacks import composed

PAGE = Path(__file__).parents[2] / "docs" / "landscape.md"


@dataclass(frozen=True)
class Row:
    """One system or feature."""

    what: str
    components: frozenset[str]
    stacks: frozenset[str]
    examples: tuple[str, ...]
    tests: tuple[str, ...]


def _row(line: str) -> Row:
    what, components, used, tests = (cell.strip() for cell in line.split("|")[1:-1])
    return Row(
        what,
        frozenset(re.findall(r"`(\w+)`", components)),
        frozenset(re.findall(r"`(\w+)`", used)),
        tuple(re.findall(r"\((\S+?)\)", used)),
        tuple(re.findall(r"\((\S+?\.py)\)", tests)),
    )


ROWS = [
    row
    for line in PAGE.read_text(encoding="utf-8").splitlines()[3:]
    if line.count("|") == 5 and (row := _row(line)).tests
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_what_a_row_names_is_there(row: Row) -> None:
    paths = [*row.tests, *row.examples]

    assert [path for path in paths if not (PAGE.parent / path).exists()] == []
    assert row.stacks or row.examples
    made = {
        item.type.rpartition(":")[2]
        for stack in row.stacks
        for item in composed(stack).registrations
    }
    for example in row.examples:
        made |= set(re.findall(r"\b[A-Z]\w+", (PAGE.parent / example / "__main__.py").read_text()))
    assert row.components <= made


@pytest.mark.parametrize("stack", sorted(set().union(*(row.stacks for row in ROWS))))
def test_a_stack_makes_what_the_rows_that_name_it_say(stack: str) -> None:
    made = {item.type.rpartition(":")[2] for item in composed(stack).registrations}

    idle = [
        row.what
        for row in ROWS
        if stack in row.stacks and row.components and not row.components & made
    ]
    assert idle == []


def test_every_component_stands_in_a_row() -> None:
    components = {
        name
        for name in meshwright.__all__
        if isinstance(kind := getattr(meshwright, name), type)
        and issubclass(kind, pulumi.ComponentResource)
    }

    assert components <= set().union(*(row.components for row in ROWS))
