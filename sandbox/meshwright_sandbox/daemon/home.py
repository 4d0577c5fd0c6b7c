"""The folder that a sandbox lives in, and what is known about its emulator."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.processes import Entry, ProcessTable

EMULATOR = "emulator"
PLUGIN_SERVER = "plugins"
HOME_VARIABLE = "MESHWRIGHT_SANDBOX_HOME"
_NEEDED_BYTES = 300 * 1024 * 1024


class SandboxError(Exception):
    """Something a user can mend; the text says what is wrong, where, and how."""


@dataclass(frozen=True)
class Settings:
    """How the emulator was last started.

    ``clusters`` is ``real`` or ``none``; ``scale`` is real seconds per simulated second.
    """

    port: int
    scale: float
    clusters: str
    project: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Home:
    """Paths below a sandbox's folder, and the emulator's entry in its process table."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.processes = ProcessTable(self.path)

    @property
    def programs(self) -> Path:
        """Programs made for this sandbox; on the PATH of its environment."""
        return self.path / "bin"

    @property
    def plugin_socket(self) -> Path:
        """Where the engine's plugins are forked."""
        return self.path / "plugins.socket"

    @property
    def kubeconfig(self) -> Path:
        return self.path / "kubeconfig"

    @property
    def token_file(self) -> Path:
        return self.path / "token"

    @property
    def pulumi_state(self) -> Path:
        return self.path / "state"

    @property
    def settings(self) -> Settings | None:
        """How the emulator was last started; none if it never was.

        Raises :class:`SandboxError` where another user has started it.
        """
        try:
            return Settings(**json.loads((self.path / "daemon.json").read_text()))
        except PermissionError as error:
            raise SandboxError(
                f"{error.filename} cannot be read: {error.strerror}. The sandbox in {self.path} is "
                f"another user's; name a folder of your own in {HOME_VARIABLE}"
            ) from error
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, settings: Settings) -> None:
        write_private(self.path / "daemon.json", json.dumps(asdict(settings)))

    def emulator(self) -> Entry | None:
        """The running emulator."""
        return self.processes.get(EMULATOR)

    def prepare(self) -> None:
        """Make the folder; raises :class:`SandboxError` if it cannot hold a sandbox."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # A file of its own name: two `up`s may look at once.
            with tempfile.TemporaryFile(dir=self.path) as probe:
                probe.write(b"\0" * 65536)
            free = shutil.disk_usage(self.path).free
        except OSError as error:
            raise SandboxError(
                f"the sandbox's folder {self.path} cannot be written: {error.strerror}; "
                f"free some space, or name another folder in {HOME_VARIABLE}"
            ) from error
        if free < _NEEDED_BYTES:
            raise SandboxError(
                f"the disk of {self.path} has {free >> 20} MB left and the sandbox needs "
                f"{_NEEDED_BYTES >> 20} MB; free some space, or name another folder in "
                f"{HOME_VARIABLE}"
            )

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the sandbox's lock, so that two `up`s or an `up` and a `down` take turns."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def find_home(start: Path | None = None) -> Home:
    """The sandbox that a command means.

    ``$MESHWRIGHT_SANDBOX_HOME`` if it is set, else `.sandbox` beside the nearest Pulumi.yaml at
    or above ``start`` (the current folder), else `.sandbox` in ``start``.
    """
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return Home(Path(named))
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").exists():
            return Home(folder / ".sandbox")
    return Home(start / ".sandbox")
