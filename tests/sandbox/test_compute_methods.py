"""Each method of compute that the components call: wrong fields, missing things, the rest."""

import json
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import finish
from tests.sandbox.vpc import REGION, make_network, make_subnetwork

# Collection -> (name of its item parameter, whether it is regional)
COLLECTIONS = {
    "networks": ("network", False),
    "subnetworks": ("subnetwork", True),
    "routers": ("router", True),
    "firewalls": ("firewall", False),
    "routes": ("route", False),
    "addresses": ("address", True),
    "globalAddresses": ("address", False),
    "healthChecks": ("healthCheck", False),
    "backendServices": ("backendService", False),
    "globalForwardingRules": ("forwardingRule", False),
    "forwardingRules": ("forwardingRule", True),
}
PATCHED = (
    "networks",
    "subnetworks",
    "routers",
    "firewalls",
    "healthChecks",
    "backendServices",
)
REPLACED = ("routers", "firewalls", "healthChecks", "backendServices")


def where(collection: str, project: str, item: str | None = None) -> dict[str, str]:
    parameter, regional = COLLECTIONS[collection]
    place = {"project": project} | ({"region": REGION} if regional else {})
    return place | ({parameter: item} if item else {})


def message_of(caught: pytest.ExceptionInfo[HttpError]) -> str:
    return json.loads(caught.value.content)["error"]["message"]


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_insert_refuses_a_wrong_field(compute: Any, project: str, collection: str) -> None:
    insert = getattr(compute, collection)().insert

    with pytest.raises(HttpError) as caught:
        insert(**where(collection, project), body={"name": "x", "colour": "red"}).execute()

    assert "Unknown name \"colour\" at 'resource': Cannot find field." in message_of(caught)


@pytest.mark.parametrize(
    ("collection", "verb"),
    [(name, "patch") for name in PATCHED] + [(name, "update") for name in REPLACED],
)
def test_changes_refuse_a_wrong_field(
    compute: Any, project: str, collection: str, verb: str
) -> None:
    change = getattr(getattr(compute, collection)(), verb)

    with pytest.raises(HttpError) as caught:
        change(**where(collection, project, "x"), body={"colour": "red"}).execute()

    assert "Unknown name \"colour\" at 'resource': Cannot find field." in message_of(caught)


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("verb", ["get", "delete"])
def test_what_is_missing_is_not_found(
    compute: Any, project: str, collection: str, verb: str
) -> None:
    method = getattr(getattr(compute, collection)(), verb)

    with pytest.raises(HttpError) as caught:
        method(**where(collection, project, "gone")).execute()

    assert caught.value.status_code == 404
    assert "/gone' was not found" in message_of(caught)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_lists_say_what_they_are(compute: Any, project: str, collection: str) -> None:
    answer = getattr(compute, collection)().list(**where(collection, project)).execute()

    assert answer["kind"].startswith("compute#")
    assert answer["kind"].endswith("List")


@pytest.mark.parametrize(
    ("collection", "body"),
    [
        ("addresses", {"addressType": "INTERNAL", "subnetwork": f"regions/{REGION}/subnetworks/x"}),
        ("globalAddresses", {"purpose": "VPC_PEERING", "addressType": "INTERNAL"}),
        ("backendServices", {"healthChecks": ["global/healthChecks/x"]}),
        ("forwardingRules", {"backendService": f"regions/{REGION}/backendServices/x"}),
        ("globalForwardingRules", {"target": "global/targetHttpProxies/x"}),
    ],
)
def test_insert_refuses_a_missing_reference(
    compute: Any, project: str, collection: str, body: dict[str, Any]
) -> None:
    if collection == "globalAddresses":
        body = body | {"network": "global/networks/x"}

    insert = getattr(compute, collection)().insert
    with pytest.raises(HttpError) as caught:
        insert(**where(collection, project), body={"name": "new"} | body).execute()

    assert caught.value.status_code == 404
    assert "/x' was not found" in message_of(caught)


def test_nat_of_a_missing_subnetwork_is_refused(compute: Any, project: str) -> None:
    body = {"name": "router", "network": make_network(compute, project)}
    made = compute.routers().insert(**where("routers", project), body=body).execute()
    finish(compute.regionOperations(), made, project=project, region=REGION)
    nat = {
        "name": "nat",
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS",
        "subnetworks": [{"name": f"projects/{project}/regions/{REGION}/subnetworks/x"}],
    }
    patch = compute.routers().patch(**where("routers", project, "router"), body={"nats": [nat]})

    with pytest.raises(HttpError) as caught:
        patch.execute()

    assert "subnetworks/x' was not found" in message_of(caught)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"natIpAllocateOption": "MANUAL_ONLY"}, "At least one NAT IP must be specified"),
        ({"sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS"}, "Subnetworks must be specified"),
        ({"natIpAllocateOption": None}, "natIpAllocateOption' not specified"),
        ({"natIpAllocateOption": "SOMETIMES"}, "Invalid value at 'resource.nats[0]"),
    ],
)
def test_nat_gateways_have_rules(
    compute: Any, project: str, change: dict[str, Any], message: str
) -> None:
    nat = {
        "name": "nat",
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
    } | change
    body = {"name": "router", "network": make_network(compute, project), "nats": [nat]}

    with pytest.raises(HttpError) as caught:
        compute.routers().insert(**where("routers", project), body=body).execute()

    assert message in message_of(caught)


