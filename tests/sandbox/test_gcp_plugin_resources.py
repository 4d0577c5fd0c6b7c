"""Each resource type through its life against the sandbox: made, read, imported, changed, gone."""

from collections.abc import Iterator
from typing import Any

import pytest

from meshwright_sandbox.plugins.values import UNKNOWN, Secret
from tests.sandbox.gcp_plugin import PROJECT, REGION, Failed, Made, Plugin, kinds
from tests.sandbox.server import Sandbox, enable_apis

NET = f"projects/{PROJECT}/global/networks/net"
SUB = f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub"
CLUSTERS = f"projects/{PROJECT}/locations/{REGION}/clusters"
LOG_BUCKETS = f"logging.googleapis.com/projects/{PROJECT}/locations/global/buckets"
NODES = f"nodes-sa@{PROJECT}.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{NODES}"

Step = tuple[str, dict[str, Any], dict[str, Any]]
# Token, inputs, and a change that must be possible in place; each may refer to those above it.
STEPS: list[Step] = [
    (
        "compute/network:Network",
        {"name": "net", "autoCreateSubnetworks": False},
        {"routingMode": "GLOBAL"},
    ),
    (
        "compute/subnetwork:Subnetwork",
        {
            "name": "sub",
            "network": NET,
            "region": REGION,
            "ipCidrRange": "10.0.0.0/20",
            "secondaryIpRanges": [
                {"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"},
                {"rangeName": "services", "ipCidrRange": "10.8.0.0/20"},
            ],
            "logConfig": {"flowSampling": 0.1},
        },
        {
            "ipCidrRange": "10.0.0.0/19",
            "privateIpGoogleAccess": True,
            "logConfig": {"flowSampling": 0.2},
        },
    ),
    (
        "compute/router:Router",
        {"name": "rt", "network": NET, "region": REGION},
        {"description": "way out"},
    ),
    (
        "compute/routerNat:RouterNat",
        {
            "name": "nat",
            "router": "rt",
            "region": REGION,
            "natIpAllocateOption": "AUTO_ONLY",
            "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        },
        {"minPortsPerVm": 128},
    ),
    (
        "compute/firewall:Firewall",
        {
            "name": "webhooks",
            "network": NET,
            "allows": [{"protocol": "tcp", "ports": ["15017"]}],
            "sourceRanges": ["172.16.0.0/28"],
        },
        {"allows": [{"protocol": "tcp", "ports": ["15017", "8443"]}], "priority": 900},
    ),
    (
        "serviceaccount/account:Account",
        {"accountId": "nodes-sa", "displayName": "Nodes"},
        {"displayName": "Nodes of the mesh"},
    ),
    (
        "projects/iAMMember:IAMMember",
        {"project": PROJECT, "role": "roles/logging.logWriter", "member": MEMBER},
        {},
    ),
    (
        "container/cluster:Cluster",
        {
            "name": "c",
            "location": REGION,
            "network": NET,
            "subnetwork": SUB,
            "initialNodeCount": 1,
            "removeDefaultNodePool": True,
            "deletionProtection": False,
            "datapathProvider": "ADVANCED_DATAPATH",
            "fleet": {"project": PROJECT},
            "ipAllocationPolicy": {
                "clusterSecondaryRangeName": "pods",
                "servicesSecondaryRangeName": "services",
            },
            "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True},
            "masterAuthorizedNetworksConfig": {"cidrBlocks": []},
            "releaseChannel": {"channel": "REGULAR"},
            "resourceLabels": {"mesh_id": "proj-1"},
            "workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"},
        },
        {
            "resourceLabels": {"mesh_id": "proj-2"},
            "releaseChannel": {"channel": "STABLE"},
            "masterAuthorizedNetworksConfig": {
                "cidrBlocks": [{"cidrBlock": "203.0.113.0/24", "displayName": "office"}]
            },
            "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": False},
            "enableIntranodeVisibility": True,
        },
    ),
    (
        "container/nodePool:NodePool",
        {
            "name": "main",
            "cluster": "c",
            "location": REGION,
            "initialNodeCount": 1,
            "autoscaling": {"totalMinNodeCount": 1, "totalMaxNodeCount": 3},
            "management": {"autoRepair": True, "autoUpgrade": True},
            "nodeConfig": {
                "machineType": "e2-standard-4",
                "serviceAccount": NODES,
                "labels": {"tier": "mesh"},
                "taints": [{"key": "mesh", "value": "only", "effect": "NO_SCHEDULE"}],
                "workloadMetadataConfig": {"mode": "GKE_METADATA"},
                "shieldedInstanceConfig": {"enableSecureBoot": True},
            },
        },
        {"autoscaling": {"totalMinNodeCount": 1, "totalMaxNodeCount": 5}},
    ),
    (
        "container/cluster:Cluster",
        {
            "name": "auto",
            "location": REGION,
            "network": NET,
            "subnetwork": SUB,
            "enableAutopilot": True,
            "deletionProtection": False,
        },
        {"resourceLabels": {"team": "shop"}},
    ),
    (
        "gkehub/membership:Membership",
        {
            "membershipId": "auto",
            "location": REGION,
            "endpoint": {"gkeCluster": {"resourceLink": f"{CLUSTERS}/auto"}},
        },
        {"labels": {"team": "shop"}},
    ),
    (
        "gkehub/feature:Feature",
        {"name": "servicemesh", "location": "global"},
        {"fleetDefaultMemberConfig": {"mesh": {"management": "MANAGEMENT_AUTOMATIC"}}},
    ),
    (
        "gkehub/featureMembership:FeatureMembership",
        {
            "feature": "servicemesh",
            "location": "global",
            "membership": "c",
            "membershipLocation": REGION,
            "mesh": {"management": "MANAGEMENT_AUTOMATIC"},
        },
        {"mesh": {"management": "MANAGEMENT_MANUAL"}},
    ),
    (
        "logging/projectBucketConfig:ProjectBucketConfig",
        {"project": PROJECT, "location": "global", "bucketId": "mesh-logs"},
        {"retentionDays": 60},
    ),
    (
        "logging/projectSink:ProjectSink",
        {
            "name": "mesh",
            "destination": f"{LOG_BUCKETS}/mesh-logs",
            "filter": "severity>=WARNING",
        },
        {"filter": "severity>=ERROR", "exclusions": [{"name": "probes", "filter": "a"}]},
    ),
    (
        "bigquery/dataset:Dataset",
        {"datasetId": "mesh", "location": "EU", "labels": {"team": "shop"}},
        {"description": "access logs", "labels": {"team": "mesh"}},
    ),
    (
        "bigquery/datasetIamMember:DatasetIamMember",
        {"datasetId": "mesh", "role": "roles/bigquery.dataEditor", "member": MEMBER},
        {},
    ),
    (
        "networkservices/mesh:Mesh",
        {"name": "vms", "interceptionPort": 15001},
        {"description": "mesh of VMs"},
    ),
]


