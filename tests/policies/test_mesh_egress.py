"""MESH-13: REGISTRY_ONLY in the mesh config is no boundary either."""

from typing import Any

import pytest

from meshwright_policies.mesh_egress import egress_boundary
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import namespace, open_, thing, what, wrong
from tests.policies.resources import made

SHOP = namespace("shop", {"istio-injection": "enabled"})
PACKETS = thing(
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "packets",
    {"podSelector": {}, "policyTypes": ["Egress"]},
)
MODE = "outboundTrafficPolicy.mode"


def chart(mode: object, chart: str = "istiod") -> Resource:
    values = {"meshConfig": {"outboundTrafficPolicy": {"mode": mode}}}
    properties = {"chart": chart, "values": values}
    return made("kubernetes:helm.sh/v3:Release", properties, name="mesh", cluster="east")


def config_map(text: object) -> Resource:
    metadata = {"name": "istio-asm-managed", "namespace": "istio-system"}
    properties: dict[str, Any] = {"metadata": metadata, "data": {"mesh": text}}
    return made("kubernetes:core/v1:ConfigMap", properties, name="mesh", cluster="east")


HELD_BY_PROXIES = [
    (chart("REGISTRY_ONLY"), f"values.meshConfig.{MODE}"),
    (config_map("outboundTrafficPolicy: {mode: REGISTRY_ONLY}"), f"data.mesh.{MODE}"),
]


@pytest.mark.parametrize(("holder", "where"), HELD_BY_PROXIES)
def test_a_mesh_whose_packets_may_leave_is_found(holder: Resource, where: str) -> None:
    assert wrong(egress_boundary, SHOP, holder) == [("mesh", where)]
    assert "out of shop" in what(egress_boundary, SHOP, holder)


@pytest.mark.parametrize(("holder", "where"), HELD_BY_PROXIES)
def test_a_mesh_whose_packets_are_held_holds(holder: Resource, where: str) -> None:
    assert wrong(egress_boundary, SHOP, PACKETS, holder) == []


@pytest.mark.parametrize(
    "holder",
    [chart("ALLOW_ANY"), chart(None), chart("REGISTRY_ONLY", "nginx"), config_map("{}")],
)
def test_a_mesh_that_claims_no_boundary_holds(holder: Resource) -> None:
    assert wrong(egress_boundary, SHOP, holder) == []


@pytest.mark.parametrize(
    ("holder", "where"),
    [(chart(UNKNOWN), f"values.meshConfig.{MODE}"), (config_map(UNKNOWN), "data.mesh")],
)
def test_an_unknown_mesh_config_is_judged_later(holder: Resource, where: str) -> None:
    assert wrong(egress_boundary, SHOP, holder) == []
    assert open_(egress_boundary, SHOP, holder) == [("mesh", where)]
