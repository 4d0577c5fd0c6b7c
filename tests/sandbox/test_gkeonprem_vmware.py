"""On-premises clusters on VMware: user clusters, their node pools, and their membership."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import finish

REGION = "europe-west1"
STATIC: dict[str, Any] = {
    "gateway": "10.210.0.1",
    "netmask": "255.255.255.0",
    "ips": [{"ip": "10.210.0.11"}, {"ip": "10.210.0.12"}, {"ip": "10.210.0.15"}],
}


@pytest.fixture
def onprem(google: GoogleClients) -> Any:
    return google("gkeonprem", "v1").projects().locations()


@pytest.fixture
def admin(google: GoogleClients, project: str) -> str:
    """The membership of an admin cluster that exists."""
    hub = google("gkehub", "v1").projects().locations()
    parent = f"projects/{project}/locations/global"
    body: dict[str, Any] = {"authority": {"issuer": "https://admin.example"}}
    made = hub.memberships().create(parent=parent, membershipId="admin", body=body).execute()
    finish(hub.operations(), made)
    return f"{parent}/memberships/admin"


def network(**more: Any) -> dict[str, Any]:
    return {
        "podAddressCidrBlocks": ["192.168.0.0/16"],
        "serviceAddressCidrBlocks": ["10.96.0.0/20"],
        "dhcpIpConfig": {"enabled": True},
        "hostConfig": {"dnsServers": ["10.210.0.2"], "ntpServers": ["10.210.0.3"]},
        "controlPlaneV2Config": {"controlPlaneIpBlock": STATIC},
        **more,
    }


def cluster(admin: str, **more: Any) -> dict[str, Any]:
    return {
        "adminClusterMembership": admin,
        "onPremVersion": "1.33.0-gke.790",
        "enableControlPlaneV2": True,
        "controlPlaneNode": {"replicas": "3", "cpus": "4", "memory": "8192"},
        "networkConfig": network(),
        "loadBalancer": {
            "vipConfig": {"controlPlaneVip": "10.210.0.13", "ingressVip": "10.210.0.14"},
            "metalLbConfig": {"addressPools": [{"pool": "p", "addresses": ["10.210.0.14/32"]}]},
        },
        **more,
    }


def install(onprem: Any, project: str, body: dict[str, Any]) -> str:
    parent = f"projects/{project}/locations/{REGION}"
    clusters = onprem.vmwareClusters()
    started = clusters.create(parent=parent, vmwareClusterId="campus", body=body).execute()
    finish(onprem.operations(), started)
    return f"{parent}/vmwareClusters/campus"


def test_a_cluster_on_vmware_is_a_member_of_the_fleet(
    google: GoogleClients, onprem: Any, project: str, admin: str
) -> None:
    """Its endpoint is its control plane's address; its membership goes with it."""
    name = install(onprem, project, cluster(admin))

    made = onprem.vmwareClusters().get(name=name).execute()

    assert (made["state"], made["endpoint"]) == ("RUNNING", "10.210.0.13")
    hub = google("gkehub", "v1").projects().locations()
    member = hub.memberships().get(name=made["fleet"]["membership"]).execute()
    assert member["endpoint"]["onPremCluster"]["resourceLink"].endswith(name)
    with pytest.raises(HttpError, match="is being used by"):
        hub.memberships().delete(name=admin).execute()
    finish(onprem.operations(), onprem.vmwareClusters().delete(name=name).execute())
    finish(hub.operations(), hub.memberships().delete(name=admin).execute())
    assert hub.memberships().list(parent=f"projects/{project}/locations/-").execute() == {}


def test_pools_on_vmware_are_made_changed_and_deleted_before_their_cluster(
    onprem: Any, project: str, admin: str
) -> None:
    """A pool grows and the cluster is upgraded in place; a cluster with a pool stays."""
    name = install(onprem, project, cluster(admin))
    clusters = onprem.vmwareClusters()
    pools = clusters.vmwareNodePools()
    body: dict[str, Any] = {
        "config": {"imageType": "ubuntu_cgv2", "enableLoadBalancer": True},
        "nodePoolAutoscaling": {"minReplicas": 2, "maxReplicas": 4},
    }
    made = pools.create(parent=name, vmwareNodePoolId="main", body=body).execute()
    finish(onprem.operations(), made)
    pool = f"{name}/vmwareNodePools/main"
    more = {"nodePoolAutoscaling": {"minReplicas": 2, "maxReplicas": 6}}
    changed = pools.patch(name=pool, updateMask="nodePoolAutoscaling", body=more).execute()
    finish(onprem.operations(), changed)
    assert pools.get(name=pool).execute()["nodePoolAutoscaling"]["maxReplicas"] == 6

    with pytest.raises(HttpError, match="is being used by"):
        clusters.delete(name=name).execute()
    upgrade = {"onPremVersion": "1.33.100-gke.89"}
    patched = clusters.patch(name=name, updateMask="onPremVersion", body=upgrade).execute()
    finish(onprem.operations(), patched)
    assert clusters.get(name=name).execute()["onPremVersion"] == "1.33.100-gke.89"
    for wrong, text in (
        ({**body, "config": {"imageType": "ubuntu_cgv3"}}, "config.imageType"),
        ({**body, "nodePoolAutoscaling": {"minReplicas": 5, "maxReplicas": 4}}, "is greater"),
    ):
        with pytest.raises(HttpError, match=text):
            pools.create(parent=name, vmwareNodePoolId="wrong", body=wrong).execute()
    finish(onprem.operations(), pools.delete(name=pool).execute())
    finish(onprem.operations(), clusters.delete(name=name).execute())
    assert clusters.list(parent=f"projects/{project}/locations/{REGION}").execute() == {}
    with pytest.raises(HttpError, match="was not found"):
        pools.create(parent=name, vmwareNodePoolId="main", body=body).execute()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"adminCluster": "x"}, "Cannot find field"),
        ({"adminClusterMembership": "absent"}, "was not found"),
        ({"onPremVersion": ""}, "onPremVersion: is required"),
        ({"loadBalancer": {"f5Config": {}}}, "exactly one of"),
        ({"controlPlaneNode": {"replicas": "2"}}, "either 1 or 3"),
        ({"controlPlaneNode": {"replicas": "1"}}, "1 ips are required"),
        ({"networkConfig": network(podAddressCidrBlocks=[])}, "only a single range"),
        ({"networkConfig": network(dhcpIpConfig={})}, "exactly one of staticIpConfig"),
        ({"networkConfig": network(staticIpConfig={"ipBlocks": [STATIC]})}, "exactly one of"),
        ({"networkConfig": network(hostConfig={"dnsServers": ["10.0.0.1"]})}, "ntpServers"),
    ],
)
def test_a_wrong_cluster_on_vmware_is_refused(
    onprem: Any, project: str, admin: str, change: dict[str, Any], text: str
) -> None:
    """The answer names the field, and nothing is made."""
    with pytest.raises(HttpError, match=text):
        install(onprem, project, cluster(admin, **change))

    parent = f"projects/{project}/locations/{REGION}"
    assert onprem.vmwareClusters().list(parent=parent).execute() == {}
