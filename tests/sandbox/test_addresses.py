"""Reserved addresses and ranges, and rules that take theirs from a network."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import finish
from tests.sandbox.vpc import REGION, make_network, make_subnetwork

Json = dict[str, Any]


@pytest.fixture
def network(compute: Any, project: str) -> str:
    return make_network(compute, project)


@pytest.fixture
def subnetwork(compute: Any, project: str, network: str) -> str:
    return make_subnetwork(compute, project, network)


def reserve(compute: Any, project: str, **address: Any) -> Json:
    """Reserve an internal address of a region, and return it."""
    where = {"project": project, "region": REGION}
    body = {"addressType": "INTERNAL"} | address
    made = compute.addresses().insert(**where, body=body).execute()
    finish(compute.regionOperations(), made, **where)
    return compute.addresses().get(**where, address=body["name"]).execute()


def reserve_range(compute: Any, project: str, **address: Any) -> Json:
    """Reserve a range for services that a network is peered with, and return it."""
    body = {"addressType": "INTERNAL", "purpose": "VPC_PEERING"} | address
    made = compute.globalAddresses().insert(project=project, body=body).execute()
    finish(compute.globalOperations(), made, project=project)
    return compute.globalAddresses().get(project=project, address=body["name"]).execute()


def forward(compute: Any, project: str, **rule: Any) -> Json:
    """Make an internal rule of a region, and return it."""
    where = {"project": project, "region": REGION}
    body = {"loadBalancingScheme": "INTERNAL", "allPorts": True} | rule
    made = compute.forwardingRules().insert(**where, body=body).execute()
    finish(compute.regionOperations(), made, **where)
    return compute.forwardingRules().get(**where, forwardingRule=body["name"]).execute()


def test_a_range_for_vlan_attachments_belongs_to_a_network_and_to_no_subnetwork(
    compute: Any, project: str, network: str
) -> None:
    body = {"purpose": "IPSEC_INTERCONNECT", "address": "192.168.1.0", "prefixLength": 29}
    held = reserve(compute, project, name="vlan", network=network, **body)

    assert held["address"] == "192.168.1.0"
    assert "subnetwork" not in held
    with pytest.raises(HttpError) as caught:
        reserve(compute, project, name="wide", network=network, **body | {"prefixLength": 20})
    assert "Must be between 26 and 29" in caught.value.reason


def test_ranges_of_a_network_lie_beside_each_other(
    compute: Any, project: str, network: str
) -> None:
    one = reserve_range(compute, project, name="one", network=network, prefixLength=20)
    two = reserve_range(compute, project, name="two", network=network, prefixLength=16)
    other = make_network(compute, project, "other")
    elsewhere = reserve_range(compute, project, name="three", network=other, prefixLength=20)

    assert two["address"] != one["address"] == elsewhere["address"]
    with pytest.raises(HttpError) as caught:
        reserve_range(
            compute, project, name="four", network=network, address=one["address"], prefixLength=24
        )
    assert "is already reserved" in caught.value.reason
    with pytest.raises(HttpError) as caught:
        reserve_range(compute, project, name="five", network=network, address="somewhere")
    assert "'somewhere/16'. Must be a CIDR address range" in caught.value.reason


def test_an_internal_address_is_taken_in_its_own_network_only(
    compute: Any, project: str, subnetwork: str
) -> None:
    other = make_subnetwork(compute, project, make_network(compute, project, "other"), name="far")
    wanted = {"address": "10.0.0.9"}
    reserve(compute, project, name="here", subnetwork=subnetwork, **wanted)
    reserve(compute, project, name="there", subnetwork=other, **wanted)

    with pytest.raises(HttpError) as caught:
        reserve(compute, project, name="again", subnetwork=subnetwork, **wanted)
    assert "is already reserved" in caught.value.reason


def test_an_internal_rule_has_an_address_of_its_subnetwork_that_nobody_else_has(
    compute: Any, project: str, network: str, subnetwork: str
) -> None:
    held = reserve(compute, project, name="held", subnetwork=subnetwork)
    one = forward(compute, project, name="one", subnetwork=subnetwork)
    two = forward(compute, project, name="two", subnetwork=subnetwork)

    addresses = [each.get("IPAddress", each.get("address")) for each in (held, one, two)]
    assert addresses == ["10.0.0.2", "10.0.0.3", "10.0.0.4"]
    assert one["network"].endswith(f"/{network}")


def test_a_reserved_internal_address_is_used_by_the_rule_of_its_network(
    compute: Any, project: str, subnetwork: str
) -> None:
    other = make_subnetwork(compute, project, make_network(compute, project, "other"), name="far")
    here = reserve(compute, project, name="here", subnetwork=subnetwork, address="10.0.0.9")
    reserve(compute, project, name="there", subnetwork=other, address="10.0.0.9")
    rule = forward(compute, project, name="rule", IPAddress=here["selfLink"])

    def read(name: str) -> Json:
        return compute.addresses().get(project=project, region=REGION, address=name).execute()

    assert rule["IPAddress"] == "10.0.0.9"
    assert rule["subnetwork"].endswith(f"/{subnetwork}")
    assert read("here")["status"] == "IN_USE"
    assert read("there")["status"] == "RESERVED"


def test_an_internal_rule_in_a_custom_network_names_its_subnetwork(
    compute: Any, project: str, network: str
) -> None:
    with pytest.raises(HttpError) as caught:
        forward(compute, project, name="rule", network=network)

    assert caught.value.status_code == 400
    assert "subnetwork must be specified" in caught.value.reason
    assert forward(compute, project, name="automatic")["subnetwork"].endswith("/default")


@pytest.mark.parametrize("address", ["web", "80", "global/networks/default", "10.0.0.300"])
def test_a_rule_has_an_ip_address_or_names_a_reserved_one(
    compute: Any, project: str, address: str
) -> None:
    with pytest.raises(HttpError) as caught:
        forward(compute, project, name="rule", IPAddress=address)

    assert f"'resource.IPAddress': '{address}'" in caught.value.reason


def test_an_address_is_of_a_subnetwork_that_has_a_range(
    compute: Any, project: str, network: str
) -> None:
    fields = {"ipCidrRange": None, "stackType": "IPV6_ONLY", "ipv6AccessType": "INTERNAL"}
    modern = make_subnetwork(compute, project, network, **fields)

    for place in (modern, network):
        with pytest.raises(HttpError) as caught:
            reserve(compute, project, name="address", subnetwork=place)
        assert "no subnetwork with a range of IPv4 addresses" in caught.value.reason


def test_an_internal_rule_cannot_have_an_address_of_elsewhere(
    compute: Any, project: str, subnetwork: str
) -> None:
    with pytest.raises(HttpError) as caught:
        forward(compute, project, name="rule", subnetwork=subnetwork, IPAddress="10.9.0.1")

    assert "outside the subnetwork CIDR range 10.0.0.0/20" in caught.value.reason
