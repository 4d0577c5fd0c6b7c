"""MESH-07 and 20: which of several labels counts, as the selectors of Istio's webhooks have it."""

import pytest

from meshwright_policies.mesh_injection import injected_workloads, one_injection_owner
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import (
    CORE,
    NETWORKING,
    deployment,
    namespace,
    open_,
    thing,
    what,
    wrong,
)
from tests.policies.resources import made

MESH = thing(f"{NETWORKING}:VirtualService", "route")
INJECT = "sidecar.istio.io/inject"
AMBIENT = "istio.io/dataplane-mode"
OFF = {"istio-injection": "disabled"}


def patch(labels: object) -> Resource:
    properties = {"metadata": {"name": "shop", "labels": labels}}
    return made(f"{CORE}:NamespacePatch", properties, name="patch", cluster="east")


@pytest.mark.parametrize(
    "labels",
    [{INJECT: "true"}, {"istio.io/rev": "stable"}],
    ids=["pod asks", "pod names a revision"],
)
def test_a_namespace_that_turns_injection_off_outdoes_its_pods(labels: dict) -> None:
    resources = [MESH, namespace("shop", OFF), deployment("a", labels=labels)]

    assert wrong(injected_workloads, *resources) == [("shop", "metadata.labels")]
    assert "istio-injection: disabled" in what(injected_workloads, *resources)


def test_a_namespace_that_turns_injection_off_outdoes_its_own_revision() -> None:
    shop = namespace("shop", OFF | {"istio.io/rev": "stable"})

    assert wrong(injected_workloads, MESH, shop, deployment("a")) == [("shop", "metadata.labels")]


def test_the_label_of_namespaces_does_nothing_on_a_pod() -> None:
    pod = deployment("a", labels={"istio-injection": "enabled"})
    found = wrong(injected_workloads, MESH, namespace("shop"), pod)

    assert found == [("shop", "metadata.labels")]


@pytest.mark.parametrize(
    "labels", [{"istio-injection": "enabled"}, {"istio.io/rev": "stable"}, UNKNOWN]
)
def test_a_patch_brings_a_namespace_into_the_mesh(labels: object) -> None:
    resources = [MESH, namespace("shop", {"team": "a"}), patch(labels), deployment("a")]

    assert wrong(injected_workloads, *resources) == []


def test_a_patch_that_turns_injection_off_is_found_at_its_namespace() -> None:
    resources = [MESH, namespace("shop"), patch(OFF), deployment("a", labels={INJECT: "true"})]

    assert wrong(injected_workloads, *resources) == [("shop", "metadata.labels")]


def test_a_pod_that_leaves_its_ambient_namespaces_mesh_is_found() -> None:
    ambient = namespace("shop", {AMBIENT: "ambient"})
    leaving = deployment("a", labels={AMBIENT: "none"})
    found = wrong(injected_workloads, MESH, ambient, leaving)

    assert found == [("a", f'spec.template.metadata.labels["{AMBIENT}"]')]
    with_sidecar = deployment("b", labels={AMBIENT: "none", INJECT: "true"})
    assert wrong(injected_workloads, MESH, ambient, with_sidecar) == []


@pytest.mark.parametrize("place", ["labels", "annotations"])
@pytest.mark.parametrize(
    ("around", "own"),
    [
        ({AMBIENT: "ambient"}, {}),
        ({}, {AMBIENT: "ambient"}),
        ({AMBIENT: "none"}, {AMBIENT: "ambient"}),
    ],
)
def test_a_pod_of_ambient_mode_may_refuse_a_sidecar(around: dict, own: dict, place: str) -> None:
    refusing = {"labels": own} | {place: (own if place == "labels" else {}) | {INJECT: "false"}}
    resources = [MESH, namespace("shop", around), deployment("a", **refusing)]

    assert wrong(injected_workloads, *resources) == open_(injected_workloads, *resources) == []


def test_whether_a_pod_may_refuse_a_sidecar_is_known_with_its_mode() -> None:
    home = namespace("shop", {AMBIENT: UNKNOWN})
    resources = [MESH, home, deployment("a", labels={INJECT: "false"})]
    where = f'spec.template.metadata.labels["{INJECT}"]'

    assert wrong(injected_workloads, *resources) == []
    assert open_(injected_workloads, *resources) == [("a", where)]


@pytest.mark.parametrize(
    "labels",
    [
        {"istio-injection": "enabled", AMBIENT: "none"},
        {"istio.io/rev": "stable", AMBIENT: "none"},
        OFF | {AMBIENT: "ambient"},
    ],
)
def test_labels_that_say_no_to_the_other_kind_are_no_second_kind(labels: dict) -> None:
    assert wrong(one_injection_owner, namespace("shop", labels)) == []


@pytest.mark.parametrize(
    ("labels", "second"),
    [
        (OFF | {"istio.io/rev": "stable"}, "istio.io/rev"),
        (OFF | {"istio.io/rev": "stable", AMBIENT: "none"}, "istio.io/rev"),
        ({"istio-injection": "enabled", AMBIENT: "ambient"}, AMBIENT),
    ],
)
def test_labels_that_contend_are_found(labels: dict, second: str) -> None:
    found = wrong(one_injection_owner, namespace("shop", labels))

    assert found == [("shop", f'metadata.labels["{second}"]')]
