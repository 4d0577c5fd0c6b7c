"""MESH-19 for the Gateway API: the Services that routes send calls to are there and may be."""

import pytest

from meshwright_policies.mesh_references import hosts_and_gateways_exist as rule
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.gateway_api import API, FRONT, SERVICE, api_route, backend, grant
from tests.policies.mesh_resources import CORE, open_, planned, service, thing, what, wrong
from tests.policies.resources import made

CHECKOUT = service("checkout")
STOCK = service("stock", namespace="stock")
BACKEND = "spec.rules[0].backendRefs[0]"
PORT = f"{BACKEND}.port"
LEAVE = f"{BACKEND}.namespace"


def to(*backends: object) -> Resource:
    return api_route(FRONT, rules=[{"backendRefs": list(backends)}])


THERE = backend("stock", namespace="stock")
TO_STOCK = to(THERE)


@pytest.mark.parametrize(
    "resources",
    [
        [api_route(FRONT), CHECKOUT],
        [to(backend("x", kind="ServiceImport", group="net.gke.io")), CHECKOUT],
        [to(backend("bucket", kind="Bucket", group="x.dev")), CHECKOUT],
        [TO_STOCK, STOCK, grant()],
        [TO_STOCK, STOCK, grant(name="stock")],
        # In the mesh nobody asks for leave; elsewhere another stack may give it.
        [api_route(SERVICE, rules=[{"backendRefs": [THERE]}]), CHECKOUT, STOCK],
        [TO_STOCK, CHECKOUT],
        [to(backend("bank", 443)), thing(f"{CORE}:Service", "bank", {"type": "ExternalName"})],
        [to(backend(port=9)), service("checkout", cluster="west", port=9), CHECKOUT],
    ],
)
def test_backends_that_exist_hold(resources: list[Resource]) -> None:
    assert wrong(rule, *resources) == open_(rule, *resources) == []


MIRROR = {"filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": backend("cart")}}]}
MIRRORED = "spec.rules[0].filters[0].requestMirror.backendRef"


@pytest.mark.parametrize(
    ("resources", "where", "said"),
    [
        ([to(backend("cart"))], BACKEND, "shop/cart is no Service of this stack"),
        (
            [to(backend(port=80))],
            PORT,
            "no port of Service shop/checkout. Name one of its",
        ),
        ([api_route(FRONT, rules=[MIRROR])], MIRRORED, "shop/cart is no Service"),
        ([TO_STOCK, STOCK], LEAVE, "'stock' has no ReferenceGrant that lets routes of shop in"),
        ([TO_STOCK, STOCK, grant("edge")], LEAVE, "has no ReferenceGrant"),
        ([TO_STOCK, STOCK, grant(kind="GRPCRoute")], LEAVE, "has no ReferenceGrant"),
        ([TO_STOCK, STOCK, grant(name="cart")], LEAVE, "has no ReferenceGrant"),
        ([TO_STOCK, STOCK, grant(home="edge")], LEAVE, "has no ReferenceGrant"),
    ],
)
def test_a_backend_that_cannot_be_reached_is_found(
    resources: list[Resource], where: str, said: str
) -> None:
    assert wrong(rule, *resources, CHECKOUT) == [("route", where)]
    assert said in what(rule, *resources, CHECKOUT)


@pytest.mark.parametrize(
    ("resources", "where"),
    [
        ([to(backend(UNKNOWN)), CHECKOUT], BACKEND),
        ([to(backend(port=UNKNOWN)), CHECKOUT], PORT),
        ([to(backend("cart")), CHECKOUT, planned(f"{CORE}:Service", "cart")], BACKEND),
        ([TO_STOCK, STOCK, grant(UNKNOWN)], LEAVE),
        ([TO_STOCK, STOCK, planned(f"{API}/v1beta1:ReferenceGrant", "leave")], LEAVE),
    ],
)
def test_an_unknown_backend_is_judged_later(resources: list[Resource], where: str) -> None:
    assert wrong(rule, *resources) == []
    assert open_(rule, *resources) == [("route", where)]


def test_what_a_chart_may_hold_is_not_missed() -> None:
    chart = {"chart": "shop", "namespace": "stock"}
    release = made("kubernetes:helm.sh/v3:Release", chart, cluster="east")

    assert wrong(rule, TO_STOCK, STOCK, release) == []
    assert wrong(rule, to(backend("cart", namespace="stock")), STOCK, release) == []
