"""What `make test` makes of a test that fails beside others and holds by itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EVERY_TEST = Path(__file__).parents[2] / ".ci/every_test.py"
TOO_MANY = 4
# Fails the first time, and says so by a file, as a test does that another one disturbs.
ONCE = """
from pathlib import Path

def test_{name}():
    seen = Path({name!r})
    before = seen.exists()
    seen.touch()
    assert before
"""
ALWAYS = "def test_wrong():\n    assert 1 == 2\n"


def run(folder: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    own |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}
    command = [sys.executable, str(EVERY_TEST), "-q"]
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, timeout=120)


def test_what_holds_by_itself_is_named_and_refuses_nothing(tmp_path: Path) -> None:
    """The run ends well, and its last words say which test is to be mended."""
    ended = run(tmp_path, {"tests/mesh/test_calls.py": ONCE.format(name="calls")})

    assert ended.returncode == 0, ended.stdout
    last = ended.stdout.strip().splitlines()[-2:]
    assert last == [
        "failed beside others, held by themselves:",
        "  tests/mesh/test_calls.py::test_calls",
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"tests/mesh/test_wrong.py": ALWAYS},
        {"tests/unit/test_values.py": ONCE.format(name="values")},
        {f"tests/mesh/test_{n}.py": ONCE.format(name=f"call_{n}") for n in range(TOO_MANY)},
        {
            "tests/mesh/test_calls.py": ONCE.format(name="calls"),
            "tests/unit/test_values.py": ONCE.format(name="values"),
        },
        {"tests/mesh/test_calls.py": "import nothing_of_this_name\n"},
    ],
    ids=["fails again", "runs no processes", "too many", "one of each", "not to be read"],
)
def test_everything_else_that_fails_fails_the_run(tmp_path: Path, files: dict[str, str]) -> None:
    ended = run(tmp_path, files)

    assert ended.returncode != 0
    assert "held by themselves" not in ended.stdout


def test_an_earlier_runs_failures_are_forgotten(tmp_path: Path) -> None:
    """What failed in the run before says nothing of this one."""
    tests = {"tests/mesh/test_calls.py": "def test_calls():\n    assert True\n"}
    kept = tmp_path / ".pytest_cache/v/cache/lastfailed"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"tests/mesh/test_calls.py::test_calls": true}')

    ended = run(tmp_path, tests)

    assert ended.returncode == 0
    assert "by themselves" not in ended.stdout
