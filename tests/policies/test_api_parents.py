"""MESH-19 for the Gateway API: a route's parents are there and take it."""

import dataclasses

import pytest

from meshwright_policies.mesh_references import hosts_and_gateways_exist as rule
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.gateway_api import (
    API,
    FRONT,
    SERVICE,
    SHOP,
    api_gateway,
    api_route,
    listener,
    taking,
)
from tests.policies.mesh_resources import (
    CORE,
    namespace,
    open_,
    planned,
    service,
    what,
    wrong,
)
from tests.policies.resources import made

CHECKOUT = service("checkout")
TEAM = {"matchLabels": {"team": "shop"}}
PARENT = "spec.parentRefs[0]"


def by_name(operator: str, *names: str) -> dict:
    """A selector of namespaces by the label that Kubernetes gives each of them."""
    label = "kubernetes.io/metadata.name"
    chosen = {"key": label, "operator": operator, "values": list(names)}
    return taking("Selector", matchExpressions=[chosen])


@pytest.mark.parametrize(
    "resources",
    [
        [api_route(FRONT), api_gateway()],
        [api_route({"name": "front"}, home="edge"), api_gateway(listener())],
        [api_route(FRONT | {"sectionName": "https", "port": 443}), api_gateway()],
        [
            api_route(FRONT | {"port": 443}),
            api_gateway(listener("HTTP", "http"), listener(**taking("All"))),
        ],
        [api_route(FRONT), api_gateway(listener(**by_name("In", "shop")))],
        [api_route(FRONT), api_gateway(listener(**by_name("NotIn", "stock")))],
        [
            api_route(FRONT),
            api_gateway(listener(**taking("Selector", **TEAM))),
            namespace("shop", {"team": "shop"}),
        ],
        [
            api_route(FRONT),
            api_gateway(listener(**taking("Selector", **TEAM))),
            namespace("shop", {}),
            made(
                f"{CORE}:NamespacePatch",
                {"metadata": {"name": "shop", "labels": {"team": "shop"}}},
                cluster="east",
            ),
        ],
        [
            api_route(FRONT, hostnames=[SHOP]),
            api_gateway(listener(hostname="*.example.com", **taking("All"))),
        ],
        [
            api_route(FRONT, hostnames=["*.com"]),
            api_gateway(listener(hostname=SHOP, **taking("All"))),
        ],
        [api_route(FRONT), api_gateway(listener(hostname=SHOP, **taking("All")))],
        [
            api_route(FRONT, hostnames=[SHOP, "a.net"]),
            api_gateway(
                listener(hostname=SHOP, **taking("All")),
                listener(name="other", hostname="*.net", **taking("All")),
            ),
        ],
        [api_route(SERVICE, FRONT, hostnames=[SHOP]), CHECKOUT, api_gateway()],
        # What another stack may make.
        [api_route(FRONT), CHECKOUT],
        [api_route(FRONT), CHECKOUT, api_gateway(home="other")],
        [api_route(FRONT), api_gateway(listener(**taking("Selector", **TEAM)))],
        [
            api_route(FRONT | {"kind": "ListenerSet", "group": "gateway.networking.x-k8s.io"}),
            api_gateway(name="b"),
        ],
        [api_route(SERVICE | {"name": "cart"}), CHECKOUT],
    ],
)
def test_a_route_that_is_taken_holds(resources: list[Resource]) -> None:
    assert wrong(rule, *resources) == open_(rule, *resources) == []


