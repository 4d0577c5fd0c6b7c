"""MESH-19 for VirtualServices that others delegate to."""

import dataclasses

import pytest

from meshwright_policies.mesh_references import hosts_and_gateways_exist as rule
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import NETWORKING, open_, planned, thing, what, wrong

ROUTE = f"{NETWORKING}:VirtualService"
WHERE = "spec.http[0].delegate"


def root(delegate: object, home: object = "edge") -> Resource:
    spec = {"hosts": ["shop.example.com"], "http": [{"delegate": delegate}]}
    return thing(ROUTE, "root", spec, namespace=home)


def delegate(name: object = "checkout", *, home: object = "shop", **spec: object) -> Resource:
    to = {"destination": {"host": "checkout"}}
    return thing(ROUTE, name, {"http": [{"route": [to]}]} | spec, namespace=home)


TO_CHECKOUT = {"name": "checkout", "namespace": "shop"}


@pytest.mark.parametrize(
    "resources",
    [
        [root(TO_CHECKOUT), delegate()],
        [root({"name": "checkout"}, "shop"), delegate(exportTo=["."])],
        [root(TO_CHECKOUT), delegate(exportTo=["*"])],
        [root(TO_CHECKOUT), delegate(exportTo=["web", "edge"])],
        [root(TO_CHECKOUT), dataclasses.replace(delegate(), type=f"{ROUTE}Patch")],
        # What another stack may make.
        [root(TO_CHECKOUT)],
        [root({"name": "checkout"})],
        [root(TO_CHECKOUT), delegate(home="other")],
    ],
)
def test_a_delegate_that_takes_over_holds(resources: list[Resource]) -> None:
    assert wrong(rule, *resources) == open_(rule, *resources) == []


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ([root(TO_CHECKOUT), delegate("chekout")], "shop/checkout is no VirtualService"),
        ([root({"name": "checkout"}), delegate()], "edge/checkout is no VirtualService"),
        ([root(TO_CHECKOUT), delegate(hosts=["a"])], "shop/checkout has hosts"),
        ([root(TO_CHECKOUT), delegate(gateways=["mesh"])], "shop/checkout has gateways"),
        ([root(TO_CHECKOUT), delegate(exportTo=["."])], "is not exported to namespace edge"),
        ([root(TO_CHECKOUT), delegate(exportTo=["web"])], "is not exported to namespace edge"),
        ([root(TO_CHECKOUT), delegate(http=[{"delegate": {"name": "b"}}])], "delegates in turn"),
    ],
)
def test_a_delegate_that_takes_nothing_over_is_found(resources: list[Resource], said: str) -> None:
    assert ("root", WHERE) in wrong(rule, *resources)
    assert said in what(rule, *resources)


@pytest.mark.parametrize(
    "resources",
    [
        [root(UNKNOWN)],
        [root({"name": UNKNOWN}), delegate()],
        [root(TO_CHECKOUT), planned(ROUTE, "checkout")],
        [root(TO_CHECKOUT), delegate(hosts=UNKNOWN)],
        [root(TO_CHECKOUT), delegate(gateways=UNKNOWN)],
        [root(TO_CHECKOUT), delegate(exportTo=UNKNOWN)],
        [root(TO_CHECKOUT), delegate(exportTo=["web", UNKNOWN])],
        [root(TO_CHECKOUT, UNKNOWN), delegate(exportTo=["web"])],
    ],
)
def test_an_unknown_delegate_is_judged_later(resources: list[Resource]) -> None:
    assert wrong(rule, *resources) == []
    assert ("root", WHERE) in open_(rule, *resources)
