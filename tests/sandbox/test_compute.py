"""Compute's networking, driven by google-api-python-client."""

import json
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import Sandbox, finish

REGION = "us-central1"


def error_of(caught: pytest.ExceptionInfo[HttpError]) -> dict[str, Any]:
    """The error object of an API's refusal."""
    return json.loads(caught.value.content)["error"]


def make_network(compute: Any, project: str, name: str = "net") -> str:
    body = {"name": name, "autoCreateSubnetworks": False}
    operation = compute.networks().insert(project=project, body=body).execute()
    finish(compute.globalOperations(), operation, project=project)
    return f"projects/{project}/global/networks/{name}"


def make_subnetwork(compute: Any, project: str, network: str, **fields: Any) -> str:
    body = {"name": "sub", "network": network, "ipCidrRange": "10.0.0.0/20"} | fields
    request = compute.subnetworks().insert(project=project, region=REGION, body=body)
    finish(compute.regionOperations(), request.execute(), project=project, region=REGION)
    return f"projects/{project}/regions/{REGION}/subnetworks/{body['name']}"


def test_network_comes_back_with_what_the_cloud_fills_in(compute: Any, project: str) -> None:
    make_network(compute, project)

    network = compute.networks().get(project=project, network="net").execute()

    assert network["selfLink"].endswith(f"/compute/v1/projects/{project}/global/networks/net")
    assert network["id"].isdigit()
    assert network["kind"] == "compute#network"
    assert network["autoCreateSubnetworks"] is False
    assert network["routingConfig"]["routingMode"] == "REGIONAL"
    assert network["networkFirewallPolicyEnforcementOrder"] == "AFTER_CLASSIC_FIREWALL"


def test_insert_answers_a_running_operation_that_the_first_poll_finds_done(
    compute: Any, project: str
) -> None:
    operation = compute.networks().insert(project=project, body={"name": "net"}).execute()
    polled = compute.globalOperations().get(project=project, operation=operation["name"]).execute()

    assert operation["status"] == "RUNNING"
    assert operation["targetLink"].endswith("/networks/net")
    assert polled["status"] == "DONE"
    assert polled["operationType"] == "insert"


def test_unknown_field_is_refused_in_the_apis_words(compute: Any, project: str) -> None:
    with pytest.raises(HttpError) as caught:
        compute.networks().insert(project=project, body={"name": "net", "colour": "red"}).execute()

    error = error_of(caught)
    assert error["code"] == 400
    assert error["message"] == (
        "Invalid JSON payload received. Unknown name \"colour\" at 'resource': Cannot find field."
    )
    assert error["errors"][0]["reason"] == "invalid"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"autoCreateSubnetworks": "maybe"}, "'resource.auto_create_subnetworks' (TYPE_BOOL)"),
        ({"mtu": "big"}, "Invalid value at 'resource.mtu' (TYPE_INT32), \"big\""),
        ({"routingConfig": "GLOBAL"}, "Invalid value at 'resource.routing_config'"),
        ({"routingConfig": {"routingMode": "SOLAR"}}, "'resource.routing_config.routing_mode'"),
        ({"name": "Bad_Name"}, "Invalid value for field 'resource.name': 'Bad_Name'. Must be a"),
        ({"name": ""}, "Invalid value for field 'resource.name': ''"),
    ],
)
def test_wrong_values_are_refused(
    compute: Any, project: str, body: dict[str, Any], message: str
) -> None:
    with pytest.raises(HttpError) as caught:
        compute.networks().insert(project=project, body={"name": "net"} | body).execute()

    assert message in error_of(caught)["message"]
    assert caught.value.status_code == 400


def test_every_wrong_field_is_named_at_once(compute: Any, project: str) -> None:
    body = {"name": "net", "a": 1, "mtu": "x"}

    with pytest.raises(HttpError) as caught:
        compute.networks().insert(project=project, body=body).execute()

    violations = error_of(caught)["details"][0]["fieldViolations"]
    assert len(violations) == 2


