"""GKE as google-api-python-client sees it: clusters, node pools, and what they refuse."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.platform import (
    PARENT,
    PROJECT,
    REGION,
    autopilot_cluster,
    refusal,
    standard_cluster,
    wait_container,
)
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture(params=["v1", "v1beta1"])
def gke(google: GoogleClients, request: pytest.FixtureRequest) -> Any:
    """A container client of each version."""
    return google("container", request.param)


def clusters(gke: Any) -> Any:
    """The client's clusters collection."""
    return gke.projects().locations().clusters()


def create(gke: Any, body: dict[str, Any]) -> dict[str, Any]:
    """Create a cluster, wait, and read it."""
    operation = clusters(gke).create(parent=PARENT, body=body).execute()
    assert operation["operationType"] == "CREATE_CLUSTER"
    assert "error" not in wait_container(gke, operation)
    return clusters(gke).get(name=f"{PARENT}/clusters/{body['cluster']['name']}").execute()


def delete(gke: Any, name: str) -> None:
    """Delete a cluster and wait."""
    operation = clusters(gke).delete(name=f"{PARENT}/clusters/{name}").execute()
    assert "error" not in wait_container(gke, operation)


@pytest.fixture
def cluster(gke: Any) -> Iterator[dict[str, Any]]:
    """A running Standard cluster `c`."""
    yield create(gke, standard_cluster("c"))
    delete(gke, "c")


def test_a_standard_cluster_shows_what_google_fills_in(cluster: dict[str, Any]) -> None:
    """A new cluster is RUNNING and shows its network in short and full form, ranges and CA."""
    assert cluster["status"] == "RUNNING"
    assert (cluster["network"], cluster["subnetwork"]) == ("net", "sub")
    assert cluster["networkConfig"]["network"] == f"projects/{PROJECT}/global/networks/net"
    assert cluster["networkConfig"]["subnetwork"].endswith(f"regions/{REGION}/subnetworks/sub")
    policy = cluster["ipAllocationPolicy"]
    assert (policy["clusterIpv4CidrBlock"], policy["servicesIpv4CidrBlock"]) == (
        "10.4.0.0/14",
        "10.8.0.0/20",
    )
    assert cluster["clusterIpv4Cidr"] == "10.4.0.0/14"
    assert cluster["locations"] == [f"{REGION}-a", f"{REGION}-b", f"{REGION}-c"]
    assert cluster["currentMasterVersion"].startswith("1.")
    pem = base64.b64decode(cluster["masterAuth"]["clusterCaCertificate"])
    assert x509.load_pem_x509_certificate(pem)
    assert cluster["endpoint"]
    assert cluster["privateClusterConfig"]["publicEndpoint"] == cluster["endpoint"]
    assert cluster["networkConfig"]["defaultEnablePrivateNodes"] is True


