"""The measurements, each on a sandbox of its own so that nothing of the user's is touched."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure

ROOT = Path(__file__).parent.parent
MESHWRIGHT = Path(sys.executable).parent / "meshwright"
_PREVIEWS = 3


@contextmanager
def own_sandbox() -> Iterator[dict[str, str]]:
    """Environment whose sandbox lives in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="meshwright-bench-") as folder:
        environment = os.environ | {"MESHWRIGHT_SANDBOX_HOME": f"{folder}/sandbox"}
        try:
            yield environment
        finally:
            run([str(MESHWRIGHT), "sandbox", "down"], environment)


def shell_of(own: dict[str, str], *, project: str, scale: float = 0) -> dict[str, str]:
    """Start the sandbox of `own_sandbox`; the environment of a shell that works with it."""
    up = ["sandbox", "up", "--project", project, "--scale", str(scale)]
    run([str(MESHWRIGHT), *up], own)
    return own | json.loads(run([str(MESHWRIGHT), "sandbox", "env", "--json"], own))


def run(command: list[str], environment: dict[str, str], *, cwd: Path = ROOT) -> str:
    """Run a command to its end and give what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=environment, text=True, capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def seconds(command: list[str], environment: dict[str, str], *, cwd: Path = ROOT) -> float:
    """Time that a command takes."""
    started = time.perf_counter()
    run(command, environment, cwd=cwd)
    return time.perf_counter() - started


def dev_stack() -> Iterator[Figure]:
    """Demo from nothing but cached programs, then previews and memory of what stands."""
    with own_sandbox() as environment:
        yield Figure("make demo, warm", (seconds([str(MESHWRIGHT), "demo"], environment),), 90)
        shell = environment | json.loads(
            run([str(MESHWRIGHT), "sandbox", "env", "--json"], environment)
        )
        preview = ["pulumi", "preview", "--stack", "dev", "--expect-no-changes"]
        yield Figure(
            "no-change pulumi preview of dev",
            tuple(seconds(preview, shell) for _ in range(_PREVIEWS)),
            8,
        )
        status = json.loads(run([str(MESHWRIGHT), "sandbox", "status", "--json"], environment))
        yield Figure("sandbox at rest, two clusters", (status["memory"] / 1e6,), 2000, "MB")


def tests() -> Iterator[Figure]:
    """The whole test run with cached programs."""
    yield Figure("make test, warm", (seconds(["make", "test"], dict(os.environ)),), 12 * 60)


def cold() -> Iterator[Figure]:
    """Demo with an empty cache of programs and an empty Go build cache."""
    with own_sandbox() as environment, tempfile.TemporaryDirectory() as cache:
        empty = environment | {"MESHWRIGHT_CACHE": f"{cache}/programs", "GOCACHE": f"{cache}/go"}
        yield Figure("make demo, cold", (seconds(["make", "demo"], empty),), 20 * 60)
