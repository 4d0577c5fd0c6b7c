"""Compute's networking, driven by google-api-python-client."""

import json
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from stacks import _places as places
from tests.sandbox.server import Sandbox, finish
from tests.sandbox.vpc import REGION, make_network, make_subnetwork


def error_of(caught: pytest.ExceptionInfo[HttpError]) -> dict[str, Any]:
    """The error object of an API's refusal."""
    return json.loads(caught.value.content)["error"]


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


def test_a_nat_gateway_tells_its_addresses(compute: Any, project: str) -> None:
    """What callers outside are told to let through: of reserved addresses, all are known."""
    where = {"project": project, "region": REGION}
    held = compute.addresses().insert(**where, body={"name": "out"}).execute()
    finish(compute.regionOperations(), held, **where)
    address = compute.addresses().get(**where, address="out").execute()
    every = {"sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}
    nat = {"name": "nat", "natIpAllocateOption": "MANUAL_ONLY", "natIps": [address["selfLink"]]}
    body = {"name": "router", "network": make_network(compute, project), "nats": [nat | every]}
    made = compute.routers().insert(**where, body=body).execute()
    finish(compute.regionOperations(), made, **where)

    told = compute.routers().getNatIpInfo(**where, router="router").execute()
    other = compute.routers().getNatIpInfo(**where, router="router", natName="other").execute()

    mapping = {"natIp": address["address"], "mode": "MANUAL", "usage": "UNUSED"}
    assert told["result"] == [{"natName": "nat", "natIpInfoMappings": [mapping]}]
    assert other["result"] == []


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


def test_a_vpn_gateway_has_two_interfaces_with_addresses(compute: Any, project: str) -> None:
    where = {"project": project, "region": REGION}
    body = {"name": "vpn", "network": make_network(compute, project)}
    made = compute.vpnGateways().insert(**where, body=body).execute()
    finish(compute.regionOperations(), made, **where)

    interfaces = compute.vpnGateways().get(**where, vpnGateway="vpn").execute()["vpnInterfaces"]
    made = compute.addresses().insert(**where, body={"name": "other"}).execute()
    finish(compute.regionOperations(), made, **where)
    other = compute.addresses().get(**where, address="other").execute()["address"]

    assert [interface["id"] for interface in interfaces] == [0, 1]
    assert len({other, *(interface["ipAddress"] for interface in interfaces)}) == 3


def test_a_health_check_has_the_settings_of_its_type(compute: Any, project: str) -> None:
    tls = {"name": "tls", "type": "GRPC_WITH_TLS", "grpcTlsHealthCheck": {"port": 443}}
    made = compute.healthChecks().insert(project=project, body=tls)
    finish(compute.globalOperations(), made.execute(), project=project)

    plain = {"name": "plain", "type": "GRPC", "grpcTlsHealthCheck": {"port": 443}}
    with pytest.raises(HttpError) as caught:
        compute.healthChecks().insert(project=project, body=plain).execute()

    assert "must match the type" in error_of(caught)["message"]


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


@pytest.mark.parametrize("region", sorted(places.REGIONS))
def test_a_region_that_a_spec_may_name_has_its_zones(
    compute: Any, project: str, region: str
) -> None:
    """Else what `meshwright validate` takes would be refused here, and only here."""
    found = compute.regions().get(project=project, region=region).execute()

    named = [link.rpartition("/")[2] for link in found["zones"]]
    assert named == places.zones(region)
    zone = compute.zones().get(project=project, zone=named[-1]).execute()
    assert zone["region"] == found["selfLink"]
