"""How tests are shared out when several workers run them (`make test`).

The tests of a file stay together, since its fixtures may start servers and clusters that a second
worker would start again; so do all files of a folder whose fixtures are that dear. What takes
longest begins first, so that no worker is left with it at the end.
"""

import gc
import os
import signal
from collections.abc import Generator

import psutil
import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_WORKER_FOLDERS = ("tests/sandbox/runtime/", "tests/sandbox/kubernetes/", "tests/mesh/")
# Files that look at what the stacks register, which takes seconds for each process.
ONE_WORKER_FILES = (
    "tests/policies/test_stacks.py",
    "tests/unit/test_composition_stacks.py",
    "tests/unit/test_landscape.py",
)
# Their tests have a cloud each; those of the other files share one.
A_CLOUD_EACH = tuple(
    f"tests/lifecycle/test_{name}.py"
    for name in ("api_faults", "interruptions", "observability", "stacks")
)
# In a folder of one worker, but with nothing from it.
BY_THEMSELVES = ("tests/mesh/test_machines.py",)
LONGEST_FIRST = (
    "tests/mesh/",
    "tests/sandbox/runtime/",
    "tests/lifecycle/test_dev_stack",
    "tests/lifecycle/test_stacks",
    "tests/lifecycle/test_rollouts",
    "tests/sandbox/kubernetes/",
    "tests/lifecycle/test_typescript",
    "tests/lifecycle/test_istio",
    "tests/lifecycle/",
    "tests/policies/test_engine.py",
)


# What the clusters and stacks of a worker take at the most.
WORKER_BYTES = 3 * 10**9


class ByFile(LoadScopeScheduling):
    """xdist's scheduler by scope, with files (or whole folders) as the scopes."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(A_CLOUD_EACH):
            return nodeid
        if nodeid.startswith(ONE_WORKER_FILES):
            return "what the stacks register"
        folder = next((folder for folder in ONE_WORKER_FOLDERS if nodeid.startswith(folder)), None)
        if folder and not nodeid.startswith(BY_THEMSELVES):
            return folder
        return nodeid.partition("::")[0]


def pytest_configure() -> None:
    """What every program that tests start inherits."""
    # API servers spend a third of their time on collecting garbage, unless they may use memory.
    os.environ.setdefault("GOGC", "200")
    # Who is started in the background by a shell ignores interrupts, and so does all that it
    # starts: the engine would wait five seconds for each plugin before it kills it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What has been loaded stays to the end: to look there for garbage takes seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_xdist_auto_num_workers() -> int:
    """Two for a processor, since tests wait much for what they start; as many as memory allows."""
    processors = len(os.sched_getaffinity(0))
    return max(1, min(2 * processors, psutil.virtual_memory().total // WORKER_BYTES))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        places = (i for i, start in enumerate(LONGEST_FIRST) if item.nodeid.startswith(start))
        return next(places, len(LONGEST_FIRST))

    items.sort(key=rank)