@pytest.mark.parametrize(
    ("resources", "where", "said"),
    [
        (
            [api_route(FRONT), api_gateway(name="a")],
            PARENT,
            "edge/front is no Gateway of this cluster",
        ),
        ([api_route({"name": "front"}), api_gateway()], PARENT, "shop/front is no Gateway"),
        (
            [api_route(FRONT | {"sectionName": "htps"}), api_gateway()],
            f"{PARENT}.sectionName",
            "'htps' is no listener of edge/front. Name one of its listeners: https",
        ),
        (
            [api_route(FRONT | {"port": 8443}), api_gateway()],
            f"{PARENT}.port",
            "8443 is the port of no",
        ),
        (
            [
                api_route(FRONT | {"sectionName": "http", "port": 443}),
                api_gateway(listener("HTTP", "http"), listener()),
            ],
            f"{PARENT}.port",
            "443 is the port of no listener of edge/front that is meant",
        ),
        ([api_route(FRONT), api_gateway(listener())], PARENT, "takes no routes of namespace shop"),
        (
            [
                api_route(FRONT | {"sectionName": "http"}),
                api_gateway(listener("HTTP", "http"), listener(**taking("All"))),
            ],
            PARENT,
            "takes no routes of namespace shop",
        ),
        (
            [api_route(FRONT), api_gateway(listener(**by_name("In", "stock")))],
            PARENT,
            "namespace shop",
        ),
        (
            [api_route(FRONT), api_gateway(listener(**by_name("NotIn", "shop")))],
            PARENT,
            "namespace shop",
        ),
        (
            [
                api_route(FRONT),
                api_gateway(listener(**taking("Selector", **TEAM))),
                namespace("shop", {"team": "stock"}),
            ],
            PARENT,
            "namespace shop",
        ),
        (
            [
                api_route(FRONT, hostnames=[SHOP]),
                api_gateway(listener(hostname="*.net", **taking("All"))),
            ],
            "spec.hostnames",
            f"no listener of edge/front that takes this route serves {SHOP}",
        ),
        (
            [
                api_route(FRONT, hostnames=[SHOP, "shop.exmaple.com"]),
                api_gateway(listener(hostname="*.example.com", **taking("All"))),
            ],
            "spec.hostnames[1]",
            "'shop.exmaple.com' is served by none",
        ),
        ([api_route(SERVICE | {"port": 80}), CHECKOUT], f"{PARENT}.port", "80 is no port of"),
    ],
)
def test_a_parent_that_does_not_take_the_route_is_found(
    resources: list[Resource], where: str, said: str
) -> None:
    assert wrong(rule, *resources) == [("route", where)]
    assert open_(rule, *resources) == []
    assert said in what(rule, *resources)


@pytest.mark.parametrize("kind", ["v1:GRPCRoute", "v1alpha2:TCPRoute", "v1alpha3:TLSRoute"])
def test_all_kinds_of_routes_are_judged(kind: str) -> None:
    found = wrong(rule, api_route(FRONT, kind=kind), api_gateway(listener()))

    assert found == [("route", PARENT)]


@pytest.mark.parametrize(
    ("resources", "where"),
    [
        ([planned(f"{API}/v1:HTTPRoute", "route")], "spec"),
        ([api_route(parentRefs=UNKNOWN)], "spec.parentRefs"),
        ([api_route(FRONT), planned(f"{API}/v1:Gateway", "front")], PARENT),
        ([api_route(FRONT | {"name": UNKNOWN}), api_gateway()], PARENT),
        ([api_route(FRONT | {"sectionName": UNKNOWN}), api_gateway()], PARENT),
        ([api_route(FRONT), api_gateway(listener(allowedRoutes=UNKNOWN))], PARENT),
        (
            [
                api_route(FRONT),
                api_gateway(listener(**taking("Selector", **TEAM))),
                namespace("shop", UNKNOWN),
            ],
            PARENT,
        ),
        (
            [
                api_route(FRONT, hostnames=UNKNOWN),
                api_gateway(listener(hostname=SHOP, **taking("All"))),
            ],
            PARENT,
        ),
        (
            [
                api_route(FRONT, hostnames=[SHOP, UNKNOWN]),
                api_gateway(listener(hostname=SHOP, **taking("All"))),
            ],
            "spec.hostnames[1]",
        ),
    ],
)
def test_an_unknown_reference_of_the_gateway_api_is_judged_later(
    resources: list[Resource], where: str
) -> None:
    assert wrong(rule, *resources) == []
    assert open_(rule, *resources) == [("route", where)]


def test_a_gateway_that_is_patched_is_there_and_may_take_more() -> None:
    whole = api_gateway(listener())
    patch = dataclasses.replace(whole, type=f"{whole.type}Patch")

    assert wrong(rule, api_route(FRONT), patch) == []
    assert wrong(rule, api_route(FRONT), whole, patch) == []
