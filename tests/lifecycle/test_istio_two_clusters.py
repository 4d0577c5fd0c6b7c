"""Two clusters with open-source Istio are one mesh: real API servers, each with its own istiod."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client

from meshwright_sandbox.runtime.kube import write_admin_kubeconfig
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_toolchain import module_dir
from tests.lifecycle.harness import Stack
from tests.sandbox.runtime.conftest import connect, eventually, request_for

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

PROGRAM = Path(__file__).parent / "programs" / "istio-two-clusters"
RANGES = {"west": 16, "east": 20}
SERVICE = "checkout.shop.svc.cluster.local"
# istiod answers this to callers on loopback alone.
LOOK = (
    "import http.client, sys; c = http.client.HTTPConnection(sys.argv[1], 8080, timeout=10,"
    " source_address=('127.0.0.1', 0)); c.request('GET', '/debug/endpointShardz');"
    " print(c.getresponse().read().decode())"
)


@pytest.fixture(scope="module")
def clusters(runtime: LocalRuntime) -> dict[str, client.ApiClient]:
    found: dict[str, client.ApiClient] = {}
    for name, block in RANGES.items():
        access = runtime.start(request_for(name, block))
        write_admin_kubeconfig(runtime.home / f"{name}-kubeconfig", access)
        (runtime.home / f"{name}-address").write_text(access.private_endpoint)
        found[name] = connect(access, runtime.home / f"{name}.pem")
    return found


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory,
    runtime: LocalRuntime,
    clusters: dict[str, client.ApiClient],
) -> Iterator[Stack]:
    made = Stack(PROGRAM, tmp_path_factory.mktemp("stack"), {})
    given = {"charts": str(module_dir("istio") / "manifests" / "charts")}
    for name in clusters:
        given[f"{name}-api-server"] = (runtime.home / f"{name}-address").read_text()
        given[f"{name}-kubeconfig"] = str(runtime.home / f"{name}-kubeconfig")
    made.configure(**given)
    made.up().succeeded()
    yield made
    made.destroy().succeeded()


def test_each_control_plane_knows_the_services_pods_in_both_clusters(
    stack: Stack, runtime: LocalRuntime, clusters: dict[str, client.ApiClient]
) -> None:
    pods = {name: pod_address(api) for name, api in clusters.items()}

    for api in clusters.values():
        address = istiod_address(api)

        def known(address: str = address) -> None:
            assert endpoints(runtime, address) == pods

        eventually(known)


def test_a_cluster_whose_pods_are_gone_is_served_by_the_other(
    stack: Stack, runtime: LocalRuntime, clusters: dict[str, client.ApiClient]
) -> None:
    west = client.AppsV1Api(clusters["west"])
    west.patch_namespaced_deployment_scale("checkout", "shop", {"spec": {"replicas": 0}})
    left = {"east": pod_address(clusters["east"])}

    def served_by_the_other() -> None:
        assert endpoints(runtime, istiod_address(clusters["west"])) == left

    eventually(served_by_the_other)
    west.patch_namespaced_deployment_scale("checkout", "shop", {"spec": {"replicas": 1}})


def test_no_token_stands_in_the_state_or_in_what_is_printed(stack: Stack) -> None:
    exported = json.dumps(stack.deployment())

    assert "ciphertext" in exported
    assert "eyJhbGciOi" not in exported  # how a service account's token begins
    stack.preview("--expect-no-changes").succeeded()


def endpoints(runtime: LocalRuntime, istiod: str) -> dict[str, str]:
    """The one endpoint of the service in each cluster, as an istiod knows it."""
    probe = runtime.network.command([sys.executable, "-I", "-c", LOOK, istiod])
    done = subprocess.run(probe, capture_output=True, text=True, check=True, timeout=60)
    shards = json.loads(done.stdout).get(SERVICE, {}).get("shop", {}).get("Shards", {})
    found: dict[str, str] = {}
    for shard, listed in shards.items():
        for endpoint in listed or []:
            found[shard.rpartition("/")[2]] = endpoint["Addresses"][0]
    return found


def pod_address(api: client.ApiClient) -> str:
    (pod,) = client.CoreV1Api(api).list_namespaced_pod("shop").items
    return pod.status.pod_ip


def istiod_address(api: client.ApiClient) -> str:
    (pod,) = (
        client.CoreV1Api(api).list_namespaced_pod("istio-system", label_selector="app=istiod").items
    )
    return pod.status.pod_ip