def test_a_name_that_exists_is_refused(compute: Any, project: str) -> None:
    name = make_network(compute, project)

    with pytest.raises(HttpError) as caught:
        compute.networks().insert(project=project, body={"name": "net"}).execute()

    assert caught.value.status_code == 409
    assert error_of(caught)["message"] == f"The resource '{name}' already exists"
    assert error_of(caught)["errors"][0]["reason"] == "alreadyExists"


def test_a_repeated_request_id_has_no_second_effect(compute: Any, project: str) -> None:
    request_id = "4e1d2f6c-6b5a-4c5e-9d7a-0c6f3f1a2b3c"
    insert = compute.networks().insert(project=project, body={"name": "net"}, requestId=request_id)

    first, second = insert.execute(), insert.execute()

    assert first["name"] == second["name"]


@pytest.mark.parametrize(
    ("collection", "where", "body"),
    [
        ("subnetworks", {"region": REGION}, {"ipCidrRange": "10.0.0.0/20"}),
        ("routers", {"region": REGION}, {}),
        ("firewalls", {}, {"allowed": [{"IPProtocol": "tcp"}]}),
        ("routes", {}, {"destRange": "10.9.0.0/16", "nextHopIp": "10.0.0.2"}),
    ],
)
def test_a_network_that_is_missing_is_refused(
    compute: Any, project: str, collection: str, where: dict[str, str], body: dict[str, Any]
) -> None:
    body = {"name": "x", "network": f"projects/{project}/global/networks/gone"} | body

    with pytest.raises(HttpError) as caught:
        getattr(compute, collection)().insert(project=project, body=body, **where).execute()

    assert caught.value.status_code == 404
    assert "networks/gone' was not found" in error_of(caught)["message"]


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


def test_a_network_in_use_is_not_deleted(compute: Any, project: str) -> None:
    network = make_network(compute, project)
    subnetwork = make_subnetwork(compute, project, network)

    with pytest.raises(HttpError) as caught:
        compute.networks().delete(project=project, network="net").execute()

    error = error_of(caught)
    assert caught.value.status_code == 400
    assert error["errors"][0]["reason"] == "resourceInUseByAnotherResource"
    assert error["message"] == (
        f"The network resource '{network}' is already being used by '{subnetwork}'"
    )


def test_a_network_goes_once_nothing_uses_it(compute: Any, project: str, sandbox: Sandbox) -> None:
    make_subnetwork(compute, project, make_network(compute, project))

    gone = compute.subnetworks().delete(project=project, region=REGION, subnetwork="sub").execute()
    finish(compute.regionOperations(), gone, project=project, region=REGION)
    gone = compute.networks().delete(project=project, network="net").execute()
    finish(compute.globalOperations(), gone, project=project)

    assert not [name for name in sandbox.inventory() if f"/{project}/" in name]


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


@pytest.mark.parametrize("wanted", ["10.0.0.1/20", "10.0.0.0/33", "10.0.0.0/30", "fd00::/64", "x"])
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


def test_nat_gateway_lives_in_its_router(compute: Any, project: str) -> None:
    network = make_network(compute, project)
    where = {"project": project, "region": REGION}
    body = {"name": "router", "network": network}
    made = compute.routers().insert(**where, body=body).execute()
    finish(compute.regionOperations(), made, **where)
    nat = {
        "name": "nat",
        "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
    }

    patched = compute.routers().patch(**where, router="router", body={"nats": [nat]}).execute()
    finish(compute.regionOperations(), patched, **where)
    router = compute.routers().get(**where, router="router").execute()
    status = compute.routers().getRouterStatus(**where, router="router").execute()

    assert router["nats"][0]["name"] == "nat"
    assert router["nats"][0]["type"] == "PUBLIC"
    assert router["network"].endswith(network)
    assert status["result"]["natStatus"][0]["name"] == "nat"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "exactly one of 'allowed' and 'denied'"),
        ({"allowed": [{"IPProtocol": "carrier-pigeon"}]}, "resource.allowed[0].IPProtocol"),
        ({"allowed": [{"IPProtocol": "tcp", "ports": ["70000"]}]}, "resource.allowed[0].ports[0]"),
        (
            {"allowed": [{"IPProtocol": "tcp"}], "sourceRanges": ["10.0.0.1/8"]},
            "resource.sourceRanges[0]",
        ),
        ({"allowed": [{"IPProtocol": "tcp"}], "priority": 70000}, "resource.priority"),
    ],
)
def test_wrong_firewall_rules_are_refused(
    compute: Any, project: str, rule: dict[str, Any], message: str
) -> None:
    body = {"name": "rule", "network": make_network(compute, project)} | rule

    with pytest.raises(HttpError) as caught:
        compute.firewalls().insert(project=project, body=body).execute()

    assert message in error_of(caught)["message"]


