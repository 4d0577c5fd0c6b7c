"""The gcp plugin's writes are the official plugin's.

``data/official_gcp_requests.jsonl`` holds what pulumi-gcp 9.37 sent for the same program, without
what says nothing: nulls, empty values, and the encoding asked for.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.gcp_plugin import PROJECT, Plugin
from tests.sandbox.server import Sandbox, enable_apis

OFFICIAL = Path(__file__).parent / "data" / "official_gcp_requests.jsonl"
NET = f"projects/{PROJECT}/global/networks/net"
LOG_BUCKETS = f"logging.googleapis.com/projects/{PROJECT}/locations/global/buckets"
EAST, CENTRAL = (
    f"projects/{PROJECT}/regions/{region}/subnetworks/sub" for region in ("us-east1", "us-central1")
)
PROGRAM: list[tuple[str, dict[str, Any]]] = [
    ("compute/network:Network", {"name": "net", "autoCreateSubnetworks": False}),
    (
        "compute/subnetwork:Subnetwork",
        {
            "name": "sub",
            "network": NET,
            "region": "us-central1",
            "ipCidrRange": "10.0.0.0/20",
            "privateIpGoogleAccess": True,
            "secondaryIpRanges": [
                {"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"},
                {"rangeName": "svc", "ipCidrRange": "10.8.0.0/20"},
            ],
        },
    ),
    ("compute/router:Router", {"name": "rt", "network": NET, "region": "us-central1"}),
    (
        "compute/routerNat:RouterNat",
        {
            "name": "nat",
            "router": "rt",
            "region": "us-central1",
            "natIpAllocateOption": "AUTO_ONLY",
            "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        },
    ),
    (
        "compute/firewall:Firewall",
        {
            "name": "fw",
            "network": "net",
            "allows": [{"protocol": "tcp", "ports": ["15017"]}],
            "sourceRanges": ["172.16.0.0/28"],
        },
    ),
    ("serviceaccount/account:Account", {"accountId": "nodes-sa"}),
    (
        "container/cluster:Cluster",
        {
            "name": "c",
            "location": "us-central1",
            "network": NET,
            "subnetwork": CENTRAL,
            "initialNodeCount": 1,
            "removeDefaultNodePool": True,
            "datapathProvider": "ADVANCED_DATAPATH",
            "fleet": {"project": PROJECT},
            "ipAllocationPolicy": {
                "clusterSecondaryRangeName": "pods",
                "servicesSecondaryRangeName": "svc",
            },
            "privateClusterConfig": {
                "enablePrivateNodes": True,
                "masterIpv4CidrBlock": "172.16.0.0/28",
            },
            "releaseChannel": {"channel": "REGULAR"},
            "resourceLabels": {"mesh_id": "proj-123"},
            "workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"},
        },
    ),
    (
        "container/cluster:Cluster",
        {
            "name": "ap",
            "location": "us-east1",
            "network": NET,
            "subnetwork": EAST,
            "enableAutopilot": True,
        },
    ),
    ("gkehub/feature:Feature", {"name": "servicemesh", "location": "global"}),
    (
        "logging/projectBucketConfig:ProjectBucketConfig",
        {"project": PROJECT, "location": "global", "bucketId": "mesh-logs", "retentionDays": 30},
    ),
    (
        "logging/projectSink:ProjectSink",
        {
            "name": "sink",
            "destination": f"{LOG_BUCKETS}/mesh-logs",
            "filter": "x",
        },
    ),
    ("bigquery/dataset:Dataset", {"datasetId": "mesh", "location": "US"}),
    ("networkservices/mesh:Mesh", {"name": "m", "interceptionPort": 15001}),
]


def told(value: Any) -> Any:
    """Return what a request says, without nulls and empty values."""
    if isinstance(value, dict):
        pairs = {key: told(inner) for key, inner in value.items()}
        return {key: inner for key, inner in pairs.items() if inner not in (None, "", [], {})}
    return [told(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def sent(sandbox: Sandbox) -> dict[tuple[str, str], dict[str, Any]]:
    """What the program's creation wrote, by method and path."""
    plugin = Plugin(sandbox.url)
    apis = ("mesh", "container", "gkehub")
    services = [("projects/service:Service", {"service": f"{a}.googleapis.com"}) for a in apis]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda step: plugin.create(f"gcp:{step[0]}", "x", step[1]), services))
    started = len(sandbox.journal())
    enable_apis(sandbox, PROJECT)
    ours = len(sandbox.journal())
    for token, inputs in PROGRAM:
        plugin.create(f"gcp:{token}", "x", inputs)
        if token.startswith("compute/subnetwork"):  # the other cluster's, made without a record
            east = {**inputs, "region": "us-east1", "ipCidrRange": "10.32.0.0/20"}
            east["secondaryIpRanges"] = []
            plugin.create(f"gcp:{token}", "east", east)
    plugin.stop()
    journal = sandbox.journal()
    writes = [e for e in [*journal[:started], *journal[ours:]] if e["mutating"]]
    return {(entry["method"], entry["path"]): entry for entry in writes}


@pytest.mark.parametrize("line", OFFICIAL.read_text().splitlines(), ids=lambda v: v[-60:])
def test_a_write_is_the_official_plugins(
    sent: dict[tuple[str, str], dict[str, Any]], line: str
) -> None:
    official = json.loads(line)

    ours = sent[official["method"], official["path"]]

    query = {key: value for key, value in ours["query"].items() if key not in ("alt", "updateMask")}
    body = told(ours["body"] or {})
    if "serviceIds" in body:  # enabled together, in the order they came in
        body["serviceIds"].sort()
        official["body"]["serviceIds"].sort()
    assert body == official["body"]
    assert query == official["query"]
