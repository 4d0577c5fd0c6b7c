"""Clusters whose Secrets and disks have keys of the customer's: GKE checks them first."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.platform import (
    NUMBER,
    PARENT,
    standard_cluster,
    wait_container,
)
from tests.sandbox.server import Sandbox, client

ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
KEY = f"{PARENT}/keyRings/r/cryptoKeys/k"


pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
def gke(google: GoogleClients) -> Any:
    return google("container", "v1beta1")


@pytest.fixture(scope="module")
def made_keys(sandbox: Sandbox, network: None) -> Any:
    """The keys of one ring; `k` is in the cluster's region."""
    rings = client(sandbox.url, "cloudkms", "v1").projects().locations().keyRings()
    ring = rings.create(parent=PARENT, keyRingId="r", body={}).execute()["name"]
    body = {"purpose": "ENCRYPT_DECRYPT"}
    rings.cryptoKeys().create(parent=ring, cryptoKeyId="k", body=body).execute()
    return rings.cryptoKeys()


@pytest.fixture
def keys(made_keys: Any) -> Any:
    """The same, and nobody may use `k`."""
    allow(made_keys)
    return made_keys


def allow(keys: Any, *apis: str) -> None:
    """Let the agents of some services use the key, and nobody else."""
    domains = {"container": "container-engine-robot", "compute": "compute-system"}
    members = [
        f"serviceAccount:service-{NUMBER}@{domains[api]}.iam.gserviceaccount.com" for api in apis
    ]
    policy = {"bindings": [{"role": ROLE, "members": members}]}
    keys.setIamPolicy(resource=KEY, body={"policy": policy}).execute()


def encrypted(key: str = KEY, **more: Any) -> dict[str, Any]:
    return standard_cluster("c", databaseEncryption={"state": "ENCRYPTED", "keyName": key}, **more)


def create(gke: Any, body: dict[str, Any]) -> dict[str, Any]:
    clusters = gke.projects().locations().clusters()
    wait_container(gke, clusters.create(parent=PARENT, body=body).execute())
    return clusters.get(name=f"{PARENT}/clusters/c").execute()


def delete(gke: Any) -> None:
    clusters = gke.projects().locations().clusters()
    wait_container(gke, clusters.delete(name=f"{PARENT}/clusters/c").execute())


def test_secrets_take_a_key_that_gke_may_use(gke: Any, keys: Any) -> None:
    with pytest.raises(HttpError, match="Permission denied on Cloud KMS key"):
        create(gke, encrypted())
    allow(keys, "container")

    cluster = create(gke, encrypted())

    assert cluster["databaseEncryption"] == {
        "state": "ENCRYPTED",
        "keyName": KEY,
        "currentState": "CURRENT_STATE_ENCRYPTED",
    }
    delete(gke)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (KEY.replace("/k", "/absent", 1), "does not exist"),
        (KEY.replace("cryptoKeys/k", "cryptoKeys/other"), "does not exist"),
        ("", "needs a key"),
    ],
)
def test_a_key_that_is_not_there_is_refused(gke: Any, keys: Any, key: str, says: str) -> None:
    with pytest.raises(HttpError, match=says):
        create(gke, encrypted(key))


def test_encryption_is_turned_on_later_with_a_key_that_works(gke: Any, keys: Any) -> None:
    create(gke, standard_cluster("c"))
    clusters = gke.projects().locations().clusters()
    change = {"desiredDatabaseEncryption": {"state": "ENCRYPTED", "keyName": KEY}}
    request = {"name": f"{PARENT}/clusters/c", "body": {"update": change}}

    with pytest.raises(HttpError, match="Permission denied on Cloud KMS key"):
        clusters.update(**request).execute()
    allow(keys, "container")
    wait_container(gke, clusters.update(**request).execute())

    cluster = clusters.get(name=f"{PARENT}/clusters/c").execute()
    assert cluster["databaseEncryption"]["currentState"] == "CURRENT_STATE_ENCRYPTED"
    delete(gke)


def test_boot_disks_take_a_key_that_compute_engine_may_use(gke: Any, keys: Any) -> None:
    body = standard_cluster("c", nodeConfig={"bootDiskKmsKey": KEY})
    allow(keys, "container")
    with pytest.raises(HttpError, match="compute-system"):
        create(gke, body)
    allow(keys, "compute")

    cluster = create(gke, body)

    assert cluster["nodePools"][0]["config"]["bootDiskKmsKey"] == KEY
    delete(gke)


def test_who_may_be_given_rights_and_who_needs_no_name_can_be_limited(gke: Any) -> None:
    """Both settings are read back as they were sent, and change in place."""
    limits = {
        "anonymousAuthenticationConfig": {"mode": "LIMITED"},
        "rbacBindingConfig": {
            "enableInsecureBindingSystemAuthenticated": False,
            "enableInsecureBindingSystemUnauthenticated": False,
        },
    }
    cluster = create(gke, standard_cluster("c", **limits))
    assert {key: cluster[key] for key in limits} == limits

    clusters = gke.projects().locations().clusters()
    change = {"desiredAnonymousAuthenticationConfig": {"mode": "ENABLED"}}
    operation = clusters.update(name=f"{PARENT}/clusters/c", body={"update": change}).execute()
    wait_container(gke, operation)

    cluster = clusters.get(name=f"{PARENT}/clusters/c").execute()
    assert cluster["anonymousAuthenticationConfig"] == {"mode": "ENABLED"}
    delete(gke)
