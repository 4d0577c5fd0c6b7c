"""GKE's operations are cancelled where GKE cancels them: upgrades of nodes that still run."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

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
