"""A small disk of a test's own, to be filled up."""

import subprocess
from contextlib import suppress
from pathlib import Path

_SIZE_KB = 1024


class Disk:
    """A small file system of a test's own, which others see through its holder's root."""

    def __init__(self, at: Path) -> None:
        at.mkdir()
        self.at = at
        script = f"mount -t tmpfs -o size={_SIZE_KB}k tmpfs {at} && echo mounted && exec cat"
        self.holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline() == "mounted\n"

    @property
    def path(self) -> Path:
        """Its root, from outside."""
        return Path(f"/proc/{self.holder.pid}/root{self.at}")

    @property
    def inside(self) -> list[str]:
        """What runs a command where the disk stands at `at`; some programs resolve `path`."""
        enter = ["nsenter", "--target", str(self.holder.pid), "--user", "--mount"]
        return [*enter, "--preserve-credentials", "--"]

    def fill(self) -> None:
        """Leave nothing."""
        with (self.path / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while filler.write(bytes(4096)):
                pass

    def free(self) -> None:
        """Give the room back."""
        (self.path / "filler").unlink()

    def end(self) -> None:
        """Take it away; nothing may run on it any more."""
        self.holder.communicate(timeout=30)
