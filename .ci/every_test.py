"""`make test`: every test, and a second look at the few that failed beside others.

Some tests run API servers, istiod and Envoys, a dozen at a time on two cores, and wait for what
these do. One of thousands that fails there and holds by itself says that it waited for the wrong
thing, or not long enough: it is named, to be mended, and does not refuse somebody else's change. A
fault of the product fails alone too. Tests that run no such processes get no second look.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PYTEST = (sys.executable, "-m", "pytest")
REAL_PROCESSES = ("tests/lifecycle/", "tests/mesh/", "tests/sandbox/")
MOST = 3


def main(arguments: list[str]) -> int:
    """Run pytest with `arguments`; return its exit code, or that of the second look."""
    code = subprocess.run([*PYTEST, "--cache-clear", *arguments]).returncode
    failed = failed_tests() if code == pytest.ExitCode.TESTS_FAILED else []
    real = all(name.startswith(REAL_PROCESSES) for name in failed)
    if not (failed and real and len(failed) <= MOST):
        return code
    print("failed beside others, now by themselves:", *failed, sep="\n  ", flush=True)
    alone = subprocess.run([*PYTEST, "-n", "0", *failed]).returncode
    if alone == pytest.ExitCode.OK:
        print("failed beside others, held by themselves:", *failed, sep="\n  ", flush=True)
    return alone


def failed_tests() -> list[str]:
    """Return the ids of what failed in the run that ended last, as pytest keeps them."""
    kept = Path(".pytest_cache/v/cache/lastfailed")
    return sorted(json.loads(kept.read_text())) if kept.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