def test_a_range_widens_and_never_shrinks(compute: Any, project: str) -> None:
    make_subnetwork(compute, project, make_network(compute, project))
    subnetwork = where("subnetworks", project, "sub")
    expand = compute.subnetworks().expandIpCidrRange

    wider = expand(**subnetwork, body={"ipCidrRange": "10.0.0.0/19"}).execute()
    finish(compute.regionOperations(), wider, project=project, region=REGION)
    with pytest.raises(HttpError) as caught:
        expand(**subnetwork, body={"ipCidrRange": "10.0.0.0/21"}).execute()

    assert compute.subnetworks().get(**subnetwork).execute()["ipCidrRange"] == "10.0.0.0/19"
    assert "must contain the current" in message_of(caught)


def test_private_google_access_is_switched(compute: Any, project: str) -> None:
    make_subnetwork(compute, project, make_network(compute, project))
    subnetwork = where("subnetworks", project, "sub")

    done = compute.subnetworks().setPrivateIpGoogleAccess(
        **subnetwork, body={"privateIpGoogleAccess": True}
    )
    finish(compute.regionOperations(), done.execute(), project=project, region=REGION)

    assert compute.subnetworks().get(**subnetwork).execute()["privateIpGoogleAccess"] is True


def test_the_subnetworks_of_a_project_are_usable(compute: Any, project: str) -> None:
    ranges = [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/16"}]
    network = make_network(compute, project)
    made = make_subnetwork(compute, project, network, secondaryIpRanges=ranges)

    listed = compute.subnetworks().listUsable(project=project).execute()["items"]

    [usable] = [one for one in listed if one["subnetwork"].endswith(made)]
    assert usable["network"].endswith(network)
    assert (usable["ipCidrRange"], usable["secondaryIpRanges"]) == ("10.0.0.0/20", ranges)


def test_auto_mode_brings_subnetworks_and_takes_them_away(compute: Any, project: str) -> None:
    made = compute.networks().insert(project=project, body={"name": "auto"}).execute()
    finish(compute.globalOperations(), made, project=project)
    network = compute.networks().get(project=project, network="auto").execute()
    gone = compute.networks().delete(project=project, network="auto").execute()
    finish(compute.globalOperations(), gone, project=project)

    with pytest.raises(HttpError):
        compute.subnetworks().get(**where("subnetworks", project, "auto")).execute()
    assert any(f"/{REGION}/subnetworks/auto" in link for link in network["subnetworks"])


def test_an_address_in_use_stays(compute: Any, project: str) -> None:
    made = compute.addresses().insert(**where("addresses", project), body={"name": "ip"}).execute()
    finish(compute.regionOperations(), made, project=project, region=REGION)
    address = compute.addresses().get(**where("addresses", project, "ip")).execute()
    rule = {"name": "rule", "IPAddress": address["address"], "portRange": "80"}
    made = compute.forwardingRules().insert(**where("forwardingRules", project), body=rule)
    finish(compute.regionOperations(), made.execute(), project=project, region=REGION)

    used = compute.addresses().get(**where("addresses", project, "ip")).execute()
    with pytest.raises(HttpError) as caught:
        compute.addresses().delete(**where("addresses", project, "ip")).execute()

    assert used["status"] == "IN_USE"
    assert used["users"][0].endswith("/forwardingRules/rule")
    assert "is already being used by" in message_of(caught)


def test_regions_and_zones_are_listed(compute: Any, project: str) -> None:
    region = compute.regions().get(project=project, region=REGION).execute()
    zones = compute.zones().list(project=project, filter=f"name eq {REGION}-.*").execute()

    ends = {*"abcf", "ai1a"}
    assert {zone["name"] for zone in zones["items"]} == {f"{REGION}-{end}" for end in ends}
    assert len(region["zones"]) == len(ends)


def test_a_resource_answers_to_its_numeric_id(compute: Any, project: str) -> None:
    make_network(compute, project)
    number = compute.networks().get(project=project, network="net").execute()["id"]

    assert compute.networks().get(project=project, network=number).execute()["name"] == "net"


def test_the_projects_own_document(compute: Any, project: str) -> None:
    assert compute.projects().get(project=project).execute()["name"] == project
