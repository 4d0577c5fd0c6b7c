"""A pytest plugin: `sandbox/COVERAGE.md` is compared with what the sandbox tests saw."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from meshwright_sandbox import coverage
from tests.sandbox.server import COVERAGE_NOTES

_WRITE = "--coverage-table"
_TABLES_OWN_TEST = (
    "tests/sandbox/test_needed_methods.py::test_the_committed_table_lists_every_needed_method"
)
_WHOLE = {"tests", "tests/sandbox"}
_MESSAGE = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write the table."""
    parser.addoption(_WRITE, action="store_true", help="write sandbox/COVERAGE.md after the tests")


def pytest_configure(config: pytest.Config) -> None:
    """Make a folder for this run's notes; its workers inherit the variable that names it."""
    if not hasattr(config, "workerinput"):
        os.environ[COVERAGE_NOTES] = tempfile.mkdtemp(prefix="meshwright-coverage-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Drop the folder."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(COVERAGE_NOTES), ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before the terminal's summary is written
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table, or fail a full run whose observations differ from the committed one."""
    config = session.config
    if hasattr(config, "workerinput") or exitstatus != 0 or not _is_whole(config):
        return
    text = coverage.render(coverage.read(Path(os.environ[COVERAGE_NOTES])))
    if config.getoption(_WRITE):
        coverage.TABLE.write_text(text, encoding="utf-8")
    elif text != coverage.TABLE.read_text(encoding="utf-8") and shutil.which("gcloud"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        config.stash[_MESSAGE] = (
            f"{coverage.TABLE.name} is not what the tests saw; write it with: "
            # The test of the table as it stands would fail, and nothing be written.
            f"python -m pytest tests/sandbox -n 4 {_WRITE} --deselect {_TABLES_OWN_TEST}"
        )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how to mend a table that is not current."""
    if _MESSAGE in config.stash:
        terminalreporter.write_line(config.stash[_MESSAGE], red=True)


def _is_whole(config: pytest.Config) -> bool:
    chosen = {Path(argument).as_posix().rstrip("/") for argument in config.args}
    partial = any(config.getoption(name) for name in ("keyword", "markexpr", "collectonly", "lf"))
    return not partial and bool(chosen) and chosen <= _WHOLE
