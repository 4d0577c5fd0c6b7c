"""A disk that fills up, under the state or the cloud: it is said, and nothing is lost (R21)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disk import Disk
from tests.lifecycle.conftest import PROGRAMS
from tests.lifecycle.harness import Cloud, Stack, assert_consistent, recover

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("checkpoints")]


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
    with stack.running("up", "--yes", "--skip-preview", "-v=7", "--logtostderr") as process:
        assert process.stdout is not None
        assert any(cloud.mutating() for _ in process.stdout)  # it is under way
        disk.fill()
        assert any("Error while writing snapshot" in line for line in process.stdout)
        disk.free()
        process.communicate(timeout=200)

    assert process.returncode == 0
    assert_consistent(stack, cloud)


def test_a_cloud_whose_disk_is_full_says_so_at_once_and_goes_on(tmp_path: Path, disk: Disk) -> None:
    cloud = Cloud(disk.at, inside=disk.inside)
    cloud.start()
    try:
        work = tmp_path / "stack"
        work.mkdir()
        stack = Stack(PROGRAMS / "small", work, cloud.environment())
        disk.fill()

        said = [text for _, text in stack.up().failed().errors if "507" in text]

        assert said
        assert all("cannot keep its state (database or disk is full)" in text for text in said)
        assert cloud.inventory() == []
        disk.free()
        recover(stack)
        assert_consistent(stack, cloud)
    finally:
        cloud.stop()