def title(step: Step) -> str:
    return step[0].partition(":")[2]


@pytest.fixture(scope="module")
def plugin(sandbox: Sandbox) -> Iterator[Plugin]:
    enable_apis(sandbox, PROJECT)
    running = Plugin(sandbox.url)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def made(plugin: Plugin) -> dict[int, Made]:
    """Every resource of the table, made in its order."""
    return {
        index: plugin.create(f"gcp:{token}", title((token, news, {})), news)
        for index, (token, news, _) in enumerate(STEPS)
    }


ALL = pytest.mark.parametrize("index", range(len(STEPS)), ids=map(title, STEPS))


@ALL
def test_a_resource_that_was_just_made_shows_no_change(
    plugin: Plugin, made: dict[int, Made], index: int
) -> None:
    """Neither the program's next run nor a refresh finds anything to do."""
    assert kinds(plugin.diff(made[index], STEPS[index][1])) == {}

    read = plugin.read(made[index])

    assert read is not None
    assert read.inputs == made[index].inputs
    assert kinds(plugin.diff(read, STEPS[index][1])) == {}


@ALL
def test_an_imported_resource_needs_no_change(
    plugin: Plugin, made: dict[int, Made], index: int
) -> None:
    imported = plugin.read(made[index], importing=True)

    assert imported is not None
    assert imported.id == made[index].id
    assert kinds(plugin.diff(imported, STEPS[index][1])) == {}


@ALL
def test_a_change_in_place_takes_effect_and_back_again(
    plugin: Plugin, made: dict[int, Made], index: int
) -> None:
    _, news, change = STEPS[index]
    wanted = {**news, **change}
    assert not any("REPLACE" in kind for kind in kinds(plugin.diff(made[index], wanted)).values())

    changed = plugin.update(made[index], wanted)
    read = plugin.read(changed)

    assert read is not None
    assert read.inputs == changed.inputs
    assert kinds(plugin.diff(read, wanted)) == {}
    if title(STEPS[index]) != "Subnetwork":  # a range never shrinks
        made[index] = plugin.update(read, news)
        back = plugin.read(made[index])
        assert back is not None
        assert kinds(plugin.diff(back, news)) == {}


def test_outputs_have_the_official_shape(plugin: Plugin, made: dict[int, Made]) -> None:
    found = {title(STEPS[index]): thing.outputs for index, thing in reversed(made.items())}

    cluster = found["Cluster"]
    assert cluster["endpoint"]
    assert cluster["masterAuth"]["clusterCaCertificate"]
    assert cluster["fleet"]["membershipId"] == "c"
    assert cluster["fleet"]["membershipLocation"] == REGION
    assert cluster["effectiveLabels"]["goog-pulumi-provisioned"] == "true"
    assert found["Account"]["member"] == MEMBER
    assert found["Network"]["selfLink"].endswith(NET)
    assert found["ProjectSink"]["writerIdentity"] == ""  # a bucket of the same project needs none
    assert found["Subnetwork"]["region"] == REGION


