"""Routes inside a cluster, on the real engine and a real API server with the real CRDs."""

from pathlib import Path

import pytest

from meshwright_toolchain.cache import module_dir
from tests.lifecycle.harness import Stack
from tests.sandbox.kubernetes.harness import ApiServer

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

PROGRAM = Path(__file__).parent / "routes"
ISTIO = "kubernetes/customresourcedefinitions.gen.yaml"
GATEWAY_API = "config/crd/standard"


@pytest.fixture
def routes(tmp_path: Path, cluster: ApiServer) -> Stack:
    """The program of both routes; the cluster knows their kinds."""
    for place in (module_dir("istio-api") / ISTIO, module_dir("gateway-api") / GATEWAY_API):
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(place))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=180s")
    stack = Stack(PROGRAM, tmp_path, {})
    stack.configure(kubeconfig=str(cluster.kubeconfig))
    return stack


def test_a_step_of_a_canary_and_a_switch_are_one_update_each(
    routes: Stack, cluster: ApiServer
) -> None:
    """Up, nothing to do, a step, a switch, destroy."""
    routes.up().succeeded()
    assert routes.preview("--refresh").succeeded().changes == {}

    routes.configure(share="50")
    step = routes.up().succeeded()
    routes.configure(active="green")
    switch = routes.up().succeeded()

    kind = "kubernetes:networking.istio.io/v1:VirtualService"
    assert step.steps == [("update", f"{kind}::canary-shares")]
    kind = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
    assert switch.steps == [("update", f"{kind}::switch-route")]
    live = cluster.kubectl("get", "-n", "routes", "httproute", "switch", "-o", "json")
    (backend,) = live["spec"]["rules"][0]["backendRefs"]
    assert (backend["name"], backend["weight"]) == ("payments-green", 100)
    routes.destroy().succeeded()
    assert "routes" not in str(cluster.kubectl("get", "namespaces", "-o", "name"))