def test_a_cluster_has_a_default_pool_with_instance_groups(
    cluster: dict[str, Any], compute: Any
) -> None:
    """`initialNodeCount` gives `default-pool`, whose groups the compute API shows."""
    (pool,) = cluster["nodePools"]
    assert pool["name"] == "default-pool"
    assert pool["config"]["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
    assert cluster["currentNodeCount"] == 3
    assert cluster["nodeConfig"] == pool["config"]
    zone = f"{REGION}-a"
    groups = compute.instanceGroupManagers().list(project=PROJECT, zone=zone).execute()["items"]
    assert [g["targetSize"] for g in groups] == [1]
    assert groups[0]["selfLink"] in pool["instanceGroupUrls"]


def test_an_autopilot_cluster_shows_what_google_fills_in(gke: Any) -> None:
    """Autopilot brings workload identity, its own ranges, Dataplane V2, and nodes of its own."""
    shown = create(gke, autopilot_cluster("ap"))

    assert shown["autopilot"] == {"enabled": True}
    assert shown["workloadIdentityConfig"] == {"workloadPool": f"{PROJECT}.svc.id.goog"}
    assert shown["networkConfig"]["datapathProvider"] == "ADVANCED_DATAPATH"
    assert shown["ipAllocationPolicy"]["servicesIpv4CidrBlock"] == "34.118.224.0/20"
    assert shown["releaseChannel"] == {"channel": "REGULAR"}
    assert shown["currentNodeCount"] == 2
    pools = clusters(gke).nodePools()
    with pytest.raises(HttpError, match="Autopilot node pools cannot be accessed or modified"):
        pools.delete(name=f"{PARENT}/clusters/ap/nodePools/default-pool").execute()
    delete(gke, "ap")


def test_reads_are_stable(gke: Any, cluster: dict[str, Any]) -> None:
    """Two reads of a cluster at rest are equal, or every preview would show a change."""
    again = clusters(gke).get(name=f"{PARENT}/clusters/c").execute()
    assert cluster == again


def test_clusters_are_listed_in_all_locations(gke: Any, cluster: dict[str, Any]) -> None:
    """`locations/-` lists every location's clusters."""
    listed = clusters(gke).list(parent=f"projects/{PROJECT}/locations/-").execute()
    assert [c["name"] for c in listed["clusters"]] == ["c"]


REFUSED = {
    "name of 41 characters": ({"name": "c" * 41}, 400, "up to 39 lowercase letters"),
    "upper-case name": ({"name": "Cluster"}, 400, "Cluster names must start with"),
    "absent network": ({"network": "nowhere"}, 404, 'does not have a network named "nowhere"'),
    "absent subnetwork": ({"subnetwork": "no"}, 404, 'does not have a subnetwork named "no"'),
    "absent range": (
        {"ipAllocationPolicy": {"clusterSecondaryRangeName": "none"}},
        400,
        'Secondary range "none" does not exist',
    ),
    "no nodes": ({"initialNodeCount": 0}, 400, "initial_node_count must be greater than zero"),
    "absent account": (
        {"nodeConfig": {"serviceAccount": f"gone@{PROJECT}.iam.gserviceaccount.com"}},
        400,
        "does not have access to service account",
    ),
    "foreign workload pool": (
        {"workloadIdentityConfig": {"workloadPool": "other.svc.id.goog"}},
        400,
        "Workload Identity pool",
    ),
    "control plane range of the wrong size": (
        {"privateClusterConfig": {"masterIpv4CidrBlock": "172.16.0.0/24"}},
        400,
        "must be a /28",
    ),
    "control plane range in the subnetwork": (
        {"privateClusterConfig": {"masterIpv4CidrBlock": "10.0.1.0/28"}},
        400,
        "overlaps with an existing network",
    ),
    "unserved version": (
        {"initialClusterVersion": "1.12"},
        400,
        'Master version "1.12" is unsupported',
    ),
    "version of another channel": ({"initialClusterVersion": "1.34"}, 400, '"REGULAR" channel'),
    "node location elsewhere": (
        {"locations": ["us-central1-a"]},
        400,
        "is not a zone of the region",
    ),
    "GKE metadata without workload identity": (
        {
            "workloadIdentityConfig": {},
            "nodeConfig": {"workloadMetadataConfig": {"mode": "GKE_METADATA"}},
        },
        400,
        "Workload Identity enabled",
    ),
}


@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_a_wrong_cluster_is_refused(gke: Any, sandbox: Sandbox, case: str) -> None:
    """What GKE refuses is refused with its status, and leaves nothing behind."""
    fields, status, text = REFUSED[case]
    with pytest.raises(HttpError) as raised:
        clusters(gke).create(
            parent=PARENT,
            body=standard_cluster("c") | {"cluster": standard_cluster("c")["cluster"] | fields},
        ).execute()
    assert raised.value.status_code == status
    assert text in refusal(raised.value)
    assert not [name for name in sandbox.inventory() if "/clusters/" in name]


def test_wrong_fields_are_refused(gke: Any) -> None:
    """Unknown fields, wrong types and unknown enum values are named, all at once."""
    body = standard_cluster("c", nodeCount=1, locations="x", initialNodeCount="many")
    body["cluster"]["releaseChannel"] = {"channel": "FAST"}
    with pytest.raises(HttpError) as raised:
        clusters(gke).create(parent=PARENT, body=body).execute()
    assert raised.value.status_code == 400
    for text in ('"nodeCount"', "cluster.initial_node_count", "cluster.release_channel.channel"):
        assert text in refusal(raised.value)


def test_an_unknown_location_is_refused(gke: Any) -> None:
    """A location must be a region or zone."""
    parent = f"projects/{PROJECT}/locations/europe-west99"
    with pytest.raises(HttpError, match="europe-west99"):
        clusters(gke).create(parent=parent, body=standard_cluster("c")).execute()


def test_a_second_cluster_of_the_same_name_is_refused(gke: Any, cluster: dict[str, Any]) -> None:
    """409, as for a create whose first answer was lost."""
    with pytest.raises(HttpError) as raised:
        clusters(gke).create(parent=PARENT, body=standard_cluster("c")).execute()
    assert raised.value.status_code == 409
    assert "Already exists" in refusal(raised.value)


def test_the_network_of_a_cluster_cannot_be_deleted(compute: Any, cluster: dict[str, Any]) -> None:
    """Network and subnetwork stay while a cluster uses them."""
    with pytest.raises(HttpError, match="already being used by"):
        compute.subnetworks().delete(project=PROJECT, region=REGION, subnetwork="sub").execute()
    with pytest.raises(HttpError, match="already being used by"):
        compute.networks().delete(project=PROJECT, network="net").execute()


UPDATES: list[tuple[dict[str, Any], str, Any]] = [
    (
        {"desiredGatewayApiConfig": {"channel": "CHANNEL_STANDARD"}},
        "networkConfig.gatewayApiConfig.channel",
        "CHANNEL_STANDARD",
    ),
    ({"desiredReleaseChannel": {"channel": "RAPID"}}, "releaseChannel.channel", "RAPID"),
    ({"desiredDefaultEnablePrivateNodes": False}, "privateClusterConfig.enablePrivateNodes", False),
    (
        {"desiredIntraNodeVisibilityConfig": {"enabled": True}},
        "networkConfig.enableIntraNodeVisibility",
        True,
    ),
    (
        {"desiredBinaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}},
        "binaryAuthorization.evaluationMode",
        "PROJECT_SINGLETON_POLICY_ENFORCE",
    ),
    (
        {"desiredAddonsConfig": {"dnsCacheConfig": {"enabled": True}}},
        "addonsConfig.dnsCacheConfig.enabled",
        True,
    ),
    ({"desiredShieldedNodes": {"enabled": False}}, "shieldedNodes.enabled", False),
    (
        {
            "desiredControlPlaneEndpointsConfig": {
                "ipEndpointsConfig": {
                    "authorizedNetworksConfig": {
                        "enabled": True,
                        "cidrBlocks": [{"cidrBlock": "192.0.2.0/24"}],
                    }
                }
            }
        },
        "masterAuthorizedNetworksConfig.enabled",
        True,
    ),
    ({"desiredLoggingService": "none"}, "loggingConfig.componentConfig", {}),
    ({"desiredLocations": [f"{REGION}-a"]}, "locations", [f"{REGION}-a"]),
    (
        {"desiredMonitoringConfig": {"managedPrometheusConfig": {"enabled": False}}},
        "monitoringConfig.managedPrometheusConfig.enabled",
        False,
    ),
]


@pytest.mark.parametrize(("change", "path", "value"), UPDATES, ids=[str(*u[0]) for u in UPDATES])
def test_an_update_is_read_back(
    google: GoogleClients, change: dict[str, Any], path: str, value: Any
) -> None:
    """Each `desired...` field shows where the real API shows it."""
    gke = google("container", "v1beta1")
    create(gke, standard_cluster("u"))
    name = f"{PARENT}/clusters/u"

    wait_container(gke, clusters(gke).update(name=name, body={"update": change}).execute())

    shown: Any = clusters(gke).get(name=name).execute()
    for part in path.split("."):
        shown = shown[part]
    assert shown == value
    delete(gke, "u")


def test_an_empty_or_wrong_update_is_refused(gke: Any, cluster: dict[str, Any]) -> None:
    """An update must ask for something that exists."""
    name = f"{PARENT}/clusters/c"
    with pytest.raises(HttpError, match="Must specify a field to update"):
        clusters(gke).update(name=name, body={"update": {}}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        clusters(gke).update(name=name, body={"update": {"desiredColour": "red"}}).execute()
    pool = {"update": {"desiredWorkloadIdentityConfig": {"workloadPool": "x.svc.id.goog"}}}
    with pytest.raises(HttpError, match="is invalid"):
        clusters(gke).update(name=name, body=pool).execute()
    absent = {"update": {"desiredShieldedNodes": {}}}
    with pytest.raises(HttpError, match="Not found"):
        clusters(gke).update(name=f"{PARENT}/clusters/absent", body=absent).execute()


def test_labels_need_the_current_fingerprint(gke: Any, cluster: dict[str, Any]) -> None:
    """setResourceLabels replaces the labels, unless somebody else wrote in between."""
    name = f"{PARENT}/clusters/c"
    body = {"resourceLabels": {"team": "mesh"}, "labelFingerprint": cluster["labelFingerprint"]}
    wait_container(gke, clusters(gke).setResourceLabels(name=name, body=body).execute())

    shown = clusters(gke).get(name=name).execute()

    assert shown["resourceLabels"] == {"team": "mesh"}
    with pytest.raises(HttpError, match="fingerprint mismatch"):
        clusters(gke).setResourceLabels(name=name, body=body).execute()
    wrong = {"resourceLabels": {"Team": "x"}, "labelFingerprint": shown["labelFingerprint"]}
    with pytest.raises(HttpError, match="It must only contain lowercase letters"):
        clusters(gke).setResourceLabels(name=name, body=wrong).execute()


def test_maintenance_and_legacy_access_are_set(gke: Any, cluster: dict[str, Any]) -> None:
    """The set... methods that the provider calls show in the next read."""
    name = f"{PARENT}/clusters/c"
    window = {"dailyMaintenanceWindow": {"startTime": "03:00"}}
    body = {"maintenancePolicy": {"window": window}}
    wait_container(gke, clusters(gke).setMaintenancePolicy(name=name, body=body).execute())
    body = {"enabled": True}
    wait_container(gke, clusters(gke).setLegacyAbac(name=name, body=body).execute())
    body = {"networkPolicy": {"enabled": True, "provider": "CALICO"}}
    wait_container(gke, clusters(gke).setNetworkPolicy(name=name, body=body).execute())

    shown = clusters(gke).get(name=name).execute()

    assert shown["maintenancePolicy"]["window"] == window
    assert shown["legacyAbac"] == {"enabled": True}
    assert shown["networkPolicy"] == {"enabled": True, "provider": "CALICO"}


def test_versions_are_offered_by_channel(gke: Any) -> None:
    """getServerConfig lists the versions that a cluster may ask for."""
    config = gke.projects().locations().getServerConfig(name=PARENT).execute()
    assert config["defaultClusterVersion"] in config["validMasterVersions"]
    assert {c["channel"] for c in config["channels"]} == {"RAPID", "REGULAR", "STABLE", "EXTENDED"}
