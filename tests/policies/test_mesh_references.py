"""MESH-18 and MESH-19: what a route names is there."""

import dataclasses

import pytest

from meshwright_policies.mesh_references import hosts_and_gateways_exist
from meshwright_policies.mesh_subsets import subsets_exist
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import (
    CORE,
    NETWORKING,
    open_,
    planned,
    service,
    thing,
    what,
    wrong,
)
from tests.policies.resources import made

FULL = "checkout.shop.svc.cluster.local"
RULE = f"{NETWORKING}:DestinationRule"


def route(
    host: object = "checkout",
    subset: object = None,
    *,
    home: object = "shop",
    cluster: str = "east",
    **spec: object,
) -> Resource:
    destination = {"host": host} | ({"subset": subset} if subset else {})
    if subset is UNKNOWN:
        destination["subset"] = UNKNOWN
    whole = {"hosts": [host], "http": [{"route": [{"destination": destination}]}]} | spec
    return thing(f"{NETWORKING}:VirtualService", "route", whole, namespace=home, cluster=cluster)


def subsets(
    host: object,
    *names: object,
    home: object = "shop",
    cluster: str = "east",
    name: str = "rule",
    **spec: object,
) -> Resource:
    spec = {"host": host, "subsets": [{"name": name} for name in names]} | spec
    return thing(RULE, name, spec, namespace=home, cluster=cluster)


@pytest.mark.parametrize(
    "resources",
    [
        [route()],
        [route(subset="v1"), subsets("checkout", "v1", "v2")],
        [route(subset="v1"), subsets(FULL, "v1", home="other")],
        [route(FULL, "v1", home="edge"), subsets("checkout", "v1")],
        [route(subset="v1"), subsets("*.shop.svc.cluster.local", "v1")],
        [route(subset="v2"), subsets("checkout", "v1"), subsets(FULL, "v2", name="more")],
    ],
    ids=["no subset", "short", "in full", "both", "wildcard", "two rules"],
)
def test_declared_subsets_hold(resources: list[Resource]) -> None:
    assert wrong(subsets_exist, *resources) == []


SUBSET = "spec.http[0].route[0].destination.subset"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([], "has no DestinationRule in this cluster"),
        ([subsets("checkout", "v1", "v2")], "one of its subsets (v1, v2)"),
        ([subsets("checkout", "v3", home="other")], "has no DestinationRule"),
        ([subsets("checkout", "v3", cluster="west")], "has no DestinationRule"),
    ],
    ids=["none", "other subset", "other namespace", "other cluster"],
)
def test_a_subset_that_nobody_declares_is_found(rules: list[Resource], said: str) -> None:
    resources = [route(subset="v3"), *rules]

    assert wrong(subsets_exist, *resources) == [("route", SUBSET)]
    assert said in what(subsets_exist, *resources)


def kept_to(home: object, exported: object) -> Resource:
    return subsets(FULL, "v1", home=home, exportTo=exported)


@pytest.mark.parametrize("exported", [["."], ["tools"]])
def test_a_rule_that_a_third_namespace_keeps_to_itself_declares_nothing(exported: object) -> None:
    resources = [route(FULL, "v1", home="web"), kept_to("tools", exported)]

    assert wrong(subsets_exist, *resources) == [("route", SUBSET)]
    assert "is for callers of tools alone" in what(subsets_exist, *resources)


@pytest.mark.parametrize(
    "resources",
    [
        [route(FULL, "v1", home="web"), kept_to("web", ["."])],
        [route(FULL, "v1", home="web"), kept_to("shop", ["."])],
        [route(FULL, "v1", home="web"), kept_to("tools", ["*"])],
        [route(FULL, "v1", home="web"), kept_to("tools", [".", "web"])],
        [route(FULL, "v1", home="web"), kept_to(UNKNOWN, ["."])],
        [route(FULL, "v1", home="web"), kept_to("tools", UNKNOWN)],
        [route(FULL, "v1", home="web"), kept_to("tools", [UNKNOWN])],
        [route(FULL, "v1", home="web", exportTo=["tools"]), kept_to("tools", ["."])],
        [route(FULL, "v1", home="web", exportTo=[UNKNOWN]), kept_to("tools", ["."])],
        [route(FULL, "v1", home="web", exportTo=UNKNOWN), kept_to("tools", ["."])],
        [route(FULL, "v1", home="web", gateways=["tools/front"]), kept_to("tools", ["."])],
        [route(FULL, "v1", home="web", gateways=UNKNOWN), kept_to("tools", ["."])],
        [route(FULL, "v1", home="web", hosts=None), kept_to("tools", ["."])],
        [route(FULL, "v1", home="web"), kept_to("tools", ["."]), subsets("checkout", "v1")],
    ],
    ids=[
        "the route's", "the service's", "exported to all", "exported to the callers",
        "of a namespace not known yet", "exported as is not known yet", "partly not known yet",
        "for its callers", "for callers not known yet", "for nobody known yet",
        "at a gateway", "at gateways not known yet",
        "of another route", "beside one that is seen",
    ],
)  # fmt: skip
def test_a_rule_that_callers_may_see_declares(resources: list[Resource]) -> None:
    assert wrong(subsets_exist, *resources) == []


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"mirror": {"host": "x", "subset": "v9"}}, "spec.http[0].mirror.subset"),
        (
            {"mirrors": [{"destination": {"host": "x", "subset": "v9"}}]},
            "spec.http[0].mirrors[0].destination.subset",
        ),
    ],
)
def test_mirrors_need_their_subsets_too(rule: dict, where: str) -> None:
    assert wrong(subsets_exist, route(http=[rule])) == [("route", where)]


