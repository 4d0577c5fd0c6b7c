"""Which pods the sandbox runs, and when: a stack's own, for as long as traffic is carried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshwright_sandbox.runtime.api import Object
from meshwright_sandbox.runtime.pod_status import is_ready
from meshwright_sandbox.traffic.images import HELLO_APP
from meshwright_sandbox.traffic.marks import is_marked
from tests.mesh.harness import MeshCluster, statuses, versions
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

STALL, APP, CALLER = "stall", "hello", "web"


@pytest.fixture(scope="module")
def cluster(west: MeshCluster) -> Iterator[MeshCluster]:
    """A service of Google's sample, deployed while nothing carries traffic."""
    west.traffic.stop()
    west.namespace(STALL)
    west.deploy(STALL, APP, image=f"{HELLO_APP}:1.0")
    west.deploy(STALL, CALLER)
    west.deploy(STALL, "unknown", image="shop/unknown:1")
    west.serve(STALL, APP)
    yield west
    west.traffic.stop()
    west.carry_traffic()
    west.core.delete_namespace(STALL)


def test_pods_are_taken_over_where_they_are_and_given_back(cluster: MeshCluster) -> None:
    """kwok has called them Ready before; each keeps its address, and one it knows no program for
    stays kwok's."""

    before = eventually(lambda: addresses(cluster))
    cluster.carry_traffic()
    eventually(lambda: assert_no_problem(cluster))
    # What has no problem answers, at once.
    assert versions(cluster.call(STALL, CALLER, APP, 3)) == {"1.0": 3}
    assert addresses(cluster) == before
    assert {app_of(pod) for pod in here(cluster)} == {APP, CALLER}
    cluster.traffic.stop()
    assert not any(is_marked(pod) for pod in here(cluster))
    assert addresses(cluster) == before
    cluster.carry_traffic()
    cluster.wait(STALL, APP, CALLER)


def test_pods_outlive_who_looks_after_them(cluster: MeshCluster) -> None:
    """As when the emulator ends and is started again: the same processes answer."""
    (before,) = cluster.call(STALL, CALLER, APP, 1)
    cluster.traffic.close()
    cluster.carry_traffic()
    cluster.wait(STALL, APP, CALLER)
    (after,) = cluster.call(STALL, CALLER, APP, 1)
    assert after.json()["pod"] == before.json()["pod"]
    assert after.json()["requests"] == before.json()["requests"] + 1
    assert all(is_ready(pod) for pod in here(cluster))


def test_pods_of_a_deployment_that_is_scaled_fail_no_call(cluster: MeshCluster) -> None:
    """A pod is Ready when it answers, and goes when its calls have ended."""
    for replicas in (3, 1):
        cluster.scale(STALL, APP, replicas)

        def scaled(replicas: int = replicas) -> None:
            assert set(statuses(cluster.call(STALL, CALLER, APP, 50))) == {200}
            assert [is_ready(pod) for pod in here(cluster, APP)] == [True] * replicas

        eventually(scaled)


def test_a_pod_is_ready_again_whoever_said_otherwise(cluster: MeshCluster) -> None:
    """As a kubelet, the sandbox has the last word on the status of its pods."""
    (pod,) = here(cluster, APP)
    status = {"conditions": [{"type": "Ready", "status": "False"}]}
    name = pod["metadata"]["name"]
    cluster.core.patch_namespaced_pod_status(name, STALL, {"status": status})

    def put_right() -> None:
        assert is_ready(here(cluster, APP)[0])

    eventually(put_right)


def assert_no_problem(cluster: MeshCluster) -> None:
    assert [cluster.traffic.problem(pod) for pod in here(cluster)] == ["", ""]


def addresses(cluster: MeshCluster) -> dict[str, str]:
    """Of the namespace's pods, which are all Ready, whoever says so."""
    pods = cluster.core.list_namespaced_pod(STALL).items
    ready = [c.status for pod in pods for c in pod.status.conditions or [] if c.type == "Ready"]
    assert ready == ["True"] * 3
    return {pod.metadata.labels["app"]: pod.status.pod_ip for pod in pods}


def here(cluster: MeshCluster, *apps: str) -> list[Object]:
    """The namespace's pods that the sandbox runs."""
    pods = [p for p in cluster.traffic.workloads() if p["metadata"]["namespace"] == STALL]
    return [pod for pod in pods if not apps or app_of(pod) in apps]


def app_of(pod: Object) -> str:
    return str(pod["metadata"]["labels"]["app"])
