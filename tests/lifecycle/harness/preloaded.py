"""The Python of the engine's runs: one fork server for each process of the tests."""

import atexit
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_SERVER, _CLIENT = (Path(__file__).with_name(f"fork_{name}.py") for name in ("server", "client"))


@cache
def preloaded_python() -> str:
    """A command that takes a Python's arguments. The server behind it ends with this process."""
    folder = tempfile.TemporaryDirectory(prefix="preloaded-")
    atexit.register(folder.cleanup)
    place = Path(folder.name)
    listing = [sys.executable, "-m", "pip", "list", "-v", "--format", "json"]
    packages = place / "packages.json"
    packages.write_bytes(subprocess.run(listing, capture_output=True, check=True).stdout)
    server = subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore::FutureWarning", _SERVER, place / "socket"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    command = f'"{sys.executable}" -I -S "{_CLIENT}" "{place / "socket"}" "{packages}"'
    program = place / "python"
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    return str(program)
