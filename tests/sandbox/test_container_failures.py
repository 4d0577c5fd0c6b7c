"""GKE when something goes wrong: a killed sandbox, failing and colliding operations."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.platform import (
    PARENT,
    PROJECT,
    prepare,
    refusal,
    standard_cluster,
    wait_container,
)
from tests.sandbox.server import Sandbox, client

NAME = f"{PARENT}/clusters/c"


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of the test's own, with network and APIs."""
    server = Sandbox(tmp_path / "home")
    server.start()
    prepare(server)
    yield server
    server.stop()


def clusters(server: Sandbox) -> Any:
    """The container client's clusters of a sandbox."""
    return client(server.url, "container", "v1").projects().locations().clusters()


def create(server: Sandbox, **fields: Any) -> dict[str, Any]:
    """Ask for the cluster `c`; returns the operation."""
    return clusters(server).create(parent=PARENT, body=standard_cluster("c", **fields)).execute()


def test_a_cluster_is_finished_by_a_sandbox_that_was_killed(fragile: Sandbox) -> None:
    """The operation goes on where it was, and the cluster is in its fleet exactly once."""
    fragile.admin("POST", "clock", {"scale": 1000})
    operation = create(fragile, fleet={"project": PROJECT})
    assert clusters(fragile).get(name=NAME).execute()["status"] == "PROVISIONING"

    fragile.kill()
    fragile.start()
    ended = wait_container(client(fragile.url, "container", "v1"), operation)

    assert "error" not in ended
    assert clusters(fragile).get(name=NAME).execute()["status"] == "RUNNING"
    hub = client(fragile.url, "gkehub", "v1").projects().locations().memberships()
    members = hub.list(parent=f"projects/{PROJECT}/locations/-").execute()["resources"]
    assert [member["name"].rpartition("/")[2] for member in members] == ["c"]


def test_a_cluster_whose_creation_failed_stays_in_error(fragile: Sandbox) -> None:
    """As with GKE: it is there, says why, and can be deleted and made again."""
    fragile.fault("POST", "/clusters$", "operation-error")
    gke = client(fragile.url, "container", "v1")

    ended = wait_container(gke, create(fragile))

    assert ended["error"]["message"]
    failed = clusters(fragile).get(name=NAME).execute()
    assert (failed["status"], bool(failed["statusMessage"])) == ("ERROR", True)
    wait_container(gke, clusters(fragile).delete(name=NAME).execute())
    assert "error" not in wait_container(gke, create(fragile))
    assert clusters(fragile).get(name=NAME).execute()["status"] == "RUNNING"


def test_operations_on_one_cluster_exclude_each_other(fragile: Sandbox) -> None:
    """A second change is refused, with the reason that clients retry on; pools go in parallel."""
    gke = client(fragile.url, "container", "v1")
    wait_container(gke, create(fragile))
    fragile.admin("POST", "clock", {"scale": 1000})
    pools = clusters(fragile).nodePools()
    started = [
        pools.create(parent=NAME, body={"nodePool": {"name": name}}).execute()
        for name in ("one", "two")
    ]

    with pytest.raises(HttpError) as raised:
        clusters(fragile).delete(name=NAME).execute()
    shown = clusters(fragile).get(name=NAME).execute()

    assert "Cluster is running incompatible operation" in refusal(raised.value)
    assert "CLUSTER_ALREADY_HAS_OPERATION" in str(raised.value.error_details)
    statuses = {pool["name"]: pool["status"] for pool in shown["nodePools"]}
    assert statuses == {"default-pool": "RUNNING", "one": "PROVISIONING", "two": "PROVISIONING"}
    fragile.admin("POST", "clock", {"scale": 0})
    for operation in started:
        wait_container(gke, operation)
    wait_container(gke, clusters(fragile).delete(name=NAME).execute())
    assert not [name for name in fragile.inventory() if "/clusters/" in name]


def test_a_failed_change_leaves_the_pool_as_it_was(fragile: Sandbox) -> None:
    """The size is the old one again, in the API as in its instance groups."""
    gke = client(fragile.url, "container", "v1")
    wait_container(gke, create(fragile))
    fragile.fault("POST", ":setSize$", "operation-error")
    pools, name = clusters(fragile).nodePools(), f"{NAME}/nodePools/default-pool"

    ended = wait_container(gke, pools.setSize(name=name, body={"nodeCount": 5}).execute())

    assert ended["error"]["message"]
    assert clusters(fragile).get(name=NAME).execute()["currentNodeCount"] == 3
    compute = client(fragile.url, "compute", "v1")
    groups = compute.instanceGroupManagers().list(project=PROJECT, zone="europe-west4-a").execute()
    assert [group["targetSize"] for group in groups["items"]] == [1]
