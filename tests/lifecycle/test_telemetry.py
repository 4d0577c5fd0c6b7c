"""What proxies report: the example on the real engine, a real API server and a real istiod."""

import json
from pathlib import Path

import pytest

from meshwright_sandbox.runtime import kube
from meshwright_sandbox.runtime.interface import ClusterAccess
from meshwright_sandbox.runtime.local import LocalRuntime
from tests.lifecycle.harness import Stack
from tests.sandbox.runtime.conftest import LOCATION, MESH, NAME, PROJECT, request_for

EXAMPLE = Path(__file__).parents[2] / "examples" / "mesh-telemetry"
pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("telemetry")]


@pytest.fixture(scope="module")
def access(runtime: LocalRuntime) -> ClusterAccess:
    """A cluster with the managed mesh."""
    access = runtime.start(request_for(NAME, 17))
    runtime.start_mesh(PROJECT, LOCATION, NAME, MESH)
    return access


def test_istiod_takes_what_the_example_says(access: ClusterAccess, tmp_path: Path) -> None:
    """Logs, traces, metrics and their collection: made, left alone, changed, taken away."""
    kubeconfig = tmp_path / "kubeconfig"
    kube.write_admin_kubeconfig(kubeconfig, access)
    stack = Stack(EXAMPLE, tmp_path, {"KUBECONFIG": str(kubeconfig), "NO_PROXY": "*"})
    program = stack.work / "__main__.py"
    text = program.read_text()
    # The example's namespace is somebody else's; the root namespace is there anyway.
    program.write_text(text.replace('"namespace": "shop"', '"namespace": "istio-system"'))

    stack.up().succeeded()

    outputs = json.loads(stack.run("stack", "output", "--json", "--stack", stack.name).output)
    assert outputs["telemetry"] == ["istio-system/mesh", "istio-system/checkout"]
    stack.preview("--expect-no-changes").succeeded()
    stack.refresh("--expect-no-changes").succeeded()
    program.write_text(program.read_text().replace("50.0", "5.0"))
    changed = stack.up().succeeded()
    kind = "kubernetes:telemetry.istio.io/v1:Telemetry"
    assert changed.steps == [("update", f"{kind}::checkout-telemetry")]

    stack.destroy().succeeded()
    assert stack.resources() == []
