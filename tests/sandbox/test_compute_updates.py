"""`update` (PUT) of compute resources: what a request leaves out becomes what it is by default."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.server import finish
from tests.sandbox.vpc import make_network


@pytest.fixture
def network(compute: Any, project: str) -> str:
    """Link of a network."""
    return str(make_network(compute, project))


def _settled(compute: Any, project: str, operation: dict[str, Any]) -> None:
    finish(compute.globalOperations(), operation, project=project)


def test_a_firewall_rule_keeps_its_direction_and_gets_the_default_priority(
    compute: Any, project: str, network: str
) -> None:
    rules = compute.firewalls()
    tcp, everything = [{"IPProtocol": "tcp"}], [{"IPProtocol": "all"}]
    rule = {"name": "out", "network": network, "direction": "EGRESS", "priority": 7}
    _settled(
        compute, project, rules.insert(project=project, body={**rule, "allowed": tcp}).execute()
    )

    body = {"name": "out", "network": network, "denied": everything}
    _settled(compute, project, rules.update(project=project, firewall="out", body=body).execute())

    after = rules.get(project=project, firewall="out").execute()
    assert (after["direction"], after["priority"], after["disabled"]) == ("EGRESS", 1000, False)
    assert after["denied"] == everything
    assert "allowed" not in after
    assert after["destinationRanges"] == ["0.0.0.0/0"]


def test_a_health_check_gets_the_default_times(compute: Any, project: str) -> None:
    checks = compute.healthChecks()
    check = {"name": "check", "type": "TCP", "tcpHealthCheck": {"port": 80}}
    made = checks.insert(project=project, body={**check, "checkIntervalSec": 30}).execute()
    _settled(compute, project, made)

    changed = checks.update(project=project, healthCheck="check", body=check).execute()
    _settled(compute, project, changed)

    after = checks.get(project=project, healthCheck="check").execute()
    times = {key: after[key] for key in ("checkIntervalSec", "timeoutSec", "healthyThreshold")}
    assert times == {"checkIntervalSec": 5, "timeoutSec": 5, "healthyThreshold": 2}


def test_a_health_check_is_of_one_type(compute: Any, project: str) -> None:
    check = {"name": "h", "type": "TCP", "tcpHealthCheck": {"port": 80}}
    for wrong, text in (
        ({"type": None}, "must match the type"),
        ({"type": "GRPC"}, "must match the type"),
        ({"timeoutSec": 10}, "must not be greater than checkIntervalSec"),
    ):
        with pytest.raises(HttpError, match=text):
            compute.healthChecks().insert(project=project, body=check | wrong).execute()


def test_a_backend_service_keeps_its_scheme(compute: Any, project: str) -> None:
    services = compute.backendServices()
    scheme = "INTERNAL_SELF_MANAGED"
    body = {"name": "shop", "loadBalancingScheme": scheme, "protocol": "HTTP2"}
    _settled(compute, project, services.insert(project=project, body=body).execute())

    changed = services.update(project=project, backendService="shop", body={"name": "shop"})
    _settled(compute, project, changed.execute())

    after = services.get(project=project, backendService="shop").execute()
    assert (after["loadBalancingScheme"], after["protocol"]) == (scheme, "HTTP")
    assert after["timeoutSec"] == 30
