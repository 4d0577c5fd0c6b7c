"""Compute's ranges, addresses and lists, driven by google-api-python-client."""

import json
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import finish
from tests.sandbox.vpc import REGION, make_network, make_subnetwork


def error_of(caught: pytest.ExceptionInfo[HttpError]) -> dict[str, Any]:
    """The error object of an API's refusal."""
    return json.loads(caught.value.content)["error"]


def test_a_network_that_is_no_link_is_refused(compute: Any, project: str) -> None:
    body = {"name": "x", "network": "net", "ipCidrRange": "10.0.0.0/20"}

    with pytest.raises(HttpError) as caught:
        compute.subnetworks().insert(project=project, region=REGION, body=body).execute()

    assert error_of(caught)["message"] == (
        "Invalid value for field 'resource.network': 'net'. The URL is malformed."
    )


def test_an_unknown_region_is_refused(compute: Any, project: str) -> None:
    network = make_network(compute, project)
    body = {"name": "x", "network": network, "ipCidrRange": "10.0.0.0/20"}

    with pytest.raises(HttpError) as caught:
        compute.subnetworks().insert(project=project, region="us-moon1", body=body).execute()

    assert "Unknown region" in error_of(caught)["message"]


@pytest.mark.parametrize("wanted", ["10.0.0.0/20", "10.0.8.0/24", "10.4.0.0/16", "10.0.0.0/8"])
def test_overlapping_subnetworks_are_refused(compute: Any, project: str, wanted: str) -> None:
    network = make_network(compute, project)
    secondary = [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}]
    make_subnetwork(compute, project, network, secondaryIpRanges=secondary)
    body = {"name": "other", "network": network, "ipCidrRange": wanted}

    with pytest.raises(HttpError) as caught:
        compute.subnetworks().insert(project=project, region="us-east1", body=body).execute()

    assert (
        f"Invalid IPCidrRange: {wanted} conflicts with existing subnetwork 'sub'"
        in (error_of(caught)["message"])
    )


@pytest.mark.parametrize("wanted", ["10.0.0.0/33", "10.0.0.0/30", "fd00::/64", "x"])
def test_a_range_that_is_none_is_refused(compute: Any, project: str, wanted: str) -> None:
    network = make_network(compute, project)
    body = {"name": "sub", "network": network, "ipCidrRange": wanted}

    with pytest.raises(HttpError) as caught:
        compute.subnetworks().insert(project=project, region=REGION, body=body).execute()

    assert (
        f"Invalid value for field 'resource.ipCidrRange': '{wanted}'"
        in (error_of(caught)["message"])
    )


def test_subnetwork_patch_needs_the_current_fingerprint(compute: Any, project: str) -> None:
    make_subnetwork(compute, project, make_network(compute, project))
    where = {"project": project, "region": REGION, "subnetwork": "sub"}
    current = compute.subnetworks().get(**where).execute()["fingerprint"]
    change = {"logConfig": {"enable": True}}

    outdated = compute.subnetworks().patch(**where, body=change | {"fingerprint": "c3RhbGU="})
    with pytest.raises(HttpError) as stale:
        outdated.execute()
    done = compute.subnetworks().patch(**where, body=change | {"fingerprint": current}).execute()
    finish(compute.regionOperations(), done, project=project, region=REGION)
    after = compute.subnetworks().get(**where).execute()

    assert stale.value.status_code == 412
    assert error_of(stale)["errors"][0]["reason"] == "conditionNotMet"
    assert after["enableFlowLogs"] is True
    assert after["logConfig"]["aggregationInterval"] == "INTERVAL_5_SEC"
    assert after["fingerprint"] != current


def test_addresses_are_allocated_and_never_twice(compute: Any, project: str) -> None:
    where = {"project": project, "region": REGION}
    for name in ("one", "two"):
        made = compute.addresses().insert(**where, body={"name": name}).execute()
        finish(compute.regionOperations(), made, **where)

    items = compute.addresses().list(**where).execute()["items"]

    assert len({item["address"] for item in items}) == 2
    assert {item["status"] for item in items} == {"RESERVED"}


