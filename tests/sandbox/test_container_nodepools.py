"""Node pools as google-api-python-client sees them."""

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from meshwright_sandbox.services.gke import versions
from tests.sandbox.platform import (
    PARENT,
    PROJECT,
    REGION,
    prepare,
    refusal,
    standard_cluster,
    wait_container,
)
from tests.sandbox.server import Sandbox, client

CLUSTER = f"{PARENT}/clusters/c"


@pytest.fixture(scope="module")
def account(sandbox: Sandbox) -> str:
    """A node service account, with the network beside it."""
    return prepare(sandbox)


@pytest.fixture(scope="module")
def gke(sandbox: Sandbox, account: str) -> Any:
    """The container client with a running cluster `c` that has no pool."""
    gke = client(sandbox.url, "container", "v1beta1")
    clusters = gke.projects().locations().clusters()
    wait_container(gke, clusters.create(parent=PARENT, body=standard_cluster("c")).execute())
    name = f"{CLUSTER}/nodePools/default-pool"
    wait_container(gke, clusters.nodePools().delete(name=name).execute())
    return gke


@pytest.fixture
def pools(gke: Any, account: str) -> Iterator[Any]:
    """The pools collection, with one pool `main` of one node in each zone."""
    pools = gke.projects().locations().clusters().nodePools()
    pool = {"name": "main", "initialNodeCount": 1, "config": {"serviceAccount": account}}
    wait_container(gke, pools.create(parent=CLUSTER, body={"nodePool": pool}).execute())
    yield pools
    wait_container(gke, pools.delete(name=f"{CLUSTER}/nodePools/main").execute())


def read(pools: Any) -> dict[str, Any]:
    """The pool `main`."""
    return pools.get(name=f"{CLUSTER}/nodePools/main").execute()


def test_a_pool_shows_what_google_fills_in(pools: Any, account: str) -> None:
    """Version, management, network and service account are those of a real pool."""
    pool = read(pools)
    assert pool["status"] == "RUNNING"
    assert pool["config"]["serviceAccount"] == account
    assert pool["config"]["imageType"] == "COS_CONTAINERD"
    assert pool["management"] == {"autoRepair": True, "autoUpgrade": True}
    assert pool["networkConfig"]["podRange"] == "pods"
    assert len(pool["instanceGroupUrls"]) == 3
    assert pool == read(pools)


def test_a_pool_is_part_of_its_cluster(gke: Any, pools: Any) -> None:
    """The cluster lists its pools and counts their nodes."""
    cluster = gke.projects().locations().clusters().get(name=CLUSTER).execute()
    assert [p["name"] for p in cluster["nodePools"]] == ["main"]
    assert cluster["currentNodeCount"] == 3
    listed = pools.list(parent=CLUSTER).execute()
    assert listed["nodePools"] == cluster["nodePools"]


def test_size_changes_the_instance_groups(gke: Any, pools: Any, compute: Any) -> None:
    """setSize counts nodes per zone, as the instance groups do."""
    body = {"nodeCount": 2}
    wait_container(gke, pools.setSize(name=f"{CLUSTER}/nodePools/main", body=body).execute())
    groups = compute.instanceGroupManagers().list(project=PROJECT, zone=f"{REGION}-b").execute()
    assert [g["targetSize"] for g in groups["items"]] == [2]
    with pytest.raises(HttpError, match="Cannot find field"):
        pools.setSize(name=f"{CLUSTER}/nodePools/main", body={"size": 3}).execute()
    for count in (-1, 1001):
        with pytest.raises(HttpError, match="has 0 to 1000 nodes in each zone"):
            pools.setSize(name=f"{CLUSTER}/nodePools/main", body={"nodeCount": count}).execute()


def test_autoscaling_and_management_are_set(gke: Any, pools: Any) -> None:
    """Both set... methods show in the next read."""
    name = f"{CLUSTER}/nodePools/main"
    scaling = {"enabled": True, "minNodeCount": 1, "maxNodeCount": 4}
    body = {"autoscaling": scaling}
    wait_container(gke, pools.setAutoscaling(name=name, body=body).execute())
    body = {"management": {"autoUpgrade": True}}
    wait_container(gke, pools.setManagement(name=name, body=body).execute())
    alone = {"management": {"autoRepair": True}}
    with pytest.raises(HttpError, match="Auto_upgrade must be true when release_channel REGULAR"):
        pools.setManagement(name=name, body=alone).execute()

    pool = read(pools)

    assert pool["autoscaling"] == scaling
    assert pool["management"] == body["management"]
    body = {"autoscaling": {"enabled": True, "minNodeCount": 5, "maxNodeCount": 4}}
    with pytest.raises(HttpError, match="greater than max_node_count"):
        pools.setAutoscaling(name=name, body=body).execute()


