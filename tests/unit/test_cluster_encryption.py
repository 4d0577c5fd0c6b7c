"""GkeCluster: what its Secrets and its nodes' disks are encrypted with."""

import pulumi
import pytest

from meshwright import GkeCluster, GkeClusterArgs
from tests.unit.recording import component_test, record


def _args(**more: object) -> GkeClusterArgs:
    base = {"project": "p1", "location": "europe-west1", "network": "net", "subnetwork": "sub"}
    return {**base, **more}  # type: ignore[typeddict-item]


def _key(location: str = "europe-west1") -> str:
    return f"projects/p1/locations/{location}/keyRings/r/cryptoKeys/k"


@component_test
def test_secrets_are_encrypted_with_a_key_of_the_clusters_own():
    """It rotates, GKE may use it before the cluster is made, and its ring has a fresh name."""
    recorder = record()

    cluster = GkeCluster("main", _args(location="europe-west1-b"))

    def check(_):
        encryption = recorder.one("Cluster").inputs["databaseEncryption"]
        assert encryption == {"state": "ENCRYPTED", "keyName": "main-secrets-key-id"}
        ring = recorder.one("KeyRing").inputs
        assert ring == {"project": "p1", "location": "europe-west1"}
        assert recorder.one("CryptoKey").inputs["rotationPeriod"] == f"{90 * 24 * 3600}s"
        grant = recorder.one("CryptoKeyIAMMember")
        assert grant.inputs["cryptoKeyId"] == "main-secrets-key-id"
        assert grant.inputs["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
        assert recorder.one("ServiceIdentity").inputs["service"] == "container.googleapis.com"
        assert "main-gke-agent" in grant.depends_on
        assert grant.name in recorder.one("Cluster").depends_on

    return cluster.endpoint, check


@component_test
def test_keys_and_accounts_of_a_cluster_wait_for_the_fleet_that_enables_their_apis():
    """In a project beside the fleet's own, too."""
    recorder = record()
    fleet = pulumi.CustomResource("test:index:Fleet", "fleet", {})

    cluster = GkeCluster("main", _args(fleet_project=fleet.urn.apply(lambda _: "p2")))

    def check(_):
        for kind in ("KeyRing", "ServiceIdentity", "Account", "Cluster"):
            assert "fleet" in recorder.one(kind).depends_on
            assert recorder.one(kind).inputs.get("project") == "p1"

    return cluster.endpoint, check


@pytest.mark.parametrize(
    "change", [{"secrets_kms_key": _key()}, {"secrets_encryption": False}], ids=["own", "none"]
)
def test_no_key_is_made_where_one_is_given_or_none_is_wanted(change):
    """The caller's key is used as it is; without encryption nothing is said of keys."""
    recorder = record()

    @component_test
    def program():
        cluster = GkeCluster("main", _args(**change))

        def check(_):
            assert recorder.of_type("KeyRing") == []
            given = recorder.one("Cluster").inputs.get("databaseEncryption", {})
            assert given.get("keyName") == change.get("secrets_kms_key")

        return cluster.endpoint, check

    program()


@component_test
def test_boot_disks_take_the_clusters_key_unless_a_pool_has_its_own():
    """One argument encrypts every disk, the short-lived default pool's included."""
    recorder = record()
    own = _key().replace("keyRings/r", "keyRings/other")
    pools = [{"name": "a"}, {"name": "b", "boot_disk_kms_key": own}]

    cluster = GkeCluster("main", _args(boot_disk_kms_key=_key(), node_pools=pools))

    def check(_):
        def key(pool: str) -> str:
            return recorder.one("NodePool", pool).inputs["nodeConfig"]["bootDiskKmsKey"]

        assert recorder.one("Cluster").inputs["nodeConfig"]["bootDiskKmsKey"] == _key()
        assert [key("main-pool-a"), key("main-pool-b")] == [_key(), own]

    return cluster.endpoint, check


@component_test
def test_autopilot_encrypts_boot_disks_too():
    """Autopilot takes the key among the defaults of the nodes it makes."""
    recorder = record()

    cluster = GkeCluster("auto", _args(autopilot=True, boot_disk_kms_key=_key()))

    def check(_):
        defaults = recorder.one("Cluster").inputs["clusterAutoscaling"]["autoProvisioningDefaults"]
        assert defaults["bootDiskKmsKey"] == _key()

    return cluster.endpoint, check
