"""A disk that fills up under the state: said, nothing lost, and the next run completes (R21)."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lifecycle.conftest import PROGRAMS
from tests.lifecycle.harness import Cloud, Stack, assert_consistent

pytestmark = pytest.mark.engine
SIZE_KB = 1024


class Disk:
    """A small file system of a test's own, which others see through its holder's root."""

    def __init__(self, at: Path) -> None:
        at.mkdir()
        self._at = at
        script = f"mount -t tmpfs -o size={SIZE_KB}k tmpfs {at} && echo mounted && exec cat"
        self.holder = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline() == "mounted\n"

    @property
    def path(self) -> Path:
        return Path(f"/proc/{self.holder.pid}/root{self._at}")

    def fill(self, but_kb: int = 0) -> None:
        """Leave only so much."""
        with (self.path / "filler").open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                filler.truncate(filler.tell() - but_kb * 1024)

    def free(self) -> None:
        (self.path / "filler").unlink()

    def end(self) -> None:
        self.holder.communicate(timeout=30)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "disk")
    yield disk
    disk.end()


@pytest.fixture
def stack(tmp_path: Path, cloud: Cloud, disk: Disk) -> Stack:
    """A stack whose state is on the small disk."""
    work = tmp_path / "stack"
    work.mkdir()
    backend = f"file://{disk.path}"
    return Stack(PROGRAMS / "small", work, cloud.environment(), backend=backend)


def test_an_update_on_a_full_disk_is_refused_before_anything_is_done(
    stack: Stack, cloud: Cloud, disk: Disk
) -> None:
    stack.up().succeeded()
    stack.configure(retention="60")
    before, mark = stack.deployment(), cloud.mark()
    disk.fill()

    refused = stack.up().failed()

    assert "no space left on device" in refused.output
    assert cloud.mutating(since=mark) == []
    assert stack.deployment() == before
    disk.free()
    # What it could write of its lock is in the way; docs/state.md says so.
    assert "unexpected end of JSON input" in stack.up().failed().output
    stack.run("cancel", "--yes", "--stack", stack.name).succeeded()
    stack.up().succeeded()
    assert_consistent(stack, cloud)


def test_an_update_waits_for_space_and_goes_on(stack: Stack, cloud: Cloud, disk: Disk) -> None:
    """The engine tries for half a minute to save what it did, before it gives up."""
    disk.fill(but_kb=80)

    with stack.running("up", "--yes", "--skip-preview", "-v=7", "--logtostderr") as process:
        assert process.stdout is not None
        assert any("Error while writing snapshot" in line for line in process.stdout)
        assert cloud.mutating()  # it is under way
        disk.free()
        process.communicate(timeout=200)

    assert process.returncode == 0
    assert_consistent(stack, cloud)
