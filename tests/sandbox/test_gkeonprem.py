"""On-premises clusters: user clusters on bare metal, their node pools, and their membership."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import finish

REGION = "europe-west1"


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


def cluster(admin: str, **more: Any) -> dict[str, Any]:
    nodes = {"nodeConfigs": [{"nodeIp": "10.200.0.9"}]}
    return {
        "adminClusterMembership": admin,
        "bareMetalVersion": "1.33.0",
        "networkConfig": {
            "islandModeCidr": {
                "podAddressCidrBlocks": ["10.240.0.0/13"],
                "serviceAddressCidrBlocks": ["172.26.0.0/16"],
            }
        },
        "controlPlane": {"controlPlaneNodePoolConfig": {"nodePoolConfig": nodes}},
        "loadBalancer": {
            "vipConfig": {"controlPlaneVip": "10.200.0.13", "ingressVip": "10.200.0.14"},
            "portConfig": {"controlPlaneLoadBalancerPort": 443},
            "metalLbConfig": {"addressPools": [{"pool": "p", "addresses": ["10.200.0.14/32"]}]},
        },
        "storage": {"lvpNodeMountsConfig": {"path": "/mnt/disks", "storageClass": "local-disks"}},
        **more,
    }


def install(onprem: Any, project: str, body: dict[str, Any], short: str = "edge") -> str:
    parent = f"projects/{project}/locations/{REGION}"
    clusters = onprem.bareMetalClusters()
    started = clusters.create(parent=parent, bareMetalClusterId=short, body=body).execute()
    finish(onprem.operations(), started)
    return f"{parent}/bareMetalClusters/{short}"


def test_a_bare_metal_cluster_is_a_member_of_the_fleet(
    google: GoogleClients, onprem: Any, project: str, admin: str
) -> None:
    """Its endpoint is its control plane's address; its admin cluster stays while it lives."""
    name = install(onprem, project, cluster(admin))

    made = onprem.bareMetalClusters().get(name=name).execute()

    assert made["state"] == "RUNNING"
    assert made["endpoint"] == "10.200.0.13"
    hub = google("gkehub", "v1").projects().locations()
    member = hub.memberships().get(name=made["fleet"]["membership"]).execute()
    assert member["endpoint"]["onPremCluster"]["resourceLink"].endswith(name)
    with pytest.raises(HttpError, match="is being used by"):
        hub.memberships().delete(name=admin).execute()
    finish(onprem.operations(), onprem.bareMetalClusters().delete(name=name).execute())
    finish(hub.operations(), hub.memberships().delete(name=admin).execute())
    assert hub.memberships().list(parent=f"projects/{project}/locations/-").execute() == {}


def test_node_pools_are_made_changed_and_deleted_before_their_cluster(
    onprem: Any, project: str, admin: str
) -> None:
    """A cluster with a pool goes only when the call forces it."""
    name = install(onprem, project, cluster(admin))
    clusters = onprem.bareMetalClusters()
    pools = clusters.bareMetalNodePools()
    body: dict[str, Any] = {"nodePoolConfig": {"nodeConfigs": [{"nodeIp": "10.200.0.20"}]}}
    started = pools.create(parent=name, bareMetalNodePoolId="main", body=body).execute()
    finish(onprem.operations(), started)
    pool = f"{name}/bareMetalNodePools/main"
    body["nodePoolConfig"]["nodeConfigs"].append({"nodeIp": "10.200.0.21"})
    changed = pools.patch(name=pool, updateMask="nodePoolConfig", body=body).execute()
    finish(onprem.operations(), changed)
    assert len(pools.get(name=pool).execute()["nodePoolConfig"]["nodeConfigs"]) == 2

    with pytest.raises(HttpError, match="is being used by"):
        clusters.delete(name=name).execute()
    finish(onprem.operations(), pools.delete(name=pool).execute())
    upgrade = {"bareMetalVersion": "1.33.1"}
    patched = clusters.patch(name=name, updateMask="bareMetalVersion", body=upgrade).execute()
    finish(onprem.operations(), patched)
    assert clusters.get(name=name).execute()["bareMetalVersion"] == "1.33.1"
    finish(onprem.operations(), clusters.delete(name=name, force=True).execute())

    assert clusters.list(parent=f"projects/{project}/locations/{REGION}").execute() == {}
    with pytest.raises(HttpError, match="was not found"):
        pools.create(parent=name, bareMetalNodePoolId="main", body=body).execute()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"adminCluster": "x"}, "Cannot find field"),
        ({"adminClusterMembership": "absent"}, "was not found"),
        ({"storage": {}}, "storage: is required"),
        ({"loadBalancer": {"manualLbConfig": {}}}, "exactly one of"),
        (
            {
                "controlPlane": {
                    "controlPlaneNodePoolConfig": {
                        "nodePoolConfig": {
                            "nodeConfigs": [{"nodeIp": "10.0.0.1"}, {"nodeIp": "10.0.0.2"}]
                        }
                    }
                }
            },
            "must be odd",
        ),
        (
            {
                "controlPlane": {
                    "controlPlaneNodePoolConfig": {
                        "nodePoolConfig": {"nodeConfigs": [{"nodeIp": "10.0.0.1"}] * 3}
                    }
                }
            },
            "named twice",
        ),
    ],
)
def test_a_wrong_cluster_is_refused(
    onprem: Any, project: str, admin: str, change: dict[str, Any], text: str
) -> None:
    """The answer names the field, and nothing is made."""
    with pytest.raises(HttpError, match=text):
        install(onprem, project, cluster(admin, **change))

    parent = f"projects/{project}/locations/{REGION}"
    assert onprem.bareMetalClusters().list(parent=parent).execute() == {}
