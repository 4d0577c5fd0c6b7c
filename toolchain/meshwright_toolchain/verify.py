"""Asks programs for their version, and finds those on PATH that are good enough to use."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from meshwright_toolchain import cache
from meshwright_toolchain.catalogue import Program, WheelProgram

TIMEOUT_SECONDS = 30


def version_of(path: Path, program: Program | WheelProgram) -> str | None:
    """The version that the program itself reports, or None if it is not the one wanted.

    It is empty for a program that answers as it should but cannot tell a version.

    A program that cannot run here (another architecture, a wrapper without its target) counts as
    not wanted, whatever its name promises.
    """
    try:
        answer = subprocess.run(
            [path, *program.version_arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(program.version_pattern, answer.stdout + answer.stderr)
    if found is None:
        return None
    return found.group(1) if found.re.groups else ""


def find_on_path(program: Program) -> Path | None:
    """The first program of that name on PATH, if its version is the one wanted.

    Our own folder of links is passed over: a link must not prove itself.
    """
    own = cache.root().resolve()
    folders = [
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if folder and not Path(folder).resolve().is_relative_to(own)
    ]
    found = shutil.which(program.name, path=os.pathsep.join(folders))
    if found is None or version_of(Path(found), program) is None:
        return None
    return Path(found)