def test_a_cluster_update_may_name_a_pool(gke: Any, pools: Any) -> None:
    """Terraform's provider changes a pool's autoscaling through its cluster."""
    clusters = gke.projects().locations().clusters()
    scaling = {"enabled": True, "minNodeCount": 1, "maxNodeCount": 7}
    update = {"desiredNodePoolAutoscaling": scaling, "desiredNodePoolId": "main"}
    wait_container(gke, clusters.update(name=CLUSTER, body={"update": update}).execute())
    assert read(pools)["autoscaling"] == scaling
    absent = update | {"desiredNodePoolId": "absent"}
    with pytest.raises(HttpError, match="nodePools/absent"):
        clusters.update(name=CLUSTER, body={"update": absent}).execute()


def test_nodes_are_never_newer_than_their_control_plane(gke: Any, pools: Any) -> None:
    """And a cluster shows the oldest version of its pools."""
    clusters = gke.projects().locations().clusters()
    name, main = f"{PARENT}/clusters/v", f"{PARENT}/clusters/v/nodePools/default-pool"
    none = {"channel": "UNSPECIFIED"}
    cluster = standard_cluster("v", initialClusterVersion="1.34", releaseChannel=none)
    wait_container(gke, clusters.create(parent=PARENT, body=cluster).execute())
    old = clusters.get(name=name).execute()["currentMasterVersion"]
    newer = f'"{versions.DEFAULT}" cannot be greater than current master version "{old}"'
    with pytest.raises(HttpError, match=newer):
        pools.update(name=main, body={"nodeVersion": versions.DEFAULT}).execute()
    pool = {"name": "p", "version": versions.DEFAULT}
    with pytest.raises(HttpError, match=newer):
        pools.create(parent=name, body={"nodePool": pool}).execute()
    with pytest.raises(HttpError, match="more than one minor version at a time"):
        clusters.updateMaster(name=name, body={"masterVersion": "1.36"}).execute()

    started = clusters.updateMaster(name=name, body={"masterVersion": "1.35"}).execute()

    assert started["operationType"] == "UPGRADE_MASTER"
    wait_container(gke, started)
    shown = clusters.get(name=name).execute()
    assert shown["currentMasterVersion"].startswith("1.35.")
    assert shown["currentNodeVersion"] == old
    wait_container(gke, pools.update(name=main, body={"nodeVersion": "latest"}).execute())
    shown = clusters.get(name=name).execute()
    assert shown["currentNodeVersion"] == shown["currentMasterVersion"]
    update = {"desiredMasterVersion": "1.34"}
    with pytest.raises(HttpError, match="not newer than the current version"):
        clusters.update(name=name, body={"update": update}).execute()
    pool = {"name": "second", "initialNodeCount": 1}
    wait_container(gke, pools.create(parent=name, body={"nodePool": pool}).execute())
    with pytest.raises(HttpError, match="Node pool id must be specified"):
        clusters.update(name=name, body={"update": {"desiredNodeVersion": "-"}}).execute()
    wait_container(gke, clusters.delete(name=name).execute())


def test_an_update_changes_the_nodes_configuration(gke: Any, pools: Any) -> None:
    """Labels, taints, tags and machine type come wrapped in messages of their own."""
    body = {
        "labels": {"labels": {"tier": "mesh"}},
        "taints": {"taints": [{"key": "only", "value": "mesh", "effect": "NO_SCHEDULE"}]},
        "tags": {"tags": ["mesh"]},
        "machineType": "e2-standard-8",
        "upgradeSettings": {"maxSurge": 2},
    }
    wait_container(gke, pools.update(name=f"{CLUSTER}/nodePools/main", body=body).execute())

    pool = read(pools)

    assert pool["config"]["labels"] == {"tier": "mesh"}
    assert pool["config"]["taints"][0]["effect"] == "NO_SCHEDULE"
    assert pool["config"]["tags"] == ["mesh"]
    assert pool["config"]["machineType"] == "e2-standard-8"
    assert pool["upgradeSettings"] == {"maxSurge": 2}
    with pytest.raises(HttpError, match="At least one field"):
        pools.update(name=f"{CLUSTER}/nodePools/main", body={}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        pools.update(name=f"{CLUSTER}/nodePools/main", body={"machine": "x"}).execute()


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "name of 41 characters": ({"name": "p" * 41}, "up to 39 lowercase letters"),
    "absent account": (
        {"config": {"serviceAccount": f"gone@{PROJECT}.iam.gserviceaccount.com"}},
        "does not have access to service account",
    ),
    "zone elsewhere": ({"locations": ["us-east1-b"]}, "is not a zone of the region"),
    "upgrades of its own": (
        {"management": {"autoRepair": True}},
        "Auto_upgrade must be true when release_channel REGULAR is set",
    ),
    "bounds that contradict": (
        {"autoscaling": {"enabled": True, "minNodeCount": 3, "maxNodeCount": 1}},
        "greater than max_node_count",
    ),
}


