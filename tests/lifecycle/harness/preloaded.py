"""The Python of the engine's runs and of the clouds: one fork server for all tests of a run."""

import atexit
import contextlib
import fcntl
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import IO

from meshwright_sandbox.forking import client
from meshwright_sandbox.forking.client import asked, ended
from tests.preloading import FOLDER_VARIABLE, OPEN_WHILE_NEEDED, open_folder

_SERVER, _CLIENT = Path(__file__).with_name("fork_server.py"), Path(client.__file__)
# The language host asks for version and packages before each run, which takes no Python to answer.
_COMMAND = """\
#!/bin/sh
case "$*" in
--version) echo "{version}" ;;
"-m pip list"*) exec cat "{packages}" ;;
*) exec "{python}" -I -S "{client}" "{socket}" "$@" ;;
esac
"""


def preloaded_python() -> str:
    """A command that takes a Python's arguments."""
    return str(_folder() / "python")


def python_of_a_run() -> str:
    """The preloaded one where many tests use it; for a run of one file it does not pay."""
    return preloaded_python() if "PYTEST_XDIST_WORKER" in os.environ else sys.executable


class Forked:
    """`python ARGUMENTS`, forked from the preloaded one. It ends with this process.

    It is driven as a `subprocess.Popen` of text is; its input is empty.
    """

    def __init__(self, *arguments: str, stderr: IO[str]) -> None:
        reading, writing = os.pipe()
        self.stdout = os.fdopen(reading)
        with Path(os.devnull).open() as nothing:
            streams = [nothing.fileno(), writing, stderr.fileno()]
            self._connection = asked(str(_folder() / "socket"), arguments, streams)
        os.close(writing)

    def send_signal(self, number: int) -> None:
        """Signal it, if it runs."""
        with contextlib.suppress(ConnectionError):
            self._connection.send(bytes([number]))

    def wait(self, timeout: float) -> int:
        """Its exit status, once it is gone; it is to be asked for once."""
        self._connection.settimeout(timeout)
        with self._connection, self.stdout:
            return ended(self._connection)


@cache
def _folder() -> Path:
    """Where the server listens; who needs it first has started it."""
    if FOLDER_VARIABLE not in os.environ:  # no tests are run: a measurement needs it
        atexit.register(open_folder())
    folder = Path(os.environ[FOLDER_VARIABLE])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "python").exists():
            _start(folder)
    return folder


def _start(folder: Path) -> None:
    listing = [sys.executable, "-m", "pip", "list", "-v", "--format", "json"]
    packages = folder / "packages.json"
    packages.write_bytes(subprocess.run(listing, capture_output=True, check=True).stdout)
    with (folder / OPEN_WHILE_NEEDED).open() as needed:
        server = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore::FutureWarning", _SERVER, folder / "socket"],
            stdin=needed, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    version = f"Python {platform.python_version()}"
    program = folder / "python.new"
    program.write_text(_COMMAND.format(
        version=version, packages=packages, python=sys.executable, client=_CLIENT,
        socket=folder / "socket",
    ))  # fmt: skip
    program.chmod(0o755)
    program.replace(folder / "python")
