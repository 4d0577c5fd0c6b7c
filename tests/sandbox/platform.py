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


def prepare(sandbox: Sandbox, project: str = PROJECT) -> str:
    """Enable the APIs, make network and node service account; returns the account's address."""
    enable_apis(sandbox, project)
    compute = client(sandbox.url, "compute", "v1")
    network = {"name": "net", "autoCreateSubnetworks": False}
    operation = compute.networks().insert(project=project, body=network).execute()
    wait_compute(compute, project, operation)
    subnetwork = {
        "name": "sub",
        "network": f"projects/{project}/global/networks/net",
        "ipCidrRange": "10.0.0.0/20",
        "secondaryIpRanges": RANGES,
    }
    request = compute.subnetworks().insert(project=project, region=REGION, body=subnetwork)
    wait_compute(compute, project, request.execute())
    accounts = client(sandbox.url, "iam", "v1").projects().serviceAccounts()
    body = {"accountId": "nodes-sa", "serviceAccount": {}}
    return accounts.create(name=f"projects/{project}", body=body).execute()["email"]


def wait_compute(compute: Any, project: str, operation: dict[str, Any]) -> None:
    """Wait for a compute operation's end by the API's own wait methods."""
    name = operation["name"]
    if "region" in operation:
        region = operation["region"].rpartition("/")[2]
        request = compute.regionOperations().wait(project=project, region=region, operation=name)
    else:
        request = compute.globalOperations().wait(project=project, operation=name)
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
