"""Where Pulumi and Google have different words for one thing, the gcp plugin knows both."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.gcp_plugin import PROJECT, REGION, Plugin, kinds
from tests.sandbox.server import Sandbox, enable_apis

CLUSTER = "gcp:container/cluster:Cluster"
SUBNET = {"name": "s", "network": "net", "region": REGION, "ipCidrRange": "10.0.0.0/20"}
LINK = f"projects/{PROJECT}/regions/{REGION}/subnetworks/s"


@pytest.fixture(scope="module")
def plugin(sandbox: Sandbox) -> Iterator[Plugin]:
    """A plugin whose project has a network and a subnetwork."""
    enable_apis(sandbox, PROJECT)
    running = Plugin(sandbox.url)
    network = {"name": "net", "autoCreateSubnetworks": False}
    running.create("gcp:compute/network:Network", "net", network)
    running.create("gcp:compute/subnetwork:Subnetwork", "s", SUBNET)
    yield running
    running.stop()


@pytest.fixture
def sent(sandbox: Sandbox) -> Callable[[str], dict[str, Any]]:
    """The body of the last write to a path that ends so."""

    def last(path: str) -> dict[str, Any]:
        writes = [entry for entry in sandbox.journal() if entry["mutating"]]
        return [entry["body"] for entry in writes if entry["path"].endswith(path)][-1]

    return last


def test_acronyms_and_plurals_are_the_apis(
    plugin: Plugin, sent: Callable[[str], dict[str, Any]]
) -> None:
    check = {"name": "c", "tcpHealthCheck": {"port": 80}}
    made = plugin.create("gcp:compute/healthCheck:HealthCheck", "c", check)
    backend = {"name": "b", "healthChecks": made.id, "enableCdn": True}
    made = plugin.create("gcp:compute/backendService:BackendService", "b", backend)

    assert sent("/backendServices")["enableCDN"] is True
    assert made.outputs["enableCdn"] is True
    read = plugin.read(made)
    assert read is not None
    assert not kinds(plugin.diff(read, backend))

    cors = [{"methods": ["GET"], "origins": ["*"], "maxAgeSeconds": 60}]
    bucket = {"name": f"{PROJECT}-words", "location": "EU", "cors": cors}
    made = plugin.create("gcp:storage/bucket:Bucket", "w", bucket)
    assert sent("/b")["cors"] == [{"method": ["GET"], "origin": ["*"], "maxAgeSeconds": 60}]
    assert made.outputs["cors"] == cors


@pytest.mark.parametrize(
    ("image", "link"),
    [
        ("debian-12", "projects/debian-cloud/global/images/family/debian-12"),
        ("debian-cloud/debian-12", "projects/debian-cloud/global/images/family/debian-12"),
        (
            "debian-cloud/debian-12-bookworm-v20240312",
            "projects/debian-cloud/global/images/debian-12-bookworm-v20240312",
        ),
        ("cos-cloud/cos-stable", "projects/cos-cloud/global/images/family/cos-stable"),
    ],
)
def test_an_image_may_be_named_shortly(
    plugin: Plugin, sent: Callable[[str], dict[str, Any]], image: str, link: str
) -> None:
    template = {
        "name": "t",
        "machineType": "e2-small",
        "disks": [{"sourceImage": image}],
        "networkInterfaces": [{"network": "net", "subnetwork": LINK, "networkIp": "10.0.0.9"}],
    }
    token = "gcp:compute/instanceTemplate:InstanceTemplate"
    made = plugin.create(token, "t", template)

    properties = sent("/instanceTemplates")["properties"]
    assert properties["disks"][0]["initializeParams"]["sourceImage"] == link
    [interface] = properties["networkInterfaces"]
    assert (interface["network"], interface["networkIP"]) == ("global/networks/net", "10.0.0.9")
    read = plugin.read(made)
    assert read is not None
    assert not kinds(plugin.diff(read, template))
    plugin.delete(made)


def test_a_zones_cluster_is_in_a_subnetwork_of_its_region(plugin: Plugin, sandbox: Sandbox) -> None:
    zonal = {"name": "z", "location": f"{REGION}-a", "network": "net", "subnetwork": "s"}
    pool = {"initialNodeCount": 1, "deletionProtection": False}
    made = plugin.create(CLUSTER, "z", zonal | pool)

    assert made.outputs["subnetwork"].endswith(f"/regions/{REGION}/subnetworks/s")
    plugin.delete(made)


def test_a_maintenance_window_comes_changes_and_goes(
    plugin: Plugin, sent: Callable[[str], dict[str, Any]]
) -> None:
    inputs = {
        "name": "c",
        "location": REGION,
        "network": "net",
        "subnetwork": LINK,
        "enableAutopilot": True,
        "deletionProtection": False,
    }
    daily = {"maintenancePolicy": {"dailyMaintenanceWindow": {"startTime": "03:00"}}}
    made = plugin.create(CLUSTER, "c", inputs | daily)
    assert sent("/clusters")["cluster"]["maintenancePolicy"] == {
        "window": {"dailyMaintenanceWindow": {"startTime": "03:00"}}
    }
    read = plugin.read(made)
    assert read is not None
    assert not kinds(plugin.diff(read, inputs | daily))

    hours = {"startTime": "2026-01-03T02:00:00Z", "endTime": "2026-01-03T08:00:00Z"}
    weekly = {"recurringWindow": hours | {"recurrence": "FREQ=WEEKLY;BYDAY=SA"}}
    changed = plugin.update(made, inputs | {"maintenancePolicy": weekly})
    assert sent(":setMaintenancePolicy")["maintenancePolicy"]["window"] == {
        "recurringWindow": {"window": hours, "recurrence": "FREQ=WEEKLY;BYDAY=SA"}
    }
    assert changed.outputs["maintenancePolicy"] == weekly

    gone = plugin.update(changed, inputs)
    assert not gone.outputs.get("maintenancePolicy")
    plugin.delete(gone)


def test_a_datasets_roles_are_the_basic_ones_too(plugin: Plugin) -> None:
    """BigQuery gives `OWNER` back, by which nothing has changed."""
    access = [{"role": "roles/bigquery.dataOwner", "specialGroup": "projectOwners"}]
    dataset = {"datasetId": "words", "location": "EU", "accesses": access}
    made = plugin.create("gcp:bigquery/dataset:Dataset", "d", dataset)

    read = plugin.read(made)

    assert read is not None
    assert read.outputs["accesses"][0]["role"] == "OWNER"
    assert not kinds(plugin.diff(read, dataset))


CONDITION = {
    "title": "until then",
    "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")',
}


def _bucket(plugin: Plugin) -> dict[str, Any]:
    bucket = {"name": f"{PROJECT}-held", "location": "EU", "uniformBucketLevelAccess": True}
    return {"bucket": plugin.create("gcp:storage/bucket:Bucket", "b", bucket).outputs["name"]}


def _account(plugin: Plugin) -> dict[str, Any]:
    made = plugin.create("gcp:serviceaccount/account:Account", "held", {"accountId": "held-by-one"})
    return {"serviceAccountId": made.outputs["name"]}


def _project(_: Plugin) -> dict[str, Any]:
    return {"project": PROJECT}


@pytest.mark.parametrize(
    ("token", "role", "owner"),
    [
        ("gcp:projects/iAMMember:IAMMember", "roles/viewer", _project),
        ("gcp:serviceaccount/iAMMember:IAMMember", "roles/iam.serviceAccountUser", _account),
        ("gcp:storage/bucketIAMMember:BucketIAMMember", "roles/storage.objectViewer", _bucket),
        (
            "gcp:compute/subnetworkIAMMember:SubnetworkIAMMember",
            "roles/compute.networkUser",
            lambda _: {"subnetwork": "s", "region": REGION, "project": PROJECT},
        ),
    ],
)
def test_a_grant_under_a_condition_outlives_others(
    plugin: Plugin, token: str, role: str, owner: Callable[[Plugin], dict[str, Any]]
) -> None:
    """The policy is read with its conditions, or writing it back would take them away."""
    grant = owner(plugin) | {"role": role, "member": "user:jane@example.com"}
    held = plugin.create(token, "held", grant | {"condition": CONDITION})

    other = plugin.create(token, "other", grant | {"member": "user:joe@example.com"})
    plugin.delete(other)

    read = plugin.read(held)
    assert read is not None
    assert read.outputs["condition"] == CONDITION
    plugin.delete(held)
    assert plugin.read(held) is None