def test_drift_is_found_where_it_is_and_repaired(
    plugin: Plugin, made: dict[int, Made], sandbox: Sandbox
) -> None:
    index = [title(step) for step in STEPS].index("Firewall")
    path = f"/compute/compute/v1/projects/{PROJECT}/global/firewalls/webhooks"
    drift = {"sourceRanges": ["172.16.0.0/28", "0.0.0.0/0"], "description": "opened by hand"}
    status, answer = sandbox.call("PATCH", path, drift)
    assert status == 200, answer

    read = plugin.read(made[index])

    assert read is not None
    news = STEPS[index][1]
    assert kinds(plugin.diff(read, news)) == {
        "description": "DELETE",
        "sourceRanges[1]": "DELETE",
    }
    made[index] = plugin.update(read, news)
    assert sandbox.call("GET", path)[1]["sourceRanges"] == ["172.16.0.0/28"]
    assert not sandbox.call("GET", path)[1].get("description")


def test_another_member_of_the_same_role_is_left_alone(plugin: Plugin, sandbox: Sandbox) -> None:
    token = "gcp:projects/iAMMember:IAMMember"
    grant = {"project": PROJECT, "role": "roles/container.viewer"}
    both = [
        plugin.create(token, who, {**grant, "member": f"user:{who}@example.com"})
        for who in ("ann", "bob")
    ]

    plugin.delete(both[0])

    assert plugin.read(both[0]) is None
    assert plugin.read(both[1]) is not None
    plugin.delete(both[1])


def test_secret_inputs_come_back_secret(plugin: Plugin) -> None:
    token = "gcp:logging/projectSink:ProjectSink"
    news = {
        "name": "quiet",
        "destination": f"{LOG_BUCKETS}/_Default",
        "filter": Secret("textPayload:hush"),
    }

    sink = plugin.create(token, "quiet", news)
    read = plugin.read(sink)
    plugin.delete(sink)

    assert sink.outputs["filter"] == Secret("textPayload:hush")
    assert read is not None
    assert read.inputs["filter"] == read.outputs["filter"] == Secret("textPayload:hush")


def test_a_preview_of_an_update_keeps_what_is_known(plugin: Plugin, made: dict[int, Made]) -> None:
    index = [title(step) for step in STEPS].index("Network")

    ahead = plugin.diff(made[index], {**STEPS[index][1], "mtu": UNKNOWN})

    assert kinds(ahead) == {"mtu": "UPDATE"}


def test_functions_answer_from_the_cloud(plugin: Plugin) -> None:
    project = plugin.invoke("gcp:organizations/getProject:getProject", projectId=PROJECT)
    client = plugin.invoke("gcp:organizations/getClientConfig:getClientConfig")

    assert project["number"] == "123456789012"
    assert client["accessToken"] == "sandbox"
    with pytest.raises(Failed, match=r"getImage.*not among the functions"):
        plugin.invoke("gcp:compute/getImage:getImage")


def test_services_are_enabled_in_one_request(sandbox: Sandbox) -> None:
    from concurrent.futures import ThreadPoolExecutor

    project, token = "batch-of-services", "gcp:projects/service:Service"
    running = Plugin(sandbox.url)
    before = len(sandbox.journal())
    apis = ["container", "gkehub", "mesh"]
    with ThreadPoolExecutor() as pool:
        every = list(
            pool.map(
                lambda api: running.create(
                    token, api, {"service": f"{api}.googleapis.com", "project": project}
                ),
                apis,
            )
        )

    writes = [entry for entry in sandbox.journal(before) if entry["mutating"]]
    assert [entry["path"].rpartition(":")[2] for entry in writes] == ["batchEnable"]
    assert all(running.read(service) is not None for service in every)
    running.stop()


def test_protected_clusters_are_not_deleted(plugin: Plugin, made: dict[int, Made]) -> None:
    index = [title(step) for step in STEPS].index("Cluster")
    guarded = plugin.update(made[index], {**STEPS[index][1], "deletionProtection": True})

    with pytest.raises(Failed, match="protected; set deletionProtection=false"):
        plugin.delete(guarded)

    made[index] = plugin.update(guarded, STEPS[index][1])


def test_everything_is_deleted_and_deleting_twice_is_no_error(
    plugin: Plugin, made: dict[int, Made], sandbox: Sandbox
) -> None:
    for thing in reversed(made.values()):
        plugin.delete(thing)
        assert plugin.read(thing) is None
        plugin.delete(thing)

    left = [name for name in sandbox.inventory() if "fleets/default" not in name]
    assert left == []
