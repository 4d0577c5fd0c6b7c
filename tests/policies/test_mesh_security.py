"""MESH-01 and MESH-03: every cluster in the mesh is encrypted and closed by default."""

import pytest

from meshwright_policies.mesh_security import default_deny, strict_mtls
from meshwright_policies.rule import Resource, Rule, Settings
from meshwright_policies.values import UNKNOWN


def thing(
    kind: str, spec: object, *, cluster: str = "east", namespace: object = "istio-system"
) -> Resource:
    properties = {"metadata": {"name": "default", "namespace": namespace}, "spec": spec}
    return Resource(f"urn:{cluster}:{kind}", f"kubernetes:{kind}", kind, properties, cluster)


def strict(mode: object = "STRICT", **where: object) -> Resource:
    return thing("security.istio.io/v1:PeerAuthentication", {"mtls": {"mode": mode}}, **where)


def policy(spec: object, **where: object) -> Resource:
    return thing("security.istio.io/v1:AuthorizationPolicy", spec, **where)


def route(**where: object) -> Resource:
    return thing("networking.istio.io/v1:VirtualService", {}, **where)


def injected(labels: dict[str, str]) -> Resource:
    properties = {"metadata": {"name": "shop", "labels": labels}}
    return Resource("urn:ns", "kubernetes:core/v1:Namespace", "shop", properties, "east")


def urns(rule: Rule, *resources: Resource, settings: Settings | None = None) -> list[str]:
    assert rule.stack_check
    found = rule.stack_check(list(resources), settings or Settings())
    return [violation.urn for violation in found]


WHOLE = [strict(), policy({}), route()]


@pytest.mark.parametrize("rule", [strict_mtls, default_deny], ids=lambda rule: rule.id)
@pytest.mark.parametrize(
    "resources",
    [
        WHOLE,
        [],
        [injected({"team": "shop"})],
        [Resource("urn:c", "gcp:container/cluster:Cluster", "c", {})],
        [strict(namespace=UNKNOWN), policy(UNKNOWN), route()],
        [strict(mode=UNKNOWN), policy({"action": "ALLOW", "rules": UNKNOWN}), route()],
    ],
    ids=["whole", "empty", "no mesh", "no objects", "unknown namespace", "unknown spec"],
)
def test_a_closed_mesh_holds(rule: Rule, resources: list[Resource]) -> None:
    assert urns(rule, *resources) == []


@pytest.mark.parametrize(
    "weak",
    [
        [],
        [strict(namespace="shop")],
        [thing("security.istio.io/v1:PeerAuthentication", {
            "mtls": {"mode": "STRICT"}, "selector": {"matchLabels": {"app": "a"}},
        })],
    ],
    ids=["none", "other namespace", "one workload"],
)  # fmt: skip
def test_a_mesh_without_mesh_wide_strict_mtls_is_found(weak: list[Resource]) -> None:
    assert urns(strict_mtls, *weak, policy({}), route())


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DISABLE", "UNSET", None])
def test_a_weaker_mesh_wide_mode_is_found_even_beside_a_strict_one(mode: object) -> None:
    weak = strict(mode)

    assert urns(strict_mtls, strict(), weak, route()) == [weak.urn]


@pytest.mark.parametrize(
    "open_",
    [
        [],
        [policy({}, namespace="shop")],
        [policy({"selector": {"matchLabels": {"app": "a"}}})],
        [policy({"rules": [{}]})],
        [policy({"action": "DENY"})],
    ],
    ids=["none", "other namespace", "one workload", "allows all", "denies nothing"],
)
def test_a_mesh_that_is_open_by_default_is_found(open_: list[Resource]) -> None:
    assert urns(default_deny, strict(), *open_, route())


@pytest.mark.parametrize(
    "labels", [{"istio-injection": "enabled"}, {"istio.io/rev": "asm-managed"}]
)
def test_an_injected_namespace_alone_makes_its_cluster_a_mesh(labels: dict[str, str]) -> None:
    assert urns(strict_mtls, injected(labels)) == ["urn:ns"]


def test_each_cluster_answers_for_itself() -> None:
    other = route(cluster="west")

    assert urns(default_deny, *WHOLE, other) == [other.urn]


def test_the_root_namespace_can_be_named() -> None:
    settings = Settings(root_namespace="mesh-root")

    assert urns(strict_mtls, *WHOLE, settings=settings)
    assert not urns(strict_mtls, strict(namespace="mesh-root"), route(), settings=settings)
