"""MESH-07, 08, 15 and 20: who gets a proxy, what goes around it, and who says so."""

import dataclasses

import pytest

from meshwright_policies.mesh_injection import (
    gateway_label,
    injected_workloads,
    no_way_around_the_proxy,
    one_injection_owner,
)
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import (
    CORE,
    NETWORKING,
    deployment,
    namespace,
    open_,
    planned,
    thing,
    what,
    wrong,
)
from tests.policies.resources import made, not_known, places

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
MESH = thing(f"{NETWORKING}:VirtualService", "route")
INJECT = "sidecar.istio.io/inject"
TEMPLATE = "spec.template.metadata"
ENABLED = {"istio-injection": "enabled"}


@pytest.mark.parametrize(
    "resources",
    [
        [MESH, namespace("shop", ENABLED), deployment("a")],
        [MESH, namespace("shop", {"istio.io/rev": "asm-managed"}), deployment("a")],
        [MESH, namespace("shop", {"istio.io/dataplane-mode": "ambient"}), deployment("a")],
        [MESH, namespace("shop"), deployment("a", labels={INJECT: "true"})],
        [MESH, namespace("shop"), deployment("a", labels={"istio.io/rev": "stable"})],
        [MESH, namespace("shop"), deployment("agent", hostNetwork=True)],
        [MESH, namespace("tools")],
        [MESH, namespace("kube-system"), deployment("dns", home="kube-system")],
        [MESH, deployment("a", home="made-elsewhere")],
        [namespace("shop"), deployment("a", labels={INJECT: "false"})],
        [MESH, namespace("shop", cluster="west"), deployment("a", cluster="west")],
    ],
    ids=[
        "label", "revision", "ambient", "pod's label", "pod's revision", "host network",
        "no workload", "system", "foreign namespace", "no mesh", "other cluster has no mesh",
    ],
)  # fmt: skip
def test_workloads_with_a_proxy_hold(resources: list[Resource]) -> None:
    assert wrong(injected_workloads, *resources) == []


def test_a_workload_without_a_namespace_is_in_the_default_one() -> None:
    resources = [MESH, namespace("default"), deployment("a", home=None)]

    assert wrong(injected_workloads, *resources) == [("default", "metadata.labels")]


def test_a_namespace_with_workloads_and_no_label_is_found_once() -> None:
    resources = [MESH, namespace("shop", {"team": "a"}), deployment("a"), deployment("b")]

    assert wrong(injected_workloads, *resources) == [("shop", "metadata.labels")]
    assert "istio.io/rev" in what(injected_workloads, *resources)


@pytest.mark.parametrize("place", ["labels", "annotations"])
def test_a_pod_that_refuses_its_proxy_is_found(place: str) -> None:
    refusing = deployment("a", **{place: {INJECT: "false"}})
    found = wrong(injected_workloads, MESH, namespace("shop", ENABLED), refusing)

    assert found == [("a", f'{TEMPLATE}.{place}["{INJECT}"]')]


@pytest.mark.parametrize("word", ["no", "False", "disabled"])
def test_every_word_that_istio_takes_for_no_is_found(word: str) -> None:
    refusing = deployment("a", labels={INJECT: word})

    assert wrong(injected_workloads, MESH, namespace("shop", ENABLED), refusing) == [
        ("a", f'{TEMPLATE}.labels["{INJECT}"]')
    ]


def test_a_label_that_asks_for_a_proxy_outdoes_the_annotation() -> None:
    asking = deployment("a", labels={INJECT: "true"}, annotations={INJECT: "false"})

    assert wrong(injected_workloads, MESH, namespace("shop", ENABLED), asking) == []


def test_a_patch_that_refuses_the_proxy_is_found_and_one_that_says_nothing_is_not() -> None:
    def patch(**labels: str) -> Resource:
        return dataclasses.replace(deployment("a", labels=labels), type=f"{DEPLOYMENT}Patch")

    home = namespace("shop", {"team": "a"})

    assert wrong(injected_workloads, MESH, home, patch(**{INJECT: "false"})) == [
        ("a", f'{TEMPLATE}.labels["{INJECT}"]')
    ]
    assert wrong(injected_workloads, MESH, home, patch(app="a")) == []


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([namespace("shop", UNKNOWN), deployment("a")], ("shop", "metadata.labels")),
        ([planned(DEPLOYMENT, "a")], ("a", "spec")),
        ([namespace("default"), deployment("a", home=UNKNOWN)], ("a", "metadata.namespace")),
        (
            [namespace("shop", ENABLED), deployment("a", labels={INJECT: UNKNOWN})],
            ("a", f'{TEMPLATE}.labels["{INJECT}"]'),
        ),
    ],
)
def test_unknown_injection_is_judged_later(resources: list[Resource], expected: tuple) -> None:
    assert wrong(injected_workloads, MESH, *resources) == []
    assert open_(injected_workloads, MESH, *resources) == [expected]


GATEWAY_LABELS = {"istio": "ingressgateway"}
GATEWAY_POD = {"inject.istio.io/templates": "gateway"}
PROXY = [{"name": "istio-proxy", "image": "gcr.io/istio-release/proxyv2:1.31.1"}]