def test_internal_address_comes_from_its_subnetwork(compute: Any, project: str) -> None:
    subnetwork = make_subnetwork(compute, project, make_network(compute, project))
    where = {"project": project, "region": REGION}
    body = {"name": "in", "addressType": "INTERNAL", "subnetwork": subnetwork}

    made = compute.addresses().insert(**where, body=body).execute()
    finish(compute.regionOperations(), made, **where)
    address = compute.addresses().get(**where, address="in").execute()
    body = body | {"name": "out", "address": "192.168.0.9"}
    with pytest.raises(HttpError) as outside:
        compute.addresses().insert(**where, body=body).execute()

    assert address["address"] == "10.0.0.2"
    assert "outside the subnetwork" in error_of(outside)["message"]


def test_labels_change_only_with_their_fingerprint(compute: Any, project: str) -> None:
    where = {"project": project}
    made = compute.globalAddresses().insert(**where, body={"name": "ip"}).execute()
    finish(compute.globalOperations(), made, **where)
    current = compute.globalAddresses().get(**where, address="ip").execute()["labelFingerprint"]
    labels = {"team": "mesh"}

    body = {"labels": labels, "labelFingerprint": "c3RhbGU="}
    with pytest.raises(HttpError) as stale:
        compute.globalAddresses().setLabels(**where, resource="ip", body=body).execute()
    body = {"labels": labels, "labelFingerprint": current}
    done = compute.globalAddresses().setLabels(**where, resource="ip", body=body).execute()
    finish(compute.globalOperations(), done, **where)

    assert stale.value.status_code == 412
    assert compute.globalAddresses().get(**where, address="ip").execute()["labels"] == labels


def test_lists_are_paged_filtered_and_aggregated(compute: Any, project: str) -> None:
    network = make_network(compute, project)
    for index in range(5):
        cidr = f"10.{index}.0.0/20"
        make_subnetwork(compute, project, network, name=f"sub-{index}", ipCidrRange=cidr)
    where = {"project": project, "region": REGION, "filter": f'network eq ".*{network}"'}

    first = compute.subnetworks().list(**where, maxResults=2).execute()
    second = compute.subnetworks().list_next(
        compute.subnetworks().list(**where, maxResults=2), first
    )
    named = compute.subnetworks().list(**where | {"filter": "name=sub-3"}).execute()
    either = compute.subnetworks().list(**where | {"filter": "(name eq sub-[12])"}).execute()
    everywhere = compute.subnetworks().aggregatedList(project=project).execute()

    assert [item["name"] for item in first["items"]] == ["sub-0", "sub-1"]
    assert [item["name"] for item in second.execute()["items"]] == ["sub-2", "sub-3"]
    assert [item["name"] for item in named["items"]] == ["sub-3"]
    assert [item["name"] for item in either["items"]] == ["sub-1", "sub-2"]
    assert len(everywhere["items"][f"regions/{REGION}"]["subnetworks"]) == 6


def test_a_list_over_all_places_names_those_without_results(compute: Any, project: str) -> None:
    """Addresses are global or regional; other places are named if they are asked for."""
    aggregated = compute.addresses().aggregatedList
    request = compute.globalAddresses().insert(project=project, body={"name": "ip"})
    finish(compute.globalOperations(), request.execute(), project=project)

    items = aggregated(project=project).execute()["items"]

    assert [address["name"] for address in items["global"]["addresses"]] == ["ip"]
    place = f"regions/{REGION}"
    assert items[place]["warning"]["code"] == "NO_RESULTS_ON_PAGE"
    assert items[place]["warning"]["data"] == [{"key": "scope", "value": place}]
    assert not [place for place in items if place.startswith("zones/")]
    assert (
        "zones/us-central1-a"
        in aggregated(project=project, includeAllScopes=True).execute()["items"]
    )


def test_no_page_is_larger_than_500(compute: Any, project: str) -> None:
    with pytest.raises(HttpError, match=r"within the range: \[0, 500\]") as caught:
        compute.networks().list(project=project, maxResults=501).execute()

    assert error_of(caught)["errors"][0]["location"] == "maxResults"


def test_wrong_type_at_depth_names_its_path(compute: Any, project: str) -> None:
    body = {"name": "s", "secondaryIpRanges": [{"rangeName": {"a": 1}}]}

    with pytest.raises(HttpError) as caught:
        compute.subnetworks().insert(project=project, region=REGION, body=body).execute()

    assert "'resource.secondary_ip_ranges[0]'" in error_of(caught)["message"]
