"""GkeCluster: hardening by default, Autopilot and Standard, the fleet, and what it refuses."""

import json

import pulumi
from pulumi_gcp.container.outputs import ClusterFleet

from meshwright import GkeCluster, GkeClusterArgs
from meshwright.cluster import _membership
from tests.unit.recording import PROJECT_NUMBER, component_test, record


def _args(**more: object) -> GkeClusterArgs:
    base = {"project": "p1", "location": "europe-west1", "network": "net", "subnetwork": "sub"}
    return {**base, **more}  # type: ignore[typeddict-item]


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
def test_each_role_of_the_node_account_is_granted_once_under_a_name_of_its_own():
    """A custom role may be called like one of Google's, and the account has one already."""
    recorder = record()
    own = "projects/p1/roles/artifactregistry.reader"
    roles = ["roles/artifactregistry.reader", own, "roles/container.defaultNodeServiceAccount"]

    cluster = GkeCluster("main", _args(node_roles=roles))

    def check(_):
        grants = [item for item in recorder.of_type("IAMMember") if "-nodes-" in item.name]
        assert sorted(item.inputs["role"] for item in grants) == sorted(roles)
        assert len({item.name for item in grants}) == len(roles)

    return cluster.node_service_account, check


@component_test
def test_labels_that_turn_out_to_be_null_are_none():
    """Such as those that another stack does not export."""
    recorder = record()

    cluster = GkeCluster("main", _args(labels=pulumi.Output.from_input(None)))

    def check(_):
        assert recorder.one("Cluster").inputs["resourceLabels"] == {"managed-by": "meshwright"}

    return cluster.cluster_name, check


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
