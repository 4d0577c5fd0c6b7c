"""What is worked out once and kept beside the programs, for all sandboxes of this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from meshwright_sandbox.runtime.private_files import write_private


def kept_file(tools: Path, folder: str, programs: Sequence[str], *inputs: str) -> Path:
    """Where in ``folder`` stands what ``programs``, as they are now, make of ``inputs``."""
    digest = hashlib.sha256()
    for program in programs:
        state = (tools / program).stat()
        digest.update(f"{program} {state.st_ino} {state.st_size} {state.st_mtime_ns}\n".encode())
    for text in inputs:
        digest.update(f"{len(text)} {text}\n".encode())
    return tools / folder / digest.hexdigest()


def keep(file: Path, text: str) -> None:
    """Write it whole, or not at all: what cannot be kept is worked out again."""
    with suppress(OSError):
        write_private(file, text)
