"""Network endpoint groups and their endpoints, as google-api-python-client sees them."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.machines import Machines


def endpoint_group(machines: Machines) -> dict[str, str]:
    """The zonal group `web` of port 80; how it is named in calls."""
    network = f"projects/{machines.project}/global/networks/net"
    subnetwork = f"projects/{machines.project}/regions/us-central1/subnetworks/sub"
    body = {
        "name": "web",
        "network": network,
        "subnetwork": subnetwork,
        "networkEndpointType": "GCE_VM_IP_PORT",
        "defaultPort": 80,
    }
    groups = machines.compute.networkEndpointGroups()
    machines.wait_in_zone(groups.insert(**machines.in_zone, body=body).execute())
    return machines.in_zone | {"networkEndpointGroup": "web"}


def test_endpoints_of_machines_come_and_go(machines: Machines) -> None:
    """One without a port has that of its group; an instance is told by its name."""
    machine = machines.single()
    groups, where = machines.compute.networkEndpointGroups(), endpoint_group(machines)
    address = machine["networkInterfaces"][0]["networkIP"]
    plain = {"instance": machine["selfLink"], "ipAddress": address}

    def change(verb: str, *endpoints: dict[str, Any]) -> None:
        body = {"networkEndpoints": list(endpoints)}
        machines.wait_in_zone(getattr(groups, verb)(**where, body=body).execute())

    def listed() -> list[Any]:
        answer = groups.listNetworkEndpoints(**where, body={}).execute()
        return [entry["networkEndpoint"] for entry in answer.get("items", [])]

    change("attachNetworkEndpoints", plain, plain | {"port": 8080})
    change("attachNetworkEndpoints", plain)

    assert [(e["instance"], e["port"]) for e in listed()] == [
        ("vm", 80),
        ("vm", 8080),
    ]
    assert groups.get(**where).execute()["size"] == 2
    with pytest.raises(HttpError, match="instances/gone' was not found"):
        change("attachNetworkEndpoints", {"instance": "gone", "ipAddress": "10.0.0.9"})
    with pytest.raises(HttpError, match="Cannot find field"):
        change("attachNetworkEndpoints", {"machine": "vm"})
    with pytest.raises(HttpError, match="No such network endpoint"):
        change("detachNetworkEndpoints", plain | {"port": 1})
    change("detachNetworkEndpoints", plain)
    assert [endpoint["port"] for endpoint in listed()] == [8080]


def test_endpoints_outside_google_cloud_are_names(machines: Machines) -> None:
    groups = machines.compute.globalNetworkEndpointGroups()
    where = {"project": machines.project, "networkEndpointGroup": "outside"}
    body = {"name": "outside", "networkEndpointType": "INTERNET_FQDN_PORT", "defaultPort": 443}
    machines.wait(groups.insert(project=machines.project, body=body).execute(), regional=False)

    endpoints = {"networkEndpoints": [{"fqdn": "shop.example.com"}]}
    attached = groups.attachNetworkEndpoints(**where, body=endpoints).execute()
    machines.wait(attached, regional=False)

    [item] = groups.listNetworkEndpoints(**where).execute()["items"]
    assert item["networkEndpoint"] == {"fqdn": "shop.example.com", "port": 443}


def test_an_app_engine_app_needs_no_more_than_its_name(machines: Machines) -> None:
    body = {"name": "app", "networkEndpointType": "SERVERLESS", "appEngine": {}}

    machines.make("regionNetworkEndpointGroups", body)

    groups = machines.compute.regionNetworkEndpointGroups()
    found = groups.get(**machines.place, networkEndpointGroup="app").execute()
    assert found["appEngine"] == {}
