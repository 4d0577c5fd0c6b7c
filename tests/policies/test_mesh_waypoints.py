"""MESH-06: a policy for a waypoint names its callers, who are workloads of the mesh."""

import pytest

from meshwright_policies.mesh_authorization import named_callers
from meshwright_policies.rule import Resource
from tests.policies.mesh_resources import SECURITY, thing, wrong

ANYBODY = {"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]}
BY_REFERENCE = {"targetRefs": [{"kind": "Gateway", "name": "front"}]}
BY_LABEL = {"selector": {"matchLabels": {"gateway.networking.k8s.io/gateway-name": "front"}}}


def gateway(kind: str, home: str = "shop", protocol: str = "") -> Resource:
    spec = {"gatewayClassName": kind} | (
        {"listeners": [{"protocol": protocol}]} if protocol else {}
    )
    return thing("kubernetes:gateway.networking.k8s.io/v1:Gateway", "front", spec, namespace=home)


def policy(target: dict) -> Resource:
    return thing(f"{SECURITY}:AuthorizationPolicy", "rule", ANYBODY | target)


@pytest.mark.parametrize("target", [BY_REFERENCE, BY_LABEL], ids=["reference", "label"])
@pytest.mark.parametrize(
    "waypoint",
    [
        gateway("istio-waypoint"),
        gateway("istio-agentgateway-waypoint"),
        gateway("ours", protocol="HBONE"),
    ],
    ids=["Istio's", "agentgateway", "a class of one's own"],
)
def test_callers_of_a_waypoint_are_named(target: dict, waypoint: Resource) -> None:
    found = wrong(named_callers, waypoint, policy(target))

    assert found == [("rule", "spec.rules[0].from")]


@pytest.mark.parametrize("target", [BY_REFERENCE, BY_LABEL], ids=["reference", "label"])
@pytest.mark.parametrize(
    "around",
    [
        [],
        [gateway("istio", protocol="HTTPS")],
        [gateway("istio-waypoint", "edge")],
        [gateway("istio-east-west", protocol="HBONE")],
    ],
    ids=["made elsewhere", "gateway", "waypoint of another namespace", "between clusters"],
)
def test_callers_of_a_gateway_need_no_names(target: dict, around: list[Resource]) -> None:
    assert wrong(named_callers, *around, policy(target)) == []
