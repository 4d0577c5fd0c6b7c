"""Networks and subnetworks for tests of what stands on them."""

from typing import Any

from tests.sandbox.server import finish

REGION = "us-central1"


def make_network(compute: Any, project: str, name: str = "net") -> str:
    body = {"name": name, "autoCreateSubnetworks": False}
    operation = compute.networks().insert(project=project, body=body).execute()
    finish(compute.globalOperations(), operation, project=project)
    return f"projects/{project}/global/networks/{name}"


def make_subnetwork(
    compute: Any, project: str, network: str, *, region: str = REGION, **fields: Any
) -> str:
    body = {"name": "sub", "network": network, "ipCidrRange": "10.0.0.0/20"} | fields
    request = compute.subnetworks().insert(project=project, region=region, body=body)
    finish(compute.regionOperations(), request.execute(), project=project, region=region)
    return f"projects/{project}/regions/{region}/subnetworks/{body['name']}"
