"""The catalogue and the module files agree; the list command shows what is there."""

import json
import re
import sys
from pathlib import Path

import pytest

from meshwright_toolchain import __main__, cache, ensure
from meshwright_toolchain.catalogue import GROUPS
from meshwright_toolchain.progress import PlainReporter


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_each_program_is_a_tool_of_its_module(group) -> None:
    text = (group.folder / "go.mod").read_text()
    tools = set(re.findall(r"^(?:tool |\t)([^\s(]+)$", text, re.MULTILINE))

    assert {program.package for program in group.programs} == tools


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_files_come_from_modules_that_the_group_pins(group) -> None:
    text = (group.folder / "go.mod").read_text()

    for files in group.files:
        assert f"\t{files.module} v" in text
        assert set(files.scripts) <= set(files.paths)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MESHWRIGHT_CACHE": "/a/b"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/meshwright"),
        ({"MESHWRIGHT_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/meshwright"),
    ],
)
def test_where_the_cache_is(monkeypatch, variables: dict[str, str], expected: str) -> None:
    monkeypatch.delenv("MESHWRIGHT_CACHE", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert cache.root() == Path(expected)


def test_list_shows_what_is_missing_and_then_what_is_there(go, monkeypatch, capsys) -> None:
    monkeypatch.setattr(__main__, "GROUPS", cache.GROUPS)
    monkeypatch.setattr(__main__, "WHEELS", ())
    monkeypatch.setattr(sys, "argv", ["meshwright_toolchain", "list", "--json"])

    states = []
    for _ in range(2):
        assert __main__.main() == 0
        rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
        states.append((rows["engine"]["state"], rows["engine"]["version"]))
        ensure()
        capsys.readouterr()

    assert states == [("missing", None), ("ready", "1.2.3")]


def test_plain_progress_shows_life_but_not_every_step(monkeypatch, capsys) -> None:
    now = [0.0]
    monkeypatch.setattr("meshwright_toolchain.progress.time.monotonic", lambda: now[0])
    report = PlainReporter()

    report.begin("cluster", "building", 100)
    for step in range(1, 61):
        now[0] += 1
        report.advance("cluster", step)
    report.end("cluster", "ready after 60 s")

    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "toolchain: cluster: building",
        "toolchain: cluster: 20 of 100 packages compiled",
        "toolchain: cluster: 40 of 100 packages compiled",
        "toolchain: cluster: 60 of 100 packages compiled",
        "toolchain: cluster: ready after 60 s",
    ]
