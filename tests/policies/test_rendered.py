"""MESH-18 and 19 wait for what charts and manifests have not rendered yet."""

import dataclasses

import pytest

from meshwright_policies.mesh_references import hosts_and_gateways_exist
from meshwright_policies.mesh_subsets import subsets_exist
from meshwright_policies.rule import Resource, Rule
from meshwright_policies.values import UNKNOWN
from tests.policies.gateway_api import FRONT, api_gateway, api_route, backend
from tests.policies.mesh_resources import NETWORKING, open_, service, thing, wrong
from tests.policies.resources import made

TYPES = [
    "kubernetes:helm.sh/v3:Chart",
    "kubernetes:helm.sh/v4:Chart",
    "kubernetes:yaml:ConfigFile",
    "kubernetes:yaml:ConfigGroup",
    "kubernetes:yaml/v2:ConfigFile",
    "kubernetes:yaml/v2:ConfigGroup",
    "kubernetes:kustomize:Directory",
    "kubernetes:kustomize/v2:Directory",
]


def virtual_service(**rule: object) -> Resource:
    return thing(f"{NETWORKING}:VirtualService", "route", {"hosts": ["a.com"], "http": [rule]})


def to(host: str, **more: object) -> Resource:
    return virtual_service(route=[{"destination": {"host": host} | more}])


DELEGATE = thing(f"{NETWORKING}:VirtualService", "cart", {"http": []})
MISSING = [
    (hosts_and_gateways_exist, [to("web"), service("cart")]),
    (hosts_and_gateways_exist, [virtual_service(delegate={"name": "web"}), DELEGATE]),
    (hosts_and_gateways_exist, [api_route(FRONT), api_gateway(name="back")]),
    (hosts_and_gateways_exist, [api_route(rules=[{"backendRefs": [backend()]}]), service("cart")]),
    (subsets_exist, [to("web", subset="v1")]),
]


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize(("rule", "resources"), MISSING)
def test_what_may_yet_be_rendered_is_not_missed(
    rule: Rule, resources: list[Resource], type_: str
) -> None:
    component = made(type_, UNKNOWN, name="parts")
    child = made("kubernetes:core/v1:ConfigMap", {}, name="part", cluster="east")
    rendered = dataclasses.replace(child, urn=child.urn.replace("kube", f"{type_}$kube", 1))

    assert wrong(rule, *resources, component) == []
    assert len(open_(rule, *resources, component)) == 1
    # What stands is judged by what is there.
    assert len(wrong(rule, *resources, component, rendered)) == 1
    assert len(wrong(rule, *resources)) == 1