@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_a_wrong_pool_is_refused(gke: Any, sandbox: Sandbox, case: str) -> None:
    """A refused pool leaves nothing behind."""
    fields, text = REFUSED[case]
    pools = gke.projects().locations().clusters().nodePools()
    with pytest.raises(HttpError) as raised:
        pools.create(parent=CLUSTER, body={"nodePool": {"name": "p"} | fields}).execute()
    assert raised.value.status_code == 400
    assert text in refusal(raised.value)
    assert not [name for name in sandbox.inventory() if "/nodePools/" in name]


def test_pools_need_their_cluster_and_a_free_name(gke: Any, pools: Any) -> None:
    """404 for an absent cluster, 409 for a second pool of the same name, 400 for a wrong field."""
    body = {"nodePool": {"name": "main"}}
    with pytest.raises(HttpError, match="Not found"):
        pools.create(parent=f"{PARENT}/clusters/absent", body=body).execute()
    with pytest.raises(HttpError) as raised:
        pools.create(parent=CLUSTER, body=body).execute()
    assert raised.value.status_code == 409
    with pytest.raises(HttpError, match="Cannot find field"):
        pools.create(parent=CLUSTER, body={"nodePool": {"name": "q", "size": 1}}).execute()


def test_usable_subnetworks_say_what_uses_their_ranges(gke: Any, project: str) -> None:
    """`gcloud container subnets list-usable`, also from a project that shares the network."""
    usable = gke.projects().aggregated().usableSubnetworks()
    sought = {"parent": f"projects/{project}", "filter": f"networkProjectId={PROJECT}"}

    listed = usable.list(parent=f"projects/{PROJECT}").execute()["subnetworks"]

    assert usable.list(**sought).execute()["subnetworks"] == listed
    (sub,) = [each for each in listed if each["subnetwork"].endswith("/subnetworks/sub")]
    assert sub["network"] == f"projects/{PROJECT}/global/networks/net"
    assert {each["rangeName"]: each["status"] for each in sub["secondaryIpRanges"]} == {
        "pods": "IN_USE_SHAREABLE_POD",
        "services": "IN_USE_SERVICE",
    }
    with pytest.raises(HttpError, match="networkProjectId="):
        usable.list(parent=f"projects/{PROJECT}", filter="name=sub").execute()


def test_a_pool_is_rolled_back_to_what_it_is(pools: Any, gke: Any) -> None:
    """Upgrades end well here, and then GKE has nothing to roll back either."""
    before = read(pools)

    operation = pools.rollback(name=f"{CLUSTER}/nodePools/main", body={"respectPdb": True})
    assert "error" not in wait_container(gke, operation.execute())

    assert read(pools)["version"] == before["version"]
    with pytest.raises(HttpError) as missing:
        pools.rollback(name=f"{CLUSTER}/nodePools/none", body={}).execute()
    assert missing.value.status_code == 404


@pytest.mark.parametrize(
    ("pools", "text"),
    [
        ([{"initialNodeCount": 1}], "Node pool names must start with"),
        ([{"name": "main", "initialNodeCount": 1001}], "has 0 to 1000 nodes in each zone"),
        ([{"name": "main", "initialNodeCount": 1}] * 2, '"main" is used more than once'),
    ],
)
def test_pools_of_a_new_cluster_have_names_of_their_own_and_a_size_that_can_be(
    gke: Any, pools: list[dict[str, Any]], text: str
) -> None:
    body = standard_cluster("d")
    del body["cluster"]["initialNodeCount"]
    body["cluster"]["nodePools"] = pools

    with pytest.raises(HttpError) as refused:
        gke.projects().locations().clusters().create(parent=PARENT, body=body).execute()

    assert text in refusal(refused.value)
