"""GkeCluster: hardening by default, Autopilot and Standard, the fleet, and what it refuses."""

import json

import pulumi
import pytest
from pulumi_gcp.container.outputs import ClusterFleet

from meshwright import ArgumentError, GkeCluster, GkeClusterArgs
from meshwright.cluster import _membership
from tests.unit.recording import PROJECT_NUMBER, component_test, record


def _args(**more: object) -> GkeClusterArgs:
    base = {"project": "p1", "location": "europe-west1", "network": "net", "subnetwork": "sub"}
    return {**base, **more}  # type: ignore[typeddict-item]


def _key(location: str = "europe-west1") -> str:
    return f"projects/p1/locations/{location}/keyRings/r/cryptoKeys/k"


def _pool(**settings: object) -> dict[str, object]:
    return {"node_pools": [{"name": "a", **settings}]}


@component_test
def test_a_default_cluster_is_hardened():
    """Without a word about security a Standard cluster passes the rules GKE-01 to GKE-20."""
    recorder = record()

    cluster = GkeCluster("main", _args())

    def check(_):
        given = recorder.one("Cluster").inputs
        assert given["privateClusterConfig"] == {
            "enablePrivateNodes": True,
            "enablePrivateEndpoint": True,
        }
        assert given["masterAuthorizedNetworksConfig"]["cidrBlocks"] == []
        assert given["workloadIdentityConfig"] == {"workloadPool": "p1.svc.id.goog"}
        assert given["datapathProvider"] == "ADVANCED_DATAPATH"
        assert given["enableShieldedNodes"] is True
        assert given["enableIntranodeVisibility"] is True
        assert given["releaseChannel"] == {"channel": "REGULAR"}
        assert given["masterAuth"]["clientCertificateConfig"]["issueClientCertificate"] is False
        assert given["securityPostureConfig"]["mode"] == "BASIC"
        assert given["anonymousAuthenticationConfig"] == {"mode": "LIMITED"}
        assert given["rbacBindingConfig"] == {
            "enableInsecureBindingSystemAuthenticated": False,
            "enableInsecureBindingSystemUnauthenticated": False,
        }
        assert given["resourceLabels"]
        assert given["nodeConfig"]["metadata"] == {"disable-legacy-endpoints": "true"}
        assert given["binaryAuthorization"]["evaluationMode"] == "PROJECT_SINGLETON_POLICY_ENFORCE"
        assert "WORKLOADS" in given["loggingConfig"]["enableComponents"]
        assert given["monitoringConfig"]["managedPrometheus"]["enabled"] is True
        assert given["deletionProtection"] is True
        assert given["removeDefaultNodePool"] is True
        assert recorder.one("Cluster").ignore_changes == ["nodeConfig"]

    return cluster.endpoint, check


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
def test_node_pools_are_separate_and_hardened():
    """Every pool runs as the least-privileged account, with shielded nodes and GKE metadata."""
    recorder = record()
    pools = [{"name": "general"}, {"name": "big", "min_nodes": 2, "max_nodes": 6, "spot": True}]

    cluster = GkeCluster("main", _args(node_pools=pools))

    def check(_):
        assert len(recorder.of_type("NodePool")) == 2
        for pool in recorder.of_type("NodePool"):
            config = pool.inputs["nodeConfig"]
            assert config["serviceAccount"] == "main-nodes@p1.iam.gserviceaccount.com"
            assert config["imageType"] == "COS_CONTAINERD"
            assert config["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
            assert config["metadata"] == {"disable-legacy-endpoints": "true"}
            assert config["shieldedInstanceConfig"] == {
                "enableSecureBoot": True,
                "enableIntegrityMonitoring": True,
            }
            assert pool.inputs["management"] == {"autoRepair": True, "autoUpgrade": True}
            assert pool.inputs["networkConfig"] == {"enablePrivateNodes": True}
        big = recorder.one("NodePool", "main-pool-big").inputs
        assert big["autoscaling"]["totalMinNodeCount"] == 2
        assert big["autoscaling"]["totalMaxNodeCount"] == 6
        assert big["nodeConfig"]["spot"] is True

    return cluster.endpoint, check


@component_test
def test_the_node_account_has_one_role_and_those_asked_for():
    """Least privilege, and nodes start only once the account may do its work."""
    recorder = record()

    cluster = GkeCluster("main", _args(node_roles=["roles/artifactregistry.reader"]))

    def check(_):
        roles = {member.inputs["role"] for member in recorder.of_type("IAMMember")}
        assert roles == {
            "roles/container.defaultNodeServiceAccount",
            "roles/artifactregistry.reader",
        }
        waits = recorder.one("NodePool").depends_on
        assert {member.name for member in recorder.of_type("IAMMember")} <= waits

    return cluster.endpoint, check


@component_test
def test_autopilot_leaves_out_what_google_settles():
    """GKE refuses these settings on Autopilot."""
    recorder = record()

    cluster = GkeCluster("auto", _args(autopilot=True))

    def check(_):
        given = recorder.one("Cluster").inputs
        assert given["enableAutopilot"] is True
        refused = {
            "datapathProvider",
            "enableIntranodeVisibility",
            "enableShieldedNodes",
            "initialNodeCount",
            "nodeConfig",
            "removeDefaultNodePool",
            "workloadIdentityConfig",
        }
        assert not refused & set(given)
        defaults = given["clusterAutoscaling"]["autoProvisioningDefaults"]
        assert defaults == {"serviceAccount": "auto-nodes@p1.iam.gserviceaccount.com"}
        assert given["privateClusterConfig"]["enablePrivateNodes"] is True
        assert recorder.of_type("NodePool") == []
        assert recorder.one("Cluster").ignore_changes == []

    return cluster.endpoint, check


@component_test
def test_a_cluster_is_born_into_its_fleet():
    """The membership comes from the cluster, and the label names the fleet."""
    recorder = record()

    cluster = GkeCluster("main", _args(fleet_project="fleet-p", labels={"team": "shop"}))

    def check(values):
        given = recorder.one("Cluster").inputs
        assert given["fleet"] == {"project": "fleet-p"}
        assert given["resourceLabels"] == {
            "managed-by": "meshwright",
            "team": "shop",
            "mesh_id": f"proj-{PROJECT_NUMBER}",
        }
        assert values == ["main", "europe-west1"]
        assert recorder.of_type("Service") == []

    return pulumi.Output.all(cluster.membership, cluster.membership_location), check


@component_test
def test_a_cluster_without_a_fleet_has_no_membership():
    """The outputs say so by being empty, and the APIs are enabled here."""
    recorder = record()

    cluster = GkeCluster("main", _args())

    def check(values):
        assert values == ["", ""]
        apis = {api.inputs["service"] for api in recorder.of_type("Service")}
        assert {"container.googleapis.com", "binaryauthorization.googleapis.com"} <= apis
        assert {api.name for api in recorder.of_type("Service")} <= (
            recorder.one("Cluster").depends_on
        )

    return pulumi.Output.all(cluster.membership, cluster.membership_location), check


def test_the_membership_can_be_told_before_google_does():
    """What the API fills in later follows from the cluster: its name and its region."""
    fleet = ClusterFleet(project="fleet-p")

    assert _membership(fleet, "dev-main", "europe-west1") == ("dev-main", "europe-west1")
    assert _membership(None, "dev-main", "europe-west1") == ("", "")


@component_test
def test_authorized_networks_open_the_public_endpoint_to_them_alone():
    """Naming ranges is what makes the endpoint public."""
    recorder = record()
    networks = [{"cidr": "203.0.113.0/24", "display_name": "office"}]

    cluster = GkeCluster("main", _args(authorized_networks=networks, dns_endpoint=False))

    def check(_):
        given = recorder.one("Cluster").inputs
        assert given["privateClusterConfig"]["enablePrivateEndpoint"] is False
        assert given["masterAuthorizedNetworksConfig"]["cidrBlocks"] == [
            {"cidrBlock": "203.0.113.0/24", "displayName": "office"}
        ]
        dns = given["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]
        assert dns["allowExternalTraffic"] is False

    return cluster.endpoint, check


@component_test
def test_keys_groups_and_versions_are_passed_on():
    """The optional settings reach the API under its names."""
    recorder = record()

    cluster = GkeCluster(
        "main",
        _args(
            secrets_kms_key="projects/p1/locations/europe-west1/keyRings/r/cryptoKeys/k",
            security_group="gke-security-groups@example.com",
            release_channel="UNSPECIFIED",
            version="1.33",
            control_plane_cidr="172.16.0.0/28",
        ),
    )

    def check(_):
        given = recorder.one("Cluster").inputs
        assert given["databaseEncryption"]["state"] == "ENCRYPTED"
        assert given["authenticatorGroupsConfig"] == {
            "securityGroup": "gke-security-groups@example.com"
        }
        assert given["minMasterVersion"] == "1.33"
        assert given["privateClusterConfig"]["masterIpv4CidrBlock"] == "172.16.0.0/28"

    return cluster.endpoint, check


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


@component_test
def test_the_kubeconfig_is_secret_and_signs_in_by_plugin():
    """It names the endpoint and the CA, and holds no credentials."""
    record()

    cluster = GkeCluster("main", _args(prefix="dev"))

    async def secret() -> bool:
        return await cluster.kubeconfig.is_secret()

    def check(values):
        text, is_secret = values
        assert is_secret
        config = json.loads(text)
        assert config["current-context"] == "gke_p1_europe-west1_dev-main"
        assert config["clusters"][0]["cluster"] == {
            "server": "https://198.51.100.7",
            "certificate-authority-data": "Q0E=",
        }
        user = config["users"][0]["user"]
        assert list(user) == ["exec"]
        assert user["exec"]["command"] == "gke-gcloud-auth-plugin"

    return pulumi.Output.all(cluster.kubeconfig, secret()), check


@component_test
def test_whoever_reads_the_endpoint_waits_for_the_nodes():
    """Workloads need nodes; the membership does not."""
    recorder = record()
    cluster = GkeCluster("main", _args(fleet_project="p1"))

    inside = pulumi.CustomResource("test:index:Inside", "inside", {"x": cluster.kubeconfig})
    beside = pulumi.CustomResource("test:index:Beside", "beside", {"x": cluster.membership})

    def check(_):
        assert "main-pool-default" in recorder.one("Inside").depends_on
        assert "main-pool-default" not in recorder.one("Beside").depends_on

    return pulumi.Output.all(inside.urn, beside.urn), check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"autopilot": True, "node_pools": []}, "node_pools", "leave node_pools out"),
        ({"autopilot": True, "location": "europe-west1-b"}, "location", "region"),
        ({"release_channel": "REGULR"}, "release_channel", "did you mean 'REGULAR'"),
        ({"version": "1.33"}, "version", "leave one of the two out"),
        (
            {"authorized_networks": [{"cidr": "0.0.0.0/0"}]},
            "authorized_networks[0].cidr",
            "to all",
        ),
        ({"node_pools": [{"name": "a"}, {"name": "a"}]}, "node_pools", "'a'"),
        (
            {"node_pools": [{"name": "a", "min_nodes": 4, "max_nodes": 3}]},
            "node_pools[0].min_nodes",
            "more than max_nodes",
        ),
        ({"node_pool": []}, "node_pool", "did you mean `node_pools`"),
        ({"prefix": "p" * 40}, "name", "1 to 40"),
        ({"prefix": "platform-europe-production"}, "name", "6 to 30"),
        ({"node_service_account": "a@b", "node_roles": ["r"]}, "node_roles", "own account"),
        ({"node_roles": ["r", "r"]}, "node_roles", "twice"),
        ({"location": "europe"}, "location", "neither a region nor a zone"),
        ({"gateway_api_channel": "STANDARD"}, "gateway_api_channel", "CHANNEL_STANDARD"),
        (
            {"authorized_networks": [{"cidr": "203.0.113.1/24"}]},
            "authorized_networks[0].cidr",
            "host bits",
        ),
        ({"control_plane_cidr": "172.16.0.0/27"}, "control_plane_cidr", "/28"),
        ({"control_plane_cidr": "172.16.0.0"}, "control_plane_cidr", "/28"),
        ({"security_group": "admins@example.com"}, "security_group", "gke-security-groups@"),
        ({"secrets_kms_key": "k"}, "secrets_kms_key", "must have the form"),
        ({"boot_disk_kms_key": _key("us-east1")}, "boot_disk_kms_key", "'europe-west1'"),
        (
            {"secrets_kms_key": _key(), "secrets_encryption": False},
            "secrets_encryption",
            "leave one out",
        ),
        (_pool(boot_disk_kms_key="k"), "node_pools[0].boot_disk_kms_key", "must have the form"),
        (_pool(zones=[]), "node_pools[0].zones", "empty"),
        (_pool(zones=["europe-west4-a"]), "node_pools[0].zones[0]", "europe-west1"),
        (_pool(zones=["europe-west1-b", "europe-west1-b"]), "node_pools[0].zones", "twice"),
        (_pool(min_nodes=-1), "node_pools[0].min_nodes", "negative"),
        (_pool(max_nodes=0), "node_pools[0].max_nodes", "at least 1"),
        (_pool(disk_size_gb=5), "node_pools[0].disk_size_gb", "too small"),
        (
            _pool(taints=[{"key": "a", "value": "b", "effect": "NoSchedule"}]),
            "node_pools[0].taints[0].effect",
            "NO_SCHEDULE",
        ),
    ],
)
def test_what_gke_would_refuse_is_refused_at_once(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        GkeCluster("main", _args(**change))

    assert says in dict(raised.value.problems)[path]
