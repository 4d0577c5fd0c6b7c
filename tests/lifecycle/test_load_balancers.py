"""Load balancers that a cluster's controllers make, and the network that they keep, in destroys."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.lifecycle.harness import Stack
from tests.lifecycle.harness.preloaded import preloaded_python
from tests.sandbox.runtime.conftest import eventually

MESHWRIGHT = Path(sys.executable).parent / "meshwright"
PROGRAM = Path(__file__).parent / "programs" / "balanced"
PROJECT = "projects/meshwright-dev"
pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]


class Compute:
    """The sandbox's compute API, as an operator looks at it."""

    def __init__(self, url: str) -> None:
        self._root = f"{url}/compute/compute/v1"

    def every(self, kind: str) -> list[dict[str, Any]]:
        """All resources of a kind, over regions and zones."""
        found = self._ask("GET", f"{PROJECT}/aggregated/{kind}")
        return [item for scope in found["items"].values() for item in scope.get(kind, [])]

    def firewalls(self) -> list[str]:
        """Names of the firewall rules that GKE made."""
        found = self._ask("GET", f"{PROJECT}/global/firewalls").get("items", [])
        return [item["name"] for item in found if item["name"].startswith(("k8s", "gke"))]

    def remove(self, item: dict[str, Any]) -> None:
        """Delete a resource by its link."""
        self._ask("DELETE", "projects/" + item["selfLink"].partition("/projects/")[2])

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        answer = requests.request(method, f"{self._root}/{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A sandbox with real clusters, and the variables that lead to it; each test empties it."""
    home = tmp_path_factory.mktemp("load-balancers")
    own = os.environ | {"MESHWRIGHT_SANDBOX_HOME": str(home)}

    def meshwright(*arguments: str) -> str:
        done = subprocess.run(
            [preloaded_python(), MESHWRIGHT, "sandbox", *arguments], env=own, text=True,
            capture_output=True, check=False, timeout=400,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    meshwright("up", "--scale", "0")
    yield json.loads(meshwright("env", "--json"))
    meshwright("down")


@pytest.fixture
def stack(tmp_path: Path, environment: dict[str, str]) -> Stack:
    work = tmp_path / "work"
    work.mkdir()
    return Stack(PROGRAM, work, environment)


@pytest.fixture
def compute(environment: dict[str, str]) -> Compute:
    return Compute(environment["MESHWRIGHT_SANDBOX_URL"])


def made(compute: Compute) -> dict[str, int]:
    """How many resources of each kind stand for load balancers."""
    kinds = ("forwardingRules", "networkEndpointGroups", "targetPools", "urlMaps")
    counts = {kind: len(compute.every(kind)) for kind in kinds}
    return counts | {"firewalls": len(compute.firewalls())}


def all_stand(compute: Compute) -> None:
    """Nothing of either load balancer is still to come."""
    assert made(compute) == {
        "forwardingRules": 2,
        # The Gateway's endpoints are in each zone of the cluster.
        "networkEndpointGroups": 3,
        "targetPools": 1,
        "urlMaps": 1,
        "firewalls": 2,
    }


def test_destroy_takes_load_balancers_away_before_their_network(
    stack: Stack, compute: Compute, environment: dict[str, str]
) -> None:
    """Objects go before their cluster, their load balancers with them, the network last."""
    stack.up().succeeded()

    eventually(lambda: all_stand(compute))

    stack.preview("--expect-no-changes").succeeded()
    stack.destroy().succeeded()

    assert set(made(compute).values()) == {0}
    url = environment["MESHWRIGHT_SANDBOX_URL"]
    assert requests.get(f"{url}/_sandbox/inventory", timeout=30).json() == []


def test_load_balancers_that_outlive_their_cluster_keep_the_network(
    stack: Stack, compute: Compute
) -> None:
    """A wrong order fails, and says what is in the way; without that the rest goes."""
    stack.configure(careless="true")
    stack.up().succeeded()
    eventually(lambda: all_stand(compute))

    refused = stack.destroy().failed()

    assert "is already being used by" in refused.output
    assert made(compute)["firewalls"] == 2
    for kind in (
        "forwardingRules", "targetPools", "targetHttpProxies", "urlMaps", "backendServices",
        "networkEndpointGroups",
    ):  # fmt: skip
        for item in compute.every(kind):
            compute.remove(item)
    for name in compute.firewalls():
        compute.remove({"selfLink": f"/{PROJECT}/global/firewalls/{name}"})
    stack.destroy().succeeded()
