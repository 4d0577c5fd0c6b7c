"""A pytest plugin: where the workers of a run find the one Python that is forked for them.

What it is, and how it is asked, stands in `tests/lifecycle/harness/preloaded.py`. It is started by
the first worker that needs it, and ends with the process that shares out the tests: that one holds
a pipe open which the server reads.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER_VARIABLE = "MESHWRIGHT_PRELOADED"
OPEN_WHILE_NEEDED = "open-while-needed"
_CLOSE = pytest.StashKey[Callable[[], None]]()


def open_folder() -> Callable[[], None]:
    """Make the folder and name it in the environment. What is returned ends the server."""
    folder = tempfile.mkdtemp(prefix="preloaded-")
    os.environ[FOLDER_VARIABLE] = folder
    pipe = Path(folder, OPEN_WHILE_NEEDED)
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)

    def close() -> None:
        os.close(held)
        del os.environ[FOLDER_VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)

    return close


def pytest_configure(config: pytest.Config) -> None:
    """Workers inherit the variable that names the folder."""
    if not hasattr(config, "workerinput"):
        config.stash[_CLOSE] = open_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[_CLOSE]()