def test_firewall_patch_merges_and_keeps_its_direction(compute: Any, project: str) -> None:
    network = make_network(compute, project)
    body = {"name": "rule", "network": network, "allowed": [{"IPProtocol": "tcp"}]}
    made = compute.firewalls().insert(project=project, body=body).execute()
    finish(compute.globalOperations(), made, project=project)
    where = {"project": project, "firewall": "rule"}

    change = {"sourceRanges": ["10.0.0.0/8"], "network": network}  # the link in another form
    patched = compute.firewalls().patch(**where, body=change).execute()
    finish(compute.globalOperations(), patched, project=project)
    after = compute.firewalls().get(**where).execute()
    with pytest.raises(HttpError) as caught:
        compute.firewalls().patch(**where, body={"direction": "EGRESS"}).execute()

    assert after["sourceRanges"] == ["10.0.0.0/8"]
    assert after["allowed"] == [{"IPProtocol": "tcp"}]
    assert after["direction"] == "INGRESS"
    assert "resource.direction" in error_of(caught)["message"]


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


def test_collections_without_rules_of_their_own_are_served(compute: Any, project: str) -> None:
    made = compute.healthChecks().insert(
        project=project, body={"name": "hc", "type": "HTTP", "httpHealthCheck": {"port": 80}}
    )
    finish(compute.globalOperations(), made.execute(), project=project)
    link = f"projects/{project}/global/healthChecks/hc"
    body = {"name": "bs", "healthChecks": [link], "loadBalancingScheme": "INTERNAL_SELF_MANAGED"}
    made = compute.backendServices().insert(project=project, body=body)
    finish(compute.globalOperations(), made.execute(), project=project)

    service = compute.backendServices().get(project=project, backendService="bs").execute()
    with pytest.raises(HttpError) as used:
        compute.healthChecks().delete(project=project, healthCheck="hc").execute()

    assert service["healthChecks"][0].endswith(link)
    assert "already being used" in error_of(used)["message"]


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


def test_a_filter_that_cannot_be_read_is_refused(compute: Any, project: str) -> None:
    with pytest.raises(HttpError) as caught:
        compute.networks().list(project=project, filter="name ==(").execute()

    assert "Invalid list filter expression" in error_of(caught)["message"]


def test_a_disabled_api_says_how_to_enable_it(compute: Any) -> None:
    with pytest.raises(HttpError) as caught:
        compute.networks().list(project="nothing-enabled").execute()

    info = error_of(caught)["details"][1]
    assert caught.value.status_code == 403
    assert info["reason"] == "SERVICE_DISABLED"
    assert info["metadata"]["service"] == "compute.googleapis.com"


def test_batch_of_requests_answers_each(compute: Any, project: str) -> None:
    make_network(compute, project)
    answers: dict[str, Any] = {}
    batch = compute.new_batch_http_request(
        callback=lambda key, answer, error: answers.update({key: answer or error})
    )

    batch.add(compute.networks().get(project=project, network="net"), request_id="there")
    batch.add(compute.networks().get(project=project, network="gone"), request_id="gone")
    batch.execute()

    assert answers["there"]["name"] == "net"
    assert answers["gone"].status_code == 404


def test_wrong_type_at_depth_names_its_path(compute: Any, project: str) -> None:
    body = {"name": "s", "secondaryIpRanges": [{"rangeName": {"a": 1}}]}

    with pytest.raises(HttpError) as caught:
        compute.subnetworks().insert(project=project, region=REGION, body=body).execute()

    assert "'resource.secondary_ip_ranges[0]'" in error_of(caught)["message"]