@pytest.mark.parametrize(
    "resources",
    [
        [route(subset=UNKNOWN)],
        [route(UNKNOWN, "v1")],
        [route(subset="v1", home=UNKNOWN), subsets("checkout", "v1")],
        [route(subset="v1"), planned(RULE, "rule")],
        [route(subset="v1"), subsets(UNKNOWN, "v1")],
        [route(subset="v1"), subsets("checkout", UNKNOWN)],
    ],
)
def test_an_unknown_subset_is_judged_later(resources: list[Resource]) -> None:
    assert wrong(subsets_exist, *resources) == []
    assert open_(subsets_exist, *resources) == [("route", SUBSET)]


def gateway(
    *hosts: object, home: str = "edge", cluster: str = "east", name: str = "front"
) -> Resource:
    spec = {"servers": [{"hosts": list(hosts)}]}
    return thing(f"{NETWORKING}:Gateway", name, spec, namespace=home, cluster=cluster)


def entry(*hosts: object, cluster: str = "east") -> Resource:
    return thing(f"{NETWORKING}:ServiceEntry", "bank", {"hosts": list(hosts)}, cluster=cluster)


CHECKOUT = service("checkout")
SHOP = "shop.example.com"
PUBLIC = {"hosts": [SHOP], "gateways": ["edge/front"]}
BANK = "api.bank.example.net"


@pytest.mark.parametrize(
    "resources",
    [
        [route(), CHECKOUT],
        [route(FULL, home="edge"), CHECKOUT],
        [route(), service("checkout", cluster="west")],
        [route("elsewhere.other.svc.cluster.local"), CHECKOUT],
        [route(BANK), entry(BANK)],
        [route("a.bank.example.net"), entry("*.bank.example.net")],
        [route("orders.shop.svc.clusterset.local")],
        [route(**PUBLIC), CHECKOUT, gateway(SHOP)],
        [route(**PUBLIC), CHECKOUT, gateway("shop/*.example.com")],
        [route(hosts=["*"], gateways=["edge/front"]), CHECKOUT, gateway(SHOP)],
        [route(hosts=[SHOP], gateways=["front"], home="edge"), gateway(SHOP)],
        [route(hosts=[SHOP], gateways=["./front"], home="edge"), gateway(f"./{SHOP}")],
        [
            route(hosts=[SHOP], gateways=["front.edge.svc.cluster.local"], home="edge"),
            gateway(f"*/{SHOP}"),
        ],
        [route(hosts=[SHOP], gateways=["front.edge"]), CHECKOUT, gateway(SHOP, home="other")],
        [route(hosts=[SHOP, "checkout"], gateways=["mesh", "edge/front"]), CHECKOUT, gateway(SHOP)],
        [route(gateways=["mesh"]), CHECKOUT],
        # Gateways of another stack: there is none of this one where the route looks for it.
        [route(**PUBLIC), CHECKOUT],
        [route(**PUBLIC), CHECKOUT, gateway(SHOP, home="other")],
        [route(hosts=[SHOP], gateways=["front"]), CHECKOUT],
        [route(hosts=[SHOP], gateways=["store/front", "edge/front"]), CHECKOUT, gateway("a.com")],
    ],
)
def test_routes_to_what_exists_hold(resources: list[Resource]) -> None:
    assert wrong(hosts_and_gateways_exist, *resources) == []


def release(home: object, cluster: str = "east") -> Resource:
    properties = {"chart": "redis", "namespace": home}
    return made("kubernetes:helm.sh/v3:Release", properties, name="redis", cluster=cluster)


@pytest.mark.parametrize(
    "resources",
    [
        [route("redis-master"), CHECKOUT],
        [route("redis-master", "v1", home="edge"), subsets("checkout", "v1")],
        [
            route(hosts=[SHOP], gateways=["shop/front"]),
            CHECKOUT,
            gateway(SHOP, home="shop", name="a"),
        ],
    ],
    ids=["Service", "DestinationRule", "Gateway"],
)
def test_what_a_chart_in_the_same_namespace_may_hold_is_not_missed(
    resources: list[Resource],
) -> None:
    """The engine knows of a Helm release no more than its chart and values."""
    for rule in (subsets_exist, hosts_and_gateways_exist):
        homes = [release("shop"), release("edge")]
        assert wrong(rule, *resources, *homes) == open_(rule, *resources, *homes) == []
    unknown = release(UNKNOWN)
    assert wrong(hosts_and_gateways_exist, route("redis"), CHECKOUT, unknown) == []
    assert open_(hosts_and_gateways_exist, route("redis"), CHECKOUT, unknown) == [("route", HOST)]


