"""Shared VPC through the stand-in plugin: links that are switched on and off, and grants."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.gcp_plugin import PROJECT, REGION, Failed, Plugin, kinds
from tests.sandbox.server import Sandbox, enable_apis

SERVICE = "plugin-service-project"
HOST_KIND = "gcp:compute/sharedVPCHostProject:SharedVPCHostProject"
SERVICE_KIND = "gcp:compute/sharedVPCServiceProject:SharedVPCServiceProject"
GRANT_KIND = "gcp:compute/subnetworkIAMMember:SubnetworkIAMMember"
HOST: dict[str, Any] = {"project": PROJECT}
LINK: dict[str, Any] = {"hostProject": PROJECT, "serviceProject": SERVICE}


@pytest.fixture(scope="module")
def plugin(sandbox: Sandbox) -> Iterator[Plugin]:
    for project in (PROJECT, SERVICE):
        enable_apis(sandbox, project)
    running = Plugin(sandbox.url)
    yield running
    running.stop()


def test_host_and_service_project_are_linked_read_imported_and_let_go(plugin: Plugin) -> None:
    """In that order; the reverse order of the deletes is the API's to insist on."""
    host = plugin.create(HOST_KIND, "host", HOST)
    link = plugin.create(SERVICE_KIND, "link", LINK)
    assert (host.id, link.id) == (PROJECT, f"{PROJECT}/{SERVICE}")
    for made, inputs in ((host, HOST), (link, LINK)):
        assert kinds(plugin.diff(made, inputs)) == {}
        imported = plugin.read(made, importing=True)
        assert imported is not None
        assert kinds(plugin.diff(imported, inputs)) == {}

    with pytest.raises(Failed, match="active service projects"):
        plugin.delete(host)
    plugin.delete(link)
    assert plugin.read(link) is None
    plugin.delete(link)
    plugin.delete(host)
    assert plugin.read(host) is None
    plugin.delete(host)


def test_another_project_is_another_link(plugin: Plugin) -> None:
    link = {**LINK, "serviceProject": "other"}
    host = plugin.create(HOST_KIND, "host", HOST)
    made = plugin.create(SERVICE_KIND, "link", LINK)

    assert set(kinds(plugin.diff(made, link)).values()) == {"UPDATE_REPLACE"}

    plugin.delete(made)
    plugin.delete(host)


def test_a_subnetwork_is_opened_to_a_member_and_closed_again(plugin: Plugin) -> None:
    network = plugin.create("gcp:compute/network:Network", "net", _network("shared"))
    subnetwork = plugin.create("gcp:compute/subnetwork:Subnetwork", "sub", _subnetwork("shared"))
    grant = {
        "project": PROJECT,
        "region": REGION,
        "subnetwork": "shared",
        "role": "roles/compute.networkUser",
        "member": "user:someone@example.com",
    }

    made = plugin.create(GRANT_KIND, "grant", grant)

    assert made.id == (
        f"projects/{PROJECT}/regions/{REGION}/subnetworks/shared/roles/compute.networkUser/"
        "user:someone@example.com"
    )
    assert kinds(plugin.diff(made, grant)) == {}
    assert plugin.read(made) is not None
    plugin.delete(made)
    assert plugin.read(made) is None
    for item in (subnetwork, network):
        plugin.delete(item)


def _network(name: str) -> dict[str, Any]:
    return {"name": name, "project": PROJECT, "autoCreateSubnetworks": False}


def _subnetwork(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "project": PROJECT,
        "region": REGION,
        "network": f"projects/{PROJECT}/global/networks/{name}",
        "ipCidrRange": "10.90.0.0/20",
    }
