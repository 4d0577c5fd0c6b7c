"""What commands of `meshwright sandbox` say where they cannot go on."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


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
        where = f" {error.filename}" if error.filename else ""
        raise click.ClickException(
            f"the sandbox's files cannot be used:{where}: {error.strerror}; "
            "check the disk's space and the folder's permissions"
        ) from error
