"""GKE's operations are cancelled where GKE cancels them: upgrades of nodes that still run."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from meshwright_sandbox.runtime.interface import NodePool
from meshwright_sandbox.runtime.null import NullRuntime
from tests.sandbox.in_process import emulator
from tests.sandbox.platform import PARENT, REGION, standard_cluster, wait_container
from tests.sandbox.server import Sandbox, client

pytestmark = pytest.mark.usefixtures("network")
NAME = f"{PARENT}/clusters/c"
POOL = f"{NAME}/nodePools/default-pool"


@pytest.fixture
def gke(sandbox: Sandbox) -> Any:
    return client(sandbox.url, "container", "v1")


@pytest.fixture
def clusters(gke: Any, sandbox: Sandbox) -> Iterator[Any]:
    """The clusters of a project with the cluster `c`."""
    clusters = gke.projects().locations().clusters()
    wait_container(gke, clusters.create(parent=PARENT, body=standard_cluster("c")).execute())
    yield clusters
    sandbox.admin("POST", "clock", {"scale": 0})
    wait_container(gke, clusters.delete(name=NAME).execute())


@pytest.fixture
def slow(sandbox: Sandbox, clusters: Any) -> None:
    """Nothing ends by itself, once the cluster is there and until the test is over."""
    sandbox.admin("POST", "clock", {"scale": 1000})


def cancel(gke: Any, operation: dict[str, Any]) -> None:
    name = f"{PARENT}/operations/{operation['name']}"
    gke.projects().locations().operations().cancel(name=name, body={}).execute()


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("asked_of", ["pool", "cluster"])
def test_a_cancelled_upgrade_leaves_the_pool_as_it_was(
    gke: Any, clusters: Any, asked_of: str
) -> None:
    pools, before = clusters.nodePools(), clusters.nodePools().get(name=POOL).execute()
    if asked_of == "pool":
        request = pools.update(name=POOL, body={"imageType": "UBUNTU_CONTAINERD"})
    else:
        change = {"desiredImageType": "UBUNTU_CONTAINERD", "desiredNodePoolId": "default-pool"}
        request = clusters.update(name=NAME, body={"update": change})
    operation = request.execute()
    assert (operation["operationType"], operation["status"]) == ("UPGRADE_NODES", "RUNNING")
    during = pools.get(name=POOL).execute()

    cancel(gke, operation)
    ended = wait_container(gke, operation)

    assert during["config"]["imageType"] == "UBUNTU_CONTAINERD"
    assert ended["error"]["code"] == 1
    after = pools.get(name=POOL).execute()
    assert after["config"] == before["config"]
    with pytest.raises(HttpError, match="has completed and cannot be cancelled"):
        cancel(gke, ended)


class Nodes(NullRuntime):
    """Remembers what it is told of the nodes' labels."""

    def __init__(self) -> None:
        super().__init__()
        self.labels: list[dict[str, str]] = []

    def set_node_pools(
        self, project: str, location: str, name: str, pools: tuple[NodePool, ...]
    ) -> None:
        self.labels.append(dict(pools[0].labels))


def test_nodes_that_were_changed_already_are_changed_back(tmp_path: Path) -> None:
    """The work of an operation begins when the operation does."""
    nodes = Nodes()
    with emulator(tmp_path / "home", nodes) as sandbox:
        gke = client(sandbox.url, "container", "v1")
        clusters = gke.projects().locations().clusters()
        wait_container(gke, clusters.create(parent=PARENT, body=standard_cluster("c")).execute())
        sandbox.admin("POST", "clock", {"scale": 1000})
        request = clusters.nodePools().update(name=POOL, body={"labels": {"labels": {"a": "b"}}})
        operation = request.execute()
        wait_until(lambda: nodes.labels[-1:] == [{"a": "b"}])

        cancel(gke, operation)
        sandbox.admin("POST", "clock", {"scale": 0})

        wait_until(lambda: nodes.labels[-1] == {})
        assert wait_container(gke, operation)["error"]["code"] == 1


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.usefixtures("slow")
def test_only_upgrades_of_nodes_are_cancelled(gke: Any, clusters: Any, sandbox: Sandbox) -> None:
    change = {"update": {"desiredShieldedNodes": {"enabled": False}}}
    operation = clusters.update(name=NAME, body=change).execute()

    with pytest.raises(HttpError, match="Only node pool upgrade operations") as caught:
        cancel(gke, operation)
    with pytest.raises(HttpError, match="Not found") as missing:
        cancel(gke, {"name": "operation-0"})
    sandbox.admin("POST", "clock", {"scale": 0})

    assert (caught.value.status_code, missing.value.status_code) == (400, 404)
    assert "error" not in wait_container(gke, operation)


@pytest.mark.gcloud
@pytest.mark.usefixtures("slow")
def test_gcloud_cancels_an_upgrade(gke: Any, clusters: Any, gcloud: Callable[..., Any]) -> None:
    request = clusters.nodePools().update(name=POOL, body={"imageType": "UBUNTU_CONTAINERD"})
    operation = request.execute()
    where = (f"--location={REGION}", f"--project={PARENT.split('/')[1]}")

    gcloud("container", "operations", "cancel", operation["name"], *where)

    assert wait_container(gke, operation)["error"]["code"] == 1


@pytest.mark.parametrize(
    "update",
    [
        {"desiredShieldedNodes": {"enabled": True}, "desiredReleaseChannel": {"channel": "RAPID"}},
        {"desiredMasterVersion": "latest", "desiredNodeVersion": "latest"},
        {"desiredAddonsConfig": {}, "desiredLoggingService": "none"},
    ],
)
def test_a_request_holds_one_update(clusters: Any, update: dict[str, Any]) -> None:
    before = clusters.get(name=NAME).execute()

    with pytest.raises(HttpError, match="Exactly one update can be applied") as caught:
        clusters.update(name=NAME, body={"update": update}).execute()

    assert caught.value.status_code == 400
    assert all(field in str(caught.value) for field in update)
    assert clusters.get(name=NAME).execute() == before


def test_what_googles_clients_send_together_is_one_update(gke: Any, clusters: Any) -> None:
    logging = {"desiredLoggingService": "none", "desiredMonitoringService": "none"}
    wait_container(gke, clusters.update(name=NAME, body={"update": logging}).execute())

    shown = clusters.get(name=NAME).execute()

    assert (shown["loggingService"], shown["monitoringService"]) == ("none", "none")
