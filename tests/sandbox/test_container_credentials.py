"""How clients come to a control plane, and its change, as google-api-python-client sees it."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.platform import PARENT, prepare, refusal, standard_cluster, wait_container
from tests.sandbox.server import Sandbox, client

CLUSTER = f"{PARENT}/clusters/c"


@pytest.fixture(scope="module")
def gke(sandbox: Sandbox) -> Any:
    """The container client, with a running cluster `c`."""
    prepare(sandbox)
    gke = client(sandbox.url, "container", "v1")
    clusters = gke.projects().locations().clusters()
    wait_container(gke, clusters.create(parent=PARENT, body=standard_cluster("c")).execute())
    return gke


def test_an_ip_rotation_is_started_and_completed(gke: Any) -> None:
    """Neither half is taken twice, and readers of the cluster see nothing of it afterwards."""
    clusters = gke.projects().locations().clusters()
    before = clusters.get(name=CLUSTER).execute()
    with pytest.raises(HttpError) as early:
        clusters.completeIpRotation(name=CLUSTER, body={}).execute()

    started = clusters.startIpRotation(name=CLUSTER, body={"rotateCredentials": True}).execute()
    assert "error" not in wait_container(gke, started)
    with pytest.raises(HttpError) as again:
        clusters.startIpRotation(name=CLUSTER, body={}).execute()
    completed = clusters.completeIpRotation(name=CLUSTER, body={}).execute()
    assert "error" not in wait_container(gke, completed)

    assert [early.value.status_code, again.value.status_code] == [400, 400]
    assert started["operationType"] == completed["operationType"] == "UPGRADE_MASTER"
    after = clusters.get(name=CLUSTER).execute()
    assert after | {"etag": before["etag"]} == before


def test_no_password_can_be_set(gke: Any) -> None:
    """GKE has had none since 1.19; to switch them off is no mistake."""
    clusters = gke.projects().locations().clusters()
    wrong = {"action": "SET_PASSWORD", "update": {"username": "admin", "password": "guess"}}
    with pytest.raises(HttpError) as refused:
        clusters.setMasterAuth(name=CLUSTER, body=wrong).execute()

    off = {"action": "SET_USERNAME", "update": {"username": ""}}
    operation = clusters.setMasterAuth(name=CLUSTER, body=off).execute()

    assert refused.value.status_code == 400
    assert "guess" not in refusal(refused.value)
    assert "error" not in wait_container(gke, operation)
