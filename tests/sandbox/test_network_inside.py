"""What runs inside the sandbox's networks: each time in a process of its own, wherever it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network, open_network
from meshwright_sandbox.runtime.processes import ProcessTable
from tests.sandbox.runtime.conftest import eventually

HERE = Network("host")
_before: list[str] = []

_ASK = f"""
import sys
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.inside import run_inside
print(run_inside(Network("host"), {__name__!r}, "who")["parent"], flush=True)
"""


def answer(asked: str) -> dict[str, Any]:
    """What is run inside: it says where it is, or does what it is asked for."""
    if asked == "fail":
        raise ValueError("as it was asked to")
    if asked == "die":
        os._exit(1)
    seen, _ = list(_before), _before.append(asked)
    return {
        "pid": os.getpid(), "parent": os.getppid(), "before": seen, "net": _network_of("self"),
        "asked": asked,
    }  # fmt: skip


def _network_of(process: int | str) -> str:
    return str(Path(f"/proc/{process}/ns/net").readlink())


def test_each_runs_alone_in_a_process_of_its_own() -> None:
    first, second = (run_inside(HERE, __name__, asked) for asked in ("one", "two"))
    assert len({first["pid"], second["pid"], os.getpid()}) == 3
    assert (first["before"], second["before"]) == ([], [])
    assert first["parent"] == second["parent"]


def test_many_at_once_get_each_their_own_answer() -> None:
    asked = [str(number) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(lambda each: run_inside(HERE, __name__, each), asked)
        assert [each["asked"] for each in answers] == asked


def test_it_runs_in_the_network_that_is_asked_for(tmp_path: Path) -> None:
    processes = ProcessTable(tmp_path)
    network = open_network(tmp_path, processes)
    if network.kind == "host":
        pytest.skip(network.limits)
    try:
        there, here = (run_inside(each, __name__, "where")["net"] for each in (network, HERE))
        assert there == _network_of(network.holder)
        assert here == _network_of("self")
    finally:
        processes.stop(*processes.entries())
    with pytest.raises(RuntimeFailure, match="No such file"):
        run_inside(network, __name__, "where")


@pytest.mark.parametrize(
    ("asked", "told"), [("fail", "ValueError: as it was asked to"), ("die", "without an answer")]
)
def test_what_fails_inside_says_so(asked: str, told: str) -> None:
    with pytest.raises(RuntimeFailure, match=told):
        run_inside(HERE, __name__, asked)
    assert run_inside(HERE, __name__, "after")["asked"] == "after"


def test_a_module_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(RuntimeFailure, match="no_such_module"):
        run_inside(HERE, "no_such_module", "")


def test_one_that_was_killed_is_started_again() -> None:
    killed = psutil.Process(run_inside(HERE, __name__, "who")["parent"])
    killed.kill()
    killed.wait()
    assert run_inside(HERE, __name__, "who")["parent"] != killed.pid


@pytest.mark.parametrize("end", ["", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_it_ends_with_the_process_that_started_it(end: str) -> None:
    """However that ends."""
    asked = subprocess.run(
        [sys.executable, "-c", _ASK + end], capture_output=True, text=True, check=False
    )
    server = json.loads(asked.stdout)

    def gone() -> None:
        assert not psutil.pid_exists(server)

    eventually(gone)