HOST = "spec.http[0].route[0].destination.host"


@pytest.mark.parametrize(
    ("resources", "where", "said"),
    [
        ([route("chekout"), CHECKOUT], HOST, "chekout.shop.svc.cluster.local"),
        ([route("orders.shop.svc.cluster.local"), CHECKOUT], HOST, "is no Service of this stack"),
        ([route(BANK)], HOST, "Add a ServiceEntry for it"),
        ([route(BANK), entry(BANK, cluster="west")], HOST, "no host of a ServiceEntry"),
        (
            [route(**PUBLIC), CHECKOUT, gateway(SHOP, name="public")],
            "spec.gateways[0]",
            "'edge/front' is no Gateway of this cluster",
        ),
        (
            [route(**PUBLIC), CHECKOUT, gateway(SHOP, cluster="west")],
            "spec.gateways[0]",
            "is no Gateway of this cluster",
        ),
        (
            [route(hosts=[SHOP], gateways=["front"]), CHECKOUT, gateway(SHOP)],
            "spec.gateways[0]",
            "namespace/name",
        ),
        (
            [route(**PUBLIC), CHECKOUT, gateway("store.example.com")],
            "spec.hosts[0]",
            "served by none of the route's gateways",
        ),
        *(
            (
                [route(**PUBLIC), CHECKOUT, gateway(f"{other}/{SHOP}")],
                "spec.hosts[0]",
                "served by none of the route's gateways",
            )
            for other in (".", "store")
        ),
        (
            [route("checkout", hosts=[SHOP], gateways=["./front"]), CHECKOUT, gateway(SHOP)],
            "spec.gateways[0]",
            "is no Gateway of this cluster",
        ),
    ],
)
def test_a_route_to_nowhere_is_found(resources: list[Resource], where: str, said: str) -> None:
    assert ("route", where) in wrong(hosts_and_gateways_exist, *resources)
    assert len(wrong(hosts_and_gateways_exist, *resources)) == 1
    assert open_(hosts_and_gateways_exist, *resources) == []
    assert said in what(hosts_and_gateways_exist, *resources)


@pytest.mark.parametrize(
    ("resources", "where"),
    [
        ([planned(f"{NETWORKING}:VirtualService", "route")], ["spec"]),
        ([route(UNKNOWN, hosts=["checkout"]), CHECKOUT], [HOST]),
        ([route(), service("orders"), planned(f"{CORE}:Service", "checkout")], [HOST]),
        ([route(BANK), planned(f"{NETWORKING}:ServiceEntry", "bank")], [HOST]),
        ([route(gateways=UNKNOWN), CHECKOUT], ["spec.gateways"]),
        (
            [route(**PUBLIC), CHECKOUT, planned(f"{NETWORKING}:Gateway", "front")],
            ["spec.gateways[0]", "spec.hosts[0]"],
        ),
        ([route(**PUBLIC), CHECKOUT, gateway(UNKNOWN)], ["spec.hosts[0]"]),
    ],
)
def test_an_unknown_reference_is_judged_later(resources: list[Resource], where: list[str]) -> None:
    assert wrong(hosts_and_gateways_exist, *resources) == []
    assert open_(hosts_and_gateways_exist, *resources) == [("route", path) for path in where]


def patch(whole: Resource) -> Resource:
    """What changes a part of an object that another stack makes."""
    return dataclasses.replace(whole, type=f"{whole.type}Patch")


@pytest.mark.parametrize(
    "resources",
    [
        [route(hosts=[SHOP], gateways=["edge/front"]), CHECKOUT, patch(gateway())],
        [route("orders"), service("checkout", namespace="other"), patch(service("orders"))],
        [route("orders"), patch(service("cart"))],
        [route(BANK), patch(entry(BANK))],
        [patch(route(BANK))],
    ],
    ids=["gateway", "service", "a service beside", "entry", "route"],
)
def test_what_is_patched_is_there(resources: list[Resource]) -> None:
    assert wrong(hosts_and_gateways_exist, *resources) == []


def test_a_patched_route_leads_to_what_exists_too() -> None:
    assert wrong(hosts_and_gateways_exist, patch(route("chekout")), CHECKOUT) == [("route", HOST)]


def test_subsets_of_patches_count() -> None:
    added = {"spec": {"subsets": [{"name": "v2"}]}, "metadata": {"name": "rule"}}
    more = dataclasses.replace(subsets("checkout"), type=f"{RULE}Patch", properties=added)
    declared = subsets("checkout", "v1")

    assert wrong(subsets_exist, route(subset="v2"), declared, more) == []
    assert wrong(subsets_exist, patch(route(subset="v2")), declared) == [("route", SUBSET)]
    # Its DestinationRule may be of the stack that makes the route.
    assert wrong(subsets_exist, patch(route(subset="v2"))) == []
