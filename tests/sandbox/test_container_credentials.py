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


def test_a_clusters_openid_document_leads_to_its_keys(gke: Any, sandbox: Sandbox) -> None:
    clusters = gke.projects().locations().clusters()
    document = clusters.well_known().getOpenid_configuration(parent=CLUSTER).execute()
    keys = clusters.getJwks(parent=CLUSTER).execute()["keys"]

    assert document["issuer"] == f"https://container.googleapis.com/v1/{CLUSTER}"
    linked = document["jwks_uri"].removeprefix(sandbox.url)
    assert sandbox.call("GET", linked) == (200, {"keys": keys})
    assert {(key["kty"], key["alg"], key["use"]) for key in keys} == {("RSA", "RS256", "sig")}


def test_keys_are_there_once_the_cluster_runs(gke: Any, sandbox: Sandbox) -> None:
    clusters = gke.projects().locations().clusters()
    with pytest.raises(HttpError, match="Not found"):
        clusters.getJwks(parent=f"{PARENT}/clusters/absent").execute()
    sandbox.fault("POST", "/clusters$", "operation-error")
    failing = clusters.create(parent=PARENT, body=standard_cluster("failed")).execute()
    wait_container(gke, failing)

    with pytest.raises(HttpError, match="are not known: it has not started") as early:
        clusters.getJwks(parent=f"{PARENT}/clusters/failed").execute()

    assert early.value.status_code == 400
    wait_container(gke, clusters.delete(name=f"{PARENT}/clusters/failed").execute())
