"""What clusters stand on: a network with ranges, a node service account; and how to wait."""

from typing import Any

from googleapiclient.errors import HttpError

from tests.sandbox.server import Sandbox, client, enable_apis

PROJECT = "meshwright-dev"
NUMBER = "123456789012"
REGION = "europe-west4"
PARENT = f"projects/{PROJECT}/locations/{REGION}"
RANGES = [
    {"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"},
    {"rangeName": "services", "ipCidrRange": "10.8.0.0/20"},
]


def prepare(sandbox: Sandbox) -> str:
    """Enable the APIs, make network and node service account; returns the account's address."""
    enable_apis(sandbox, PROJECT)
    make_network(client(sandbox.url, "compute", "v1"))
    return make_account(client(sandbox.url, "iam", "v1"))


def make_network(compute: Any, name: str = "net", region: str = REGION) -> None:
    """A custom VPC with one subnetwork `sub` that has pod and service ranges."""
    network = {"name": name, "autoCreateSubnetworks": False}
    wait_compute(compute, compute.networks().insert(project=PROJECT, body=network).execute())
    subnetwork = {
        "name": "sub",
        "network": f"projects/{PROJECT}/global/networks/{name}",
        "ipCidrRange": "10.0.0.0/20",
        "secondaryIpRanges": RANGES,
    }
    operation = compute.subnetworks().insert(project=PROJECT, region=region, body=subnetwork)
    wait_compute(compute, operation.execute())


def make_account(iam: Any, account_id: str = "nodes-sa") -> str:
    """A service account; returns its address."""
    body = {"accountId": account_id, "serviceAccount": {}}
    request = iam.projects().serviceAccounts().create(name=f"projects/{PROJECT}", body=body)
    return request.execute()["email"]


def wait_compute(compute: Any, operation: dict[str, Any]) -> None:
    """Wait for a compute operation's end by the API's own wait methods."""
    name = operation["name"]
    if "region" in operation:
        region = operation["region"].rpartition("/")[2]
        request = compute.regionOperations().wait(project=PROJECT, region=region, operation=name)
    else:
        request = compute.globalOperations().wait(project=PROJECT, operation=name)
    ended = request.execute()
    assert ended["status"] == "DONE"
    assert "error" not in ended


def wait_container(gke: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """Wait for a GKE operation's end."""
    location = operation["location"]
    name = f"projects/{PROJECT}/locations/{location}/operations/{operation['name']}"
    while operation["status"] != "DONE":
        operation = gke.projects().locations().operations().get(name=name).execute()
    return operation


def wait_hub(hub: Any, operation: dict[str, Any]) -> dict[str, Any]:
    """Wait for a fleet operation's end; returns its response."""
    while not operation.get("done"):
        operation = hub.projects().locations().operations().get(name=operation["name"]).execute()
    assert "error" not in operation, operation
    return operation["response"]


def standard_cluster(name: str, **fields: Any) -> dict[str, Any]:
    """A create request for a private Standard cluster, as Terraform's provider writes it."""
    cluster = {
        "name": name,
        "network": f"projects/{PROJECT}/global/networks/net",
        "subnetwork": f"projects/{PROJECT}/regions/{REGION}/subnetworks/sub",
        "initialNodeCount": 1,
        "ipAllocationPolicy": {
            "clusterSecondaryRangeName": "pods",
            "servicesSecondaryRangeName": "services",
            "useIpAliases": True,
        },
        "legacyAbac": {"enabled": False},
        "networkConfig": {"datapathProvider": "ADVANCED_DATAPATH"},
        "privateClusterConfig": {"enablePrivateNodes": True},
        "releaseChannel": {"channel": "REGULAR"},
        "workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"},
    }
    return {"cluster": cluster | fields}


def autopilot_cluster(name: str, **fields: Any) -> dict[str, Any]:
    """A create request for an Autopilot cluster."""
    cluster = {
        "name": name,
        "autopilot": {"enabled": True},
        "network": "net",
        "subnetwork": "sub",
        "ipAllocationPolicy": {"useIpAliases": True},
    }
    return {"cluster": cluster | fields}


def refusal(error: HttpError) -> str:
    """The text with which the API refused."""
    return str(error.reason)
