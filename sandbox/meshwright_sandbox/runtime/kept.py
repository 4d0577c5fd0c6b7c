"""What is worked out once and kept beside the programs, for all sandboxes of this machine."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
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


@contextmanager
def made_once(file: Path) -> Generator[None]:
    """While what is kept in ``file`` is made in one place, others on this machine wait for it.

    Clusters are started at the same time, and each would make it for itself. The kernel lets go
    of the lock when its holder dies; where none can be had, nobody waits.
    """
    with ExitStack() as held:
        if not file.exists():
            with suppress(OSError):
                locks = file.parent.with_name("locks")
                locks.mkdir(exist_ok=True)
                fcntl.flock(held.enter_context((locks / file.name).open("w")), fcntl.LOCK_EX)
        yield


def keep(file: Path, text: str) -> None:
    """Write it whole, or not at all: what cannot be kept is worked out again."""
    with suppress(OSError):
        write_private(file, text)
