"""The doors of a mesh on the real engine, a real API server and a real istiod."""

import json
import tempfile
from pathlib import Path

import pytest

from meshwright_sandbox.runtime import kube
from meshwright_sandbox.runtime.interface import ClusterAccess, FleetRole
from meshwright_sandbox.runtime.local import LocalRuntime
from tests.lifecycle.conftest import PROGRAMS
from tests.lifecycle.harness import Stack
from tests.sandbox.runtime.conftest import LOCATION, MESH, NAME, PROJECT, request_for

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("gateways")]


@pytest.fixture(scope="module")
def access(runtime: LocalRuntime) -> ClusterAccess:
    """A cluster with the managed mesh, the config cluster of its fleet."""
    access = runtime.start(request_for(NAME, 16, gateway_api=True))
    role = FleetRole(PROJECT, services=True, config_cluster=True)
    runtime.set_fleet_role(PROJECT, LOCATION, NAME, role)
    runtime.start_mesh(PROJECT, LOCATION, NAME, MESH)
    return access


@pytest.fixture
def stack(access: ClusterAccess, tmp_path: Path) -> Stack:
    """A stack of the program `gateways` on that cluster."""
    kubeconfig = tmp_path / "kubeconfig"
    kube.write_admin_kubeconfig(kubeconfig, access)
    work = Path(tempfile.mkdtemp(prefix="gateways-", dir=tmp_path))
    environment = {"GATEWAYS_KUBECONFIG": str(kubeconfig), "NO_PROXY": "*"}
    return Stack(PROGRAMS / "gateways", work, environment)


def test_every_door_is_made_served_and_taken_away(stack: Stack) -> None:
    """istiod takes every object, GKE's controllers give addresses, nothing is left to do after."""
    stack.up().succeeded()

    outputs = json.loads(stack.run("stack", "output", "--json", "--stack", stack.name).output)
    assert all(address.startswith("127.") for address in outputs["addresses"])
    assert len(set(outputs["addresses"])) == 2
    stack.preview("--expect-no-changes").succeeded()
    stack.refresh("--expect-no-changes").succeeded()

    stack.destroy().succeeded()
    assert stack.resources() == []