@pytest.mark.parametrize(
    "resource",
    [
        deployment("front", labels=GATEWAY_LABELS, annotations=GATEWAY_POD),
        deployment("front", labels=GATEWAY_LABELS, containers=PROXY),
        deployment("shop"),
    ],
    ids=["template", "proxy image", "other label"],
)
def test_the_gateway_label_on_gateways_holds(resource: Resource) -> None:
    assert wrong(gateway_label, resource) == []


def test_the_gateway_label_on_another_pod_is_found() -> None:
    pod = made(f"{CORE}:Pod", {"metadata": {"labels": GATEWAY_LABELS}, "spec": {}})

    assert wrong(gateway_label, pod) == [("", "metadata.labels.istio")]
    assert places(gateway_label, DEPLOYMENT, deployment("a", labels=GATEWAY_LABELS).properties) == [
        f"{TEMPLATE}.labels.istio"
    ]


def test_an_unknown_gateway_label_is_judged_later() -> None:
    pod = {"metadata": {"labels": {"istio": UNKNOWN}}, "spec": {}}

    assert not_known(gateway_label, f"{CORE}:Pod", pod) == ["metadata.labels"]


TRAFFIC = "traffic.sidecar.istio.io"


@pytest.mark.parametrize(
    "annotations",
    [
        None,
        {"prometheus.io/scrape": "true"},
        {f"{TRAFFIC}/includeInboundPorts": "*"},
        {f"{TRAFFIC}/excludeOutboundPorts": ""},
        {"sidecar.istio.io/interceptionMode": "TPROXY"},
    ],
)
def test_a_pod_whose_traffic_all_meets_the_proxy_holds(annotations: object) -> None:
    assert wrong(no_way_around_the_proxy, deployment("a", annotations=annotations)) == []


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (f"{TRAFFIC}/excludeInboundPorts", "8081"),
        (f"{TRAFFIC}/excludeOutboundPorts", "5432,6379"),
        (f"{TRAFFIC}/excludeOutboundIPRanges", "10.0.0.0/8"),
        (f"{TRAFFIC}/includeInboundPorts", ""),
        (f"{TRAFFIC}/includeOutboundIPRanges", "10.0.0.0/8"),
        ("sidecar.istio.io/interceptionMode", "NONE"),
        ("ambient.istio.io/bypass-inbound-capture", "true"),
    ],
)
def test_a_way_around_the_proxy_is_found(annotation: str, value: str) -> None:
    properties = {
        "spec": {
            "jobTemplate": {
                "spec": {"template": {"metadata": {"annotations": {annotation: value}}}}
            }
        }
    }

    assert places(no_way_around_the_proxy, "kubernetes:batch/v1:CronJob", properties) == [
        f'spec.jobTemplate.spec.template.metadata.annotations["{annotation}"]'
    ]


@pytest.mark.parametrize(
    ("annotations", "where"),
    [
        (UNKNOWN, f"{TEMPLATE}.annotations"),
        (
            {f"{TRAFFIC}/excludeInboundPorts": UNKNOWN},
            f'{TEMPLATE}.annotations["{TRAFFIC}/excludeInboundPorts"]',
        ),
    ],
)
def test_unknown_annotations_are_judged_later(annotations: object, where: str) -> None:
    resource = deployment("a", annotations=annotations)

    assert not_known(no_way_around_the_proxy, DEPLOYMENT, resource.properties) == [where]


def patch(name: str, labels: object, cluster: str = "east") -> Resource:
    metadata = {"name": name, "labels": labels}
    type_ = f"{CORE}:NamespacePatch"
    return made(type_, {"metadata": metadata}, name="patch", cluster=cluster)


@pytest.mark.parametrize(
    "resources",
    [
        [namespace("shop", ENABLED), namespace("tools", {"istio.io/rev": "stable"})],
        [namespace("shop", ENABLED), patch("shop", {"team": "a"})],
        [namespace("shop", {"team": "a"}), patch("shop", ENABLED)],
        [namespace("shop", ENABLED), patch("shop", ENABLED, cluster="west")],
    ],
    ids=["two namespaces", "other label", "patch alone", "other cluster"],
)
def test_one_owner_of_one_kind_holds(resources: list[Resource]) -> None:
    assert wrong(one_injection_owner, *resources) == []


def test_two_kinds_of_injection_labels_are_found() -> None:
    both = namespace("shop", ENABLED | {"istio.io/rev": "asm-managed"})

    assert wrong(one_injection_owner, both) == [("shop", 'metadata.labels["istio.io/rev"]')]
    assert "beside istio-injection" in what(one_injection_owner, both)


def test_two_owners_of_the_injection_label_are_found() -> None:
    resources = [namespace("shop", ENABLED), patch("shop", {"istio.io/rev": "canary"})]

    assert wrong(one_injection_owner, *resources) == [("patch", "metadata.labels")]
    assert "that shop sets already" in what(one_injection_owner, *resources)


@pytest.mark.parametrize(
    "resource", [namespace("shop", UNKNOWN), planned(f"{CORE}:Namespace", "shop")]
)
def test_unknown_labels_of_a_namespace_are_judged_later(resource: Resource) -> None:
    assert wrong(one_injection_owner, resource) == []
    assert open_(one_injection_owner, resource) == [("shop", "metadata.labels")]
