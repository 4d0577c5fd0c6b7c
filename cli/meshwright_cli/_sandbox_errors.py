"""What commands of `meshwright sandbox` say where they cannot go on."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from meshwright_sandbox.daemon.home import Home


@contextmanager
def readable_errors() -> Iterator[None]:
    """Say what a user can mend in one sentence, without a traceback."""
    from meshwright_sandbox.daemon.home import SandboxError
    from meshwright_sandbox.runtime.interface import RuntimeFailure

    try:
        yield
    except (SandboxError, RuntimeFailure) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # nobody reads what the command says; no file is to blame
        where = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(
            f"the sandbox's files cannot be used: {where}{error.strerror}; "
            "check the disk's space and the folder's permissions"
        ) from error


def stopped(home: Home, clusters: Sequence[str]) -> str:
    """What to do about clusters that do not run in a sandbox that does."""
    from meshwright_sandbox.daemon.home import EMULATOR

    return (
        f"{', '.join(clusters)} of {home.path} did not start again, or ended since; why stands in "
        f"{home.processes.log_path(EMULATOR)}. `meshwright sandbox down`, then up, tries it anew"
    )
