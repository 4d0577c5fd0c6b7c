"""A local cloud and a stack on it, fresh for each test."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_toolchain import bin_dir
from tests.lifecycle.harness import Cloud, Stack

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """An emulator of its own, without clusters' processes."""
    cloud = Cloud(tmp_path / "cloud")
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    """What starts real clusters for the stacks of a file, without a cloud around them."""
    runtime = LocalRuntime(tmp_path_factory.mktemp("runtime"), bin_dir())
    yield runtime
    runtime.shutdown()


@pytest.fixture
def checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine saves the state after each step, as it does for users: what is cut short needs it.

    It is to be used before a stack is made.
    """
    monkeypatch.setenv("PULUMI_SKIP_CHECKPOINTS", "false")


@pytest.fixture
def make_stack(tmp_path: Path, cloud: Cloud) -> Callable[[str], Stack]:
    """Makes a stack of the program of a name."""

    def make(program: str) -> Stack:
        work = Path(tempfile.mkdtemp(prefix=f"{program}-", dir=tmp_path))
        return Stack(PROGRAMS / program, work, cloud.environment())

    return make


@pytest.fixture
def platform(make_stack: Callable[[str], Stack]) -> Stack:
    """A stack of the program `platform`: nothing is up yet."""
    return make_stack("platform")


@pytest.fixture
def small(make_stack: Callable[[str], Stack]) -> Stack:
    """A stack of the program `small`, for tests that run it many times."""
    return make_stack("small")
