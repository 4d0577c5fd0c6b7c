"""A TypeScript program uses the components: through an SDK generated from the kept schema."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshwright_toolchain import bin_dir
from tests.lifecycle.harness import LocalCloud, Stack

ROOT = Path(__file__).parents[2]
PROJECT = "meshwright-dev"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    cloud = LocalCloud(tmp_path / "home", PROJECT)
    yield cloud
    cloud.meshwright("down")


def run_in(folder: Path, *command: str | Path) -> None:
    """Run a command to its end; what it printed is told if it failed."""
    done = subprocess.run(
        command, cwd=folder, text=True, capture_output=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def program(tmp_path: Path, cloud: LocalCloud) -> Stack:
    """The example, built as its README says."""
    work = tmp_path / "typescript"
    work.mkdir()
    stack = Stack(ROOT / "examples" / "typescript", work, cloud.environment)
    schema = ROOT / "components" / "schema.json"
    run_in(stack.work, bin_dir() / "pulumi-sdk", "--out", "sdk", schema)
    run_in(stack.work, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts")
    run_in(stack.work, "npm", "run", "build")
    return stack


@pytest.mark.engine
@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_a_cluster_and_a_canary_route_from_typescript(program: Stack, cloud: LocalCloud) -> None:
    """Up, nothing to do, a weight that changes its route alone, destroy."""
    program.up().succeeded()
    program.preview("--expect-no-changes").succeeded()

    for version, share in (("v1", "80"), ("v2", "20")):
        program.run(
            "config", "set", "--path", f"weights.{version}", share, "--stack", program.name
        ).succeeded()
    changed = program.up().succeeded()

    assert [step for step, _ in changed.steps] == ["update"]
    assert changed.steps[0][1].endswith("VirtualService::checkout-shares")
    kinds = {entry["type"] for entry in program.deployment()["resources"]}
    assert {"meshwright:index:GkeCluster", "meshwright:index:TrafficRoute"} <= kinds
    program.destroy().succeeded()
    assert cloud.asked("inventory") == []
