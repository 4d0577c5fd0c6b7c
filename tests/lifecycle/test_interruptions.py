"""An update that is cut short, and one that is not alone (R13-R16)."""

import itertools
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from tests.lifecycle.harness import Cloud, Stack, assert_consistent, recover

pytestmark = pytest.mark.usefixtures("checkpoints")
SAMPLED_CALLS = 20
ROUNDS = 10
# A store of files may also refuse to list the locks while the other run is just writing its own:
# the listing meets a file that has got its final name before it is looked at (docs/state.md).
LOCKED = re.compile(
    r"currently locked by|blob \(key \"\.pulumi/locks/\S+\.tmp\"\) \(code=NotFound\)"
)


@retry(retry=retry_if_result(lambda reached: not reached), wait=wait_fixed(0.02),
       stop=stop_after_delay(240))  # fmt: skip
def _until_asked(cloud: Cloud, calls: int, process_ended: object) -> bool:
    """Wait until the cloud was asked so many times, or the engine ended."""
    ended = process_ended() if callable(process_ended) else False
    return bool(ended) or cloud.mark() >= calls


@pytest.mark.parametrize("fifth", range(5))
def test_engine_killed_at_sampled_calls_loses_and_doubles_nothing(
    make_stack: Callable[[str], Stack], cloud: Cloud, fifth: int
) -> None:
    """R13: after kill -9 the state is sound, the lock is named; cancel, refresh, up converge."""
    make_stack("small").up().succeeded()
    calls = cloud.mark()
    for sample in range(fifth, SAMPLED_CALLS, 5):
        cloud.reset()
        small = make_stack("small")
        at = cloud.mark() + 1 + sample * (calls - 1) // SAMPLED_CALLS
        with small.running("up", "--yes", "--skip-preview") as process:
            _until_asked(cloud, at, lambda process=process: process.poll() is not None)
            process.kill()  # of one that has ended it asks nothing
            process.communicate(timeout=60)

        small.mend_state()
        if _locks(small):
            assert "is currently locked" in small.up().failed().output
        small.run("cancel", "--yes").succeeded()
        recover(small)
        assert_consistent(small, cloud)


def _locks(stack: Stack) -> list[Path]:
    return list((stack.state / ".pulumi" / "locks").rglob("*.json"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_up_says_so_leaves_no_lock_and_completes_next_time(
    platform: Stack, cloud: Cloud, how: signal.Signals
) -> None:
    """R14."""
    cloud.fault(r"GET /container/.*/operations/", "hang")
    with platform.running("up", "--yes", "--skip-preview") as process:
        _until_asked(cloud, 20, lambda: process.poll() is not None)
        os.killpg(process.pid, how)
        output, _ = process.communicate(timeout=120)

    assert process.returncode != 0
    assert "cancel" in output
    assert not _locks(platform)
    cloud.clear_faults()
    recover(platform)
    assert_consistent(platform, cloud)


@pytest.mark.parametrize("calls", [10, 30, 50])
def test_killed_emulator_goes_on_where_it_was(platform: Stack, cloud: Cloud, calls: int) -> None:
    """R15, with its stored data."""
    with platform.running("up", "--yes", "--skip-preview") as process:
        _until_asked(cloud, calls, lambda: process.poll() is not None)
        cloud.kill()
        cloud.start()
        process.communicate(timeout=200)

    recover(platform)
    assert_consistent(platform, cloud)


def test_emulator_that_lost_its_data_is_built_up_again(platform: Stack, cloud: Cloud) -> None:
    """R15, without its stored data.

    The APIs are off too, so the first refresh says which; an up enables them, the next refresh
    finds everything gone, and the next up makes it again.
    """
    platform.up().succeeded()
    cloud.kill()
    for stored in cloud.home.glob("state.db*"):
        stored.unlink()
    cloud.start()

    assert "has not been used" in platform.refresh().failed().output
    platform.up().succeeded()
    platform.refresh().succeeded()
    platform.up().succeeded()

    assert_consistent(platform, cloud)


@pytest.mark.parametrize("settings", [("30", "60"), ("45", "90")])
def test_of_two_ups_at_once_one_proceeds_and_the_other_names_the_lock(
    small: Stack, cloud: Cloud, settings: tuple[str, str]
) -> None:
    """R16."""
    for retention in itertools.islice(itertools.cycle(settings), ROUNDS // 2):
        small.configure(retention=retention)
        with (
            small.running("up", "--yes", "--skip-preview") as first,
            small.running("up", "--yes", "--skip-preview") as second,
        ):
            outputs = [run.communicate(timeout=200)[0] for run in (first, second)]
        codes = [first.returncode, second.returncode]

        for code, output in zip(codes, outputs, strict=True):
            assert code == 0 or LOCKED.search(output), output
        # The export checks that two writers were not mixed in it.
        small.deployment()
    small.up().succeeded()
    assert_consistent(small, cloud)
