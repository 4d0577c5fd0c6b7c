"""COMPAT-01 to 03: what Google's control planes do not take, and those that do not last."""

import dataclasses

import pytest

from meshwright_policies.compat import (
    no_attached_eks_or_aks,
    no_istiod_on_gke,
    taken_by_traffic_director,
)
from meshwright_policies.rule import CLUSTER, Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.mesh_resources import (
    CORE,
    NETWORKING,
    deployment,
    namespace,
    open_,
    planned,
    service,
    thing,
    what,
    wrong,
)
from tests.policies.resources import made, not_known, places, violations

TELEMETRY = "kubernetes:telemetry.istio.io/v1:Telemetry"
WASM = "kubernetes:extensions.istio.io/v1alpha1:WasmPlugin"
ENVOY_FILTER = "kubernetes:networking.istio.io/v1alpha3:EnvoyFilter"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
RULE = f"{NETWORKING}:DestinationRule"
ENTRY = f"{NETWORKING}:ServiceEntry"
RELEASE = "kubernetes:helm.sh/v3:Release"
MANAGED = namespace("shop", {"istio.io/rev": "asm-managed-stable"})
LOCALITY = {"loadBalancer": {"localityLbSetting": {"enabled": True}}}
GOOGLE = "https://docs.cloud.google.com/service-mesh/docs/onboarding/api-support"


def envoy_filter(apply_to: object = "HTTP_FILTER", operation: object = "INSERT_BEFORE") -> Resource:
    patch = {"applyTo": apply_to, "patch": {"operation": operation}}
    return thing(ENVOY_FILTER, "it", {"configPatches": [patch]})


def rule(host: object = "checkout", **spec: object) -> Resource:
    return thing(RULE, "it", {"host": host} | spec)


def subset(**more: object) -> dict:
    return {"subsets": [{"name": "v1"} | more]}


def tracing(rate: object) -> Resource:
    return thing(TELEMETRY, "it", {"tracing": [{"randomSamplingPercentage": rate}]})


def secret(labels: object) -> Resource:
    metadata = {"name": "it", "namespace": "istio-system", "labels": labels}
    return made(f"{CORE}:Secret", {"metadata": metadata}, name="it", cluster="east")


def mesh_config(text: object) -> Resource:
    metadata = {"name": "istio-asm-managed", "namespace": "istio-system"}
    properties = {"metadata": metadata, "data": {"mesh": text}}
    return made(f"{CORE}:ConfigMap", properties, name="it", cluster="east")


TAKEN = [
    envoy_filter(),
    thing(TELEMETRY, "it", {"tracing": [{"providers": [{"name": "stackdriver"}]}]}),
    rule(trafficPolicy={"loadBalancer": {"simple": "LEAST_REQUEST"}}),
    rule(**subset()),
    thing(ENTRY, "it", {"hosts": ["a.example.com"], "location": "MESH_EXTERNAL"}),
    secret({"app": "shop"}),
    thing(INGRESS, "it", {"ingressClassName": "gce"}),
    deployment("it", annotations={"proxy.istio.io/config": "concurrency: 2"}),
    mesh_config("accessLogFile: /dev/stdout"),
]
PROXY_CONFIG = 'spec.template.metadata.annotations["proxy.istio.io/config"]'
NOT_TAKEN = [
    (envoy_filter("CLUSTER"), "spec.configPatches[0].applyTo"),
    (envoy_filter(operation="MERGE"), "spec.configPatches[0].patch.operation"),
    (thing(ENVOY_FILTER, "it", {"targetRefs": [{"kind": "Gateway"}]}), "spec.targetRefs"),
    (thing(WASM, "it"), "kind"),
    (tracing(5), "spec.tracing[0].randomSamplingPercentage"),
    (rule(trafficPolicy=LOCALITY), "spec.trafficPolicy.loadBalancer.localityLbSetting"),
    (
        rule(**subset(trafficPolicy=LOCALITY)),
        "spec.subsets[0].trafficPolicy.loadBalancer.localityLbSetting",
    ),
    (rule("checkout.other.svc.cluster.local", **subset()), "spec.subsets"),
    (rule("orders", **subset()), "spec.subsets"),
    (thing(ENTRY, "it", {"workloadSelector": {"labels": {}}}), "spec.workloadSelector"),
    (thing(ENTRY, "it", {"location": "MESH_INTERNAL"}), "spec.location"),
    (secret({"istio/multiCluster": "true"}), 'metadata.labels["istio/multiCluster"]'),
    (thing(INGRESS, "it", {"ingressClassName": "istio"}), "spec.ingressClassName"),
    (
        thing(INGRESS, "it", annotations={"kubernetes.io/ingress.class": "istio"}),
        'metadata.annotations["kubernetes.io/ingress.class"]',
    ),
    (
        deployment("it", annotations={"proxy.istio.io/config": "tracing: {sampling: 10}"}),
        PROXY_CONFIG,
    ),
    (mesh_config("localityLbSetting: {enabled: true}"), "data.mesh.localityLbSetting"),
    (
        mesh_config("defaultConfig: {tracing: {sampling: 10}}"),
        "data.mesh.defaultConfig.tracing.sampling",
    ),
]
# What is beside the objects in each case: a Service here, and one in another cluster.
AROUND = [service("checkout"), service("orders", cluster="west")]


@pytest.mark.parametrize("item", TAKEN, ids=lambda item: item.type.rpartition(":")[2])
def test_what_traffic_director_takes_holds(item: Resource) -> None:
    assert wrong(taken_by_traffic_director, MANAGED, *AROUND, item) == []


@pytest.mark.parametrize(("item", "where"), NOT_TAKEN, ids=lambda value: getattr(value, "type", ""))
def test_what_traffic_director_does_not_take_is_found(item: Resource, where: str) -> None:
    assert wrong(taken_by_traffic_director, MANAGED, *AROUND, item) == [("it", where)]


@pytest.mark.parametrize(("item", "where"), NOT_TAKEN, ids=lambda value: getattr(value, "type", ""))
def test_a_patch_that_says_what_is_not_taken_is_found(item: Resource, where: str) -> None:
    patch = dataclasses.replace(item, type=f"{item.type}Patch")

    assert wrong(taken_by_traffic_director, MANAGED, *AROUND, patch) == [("it", where)]


def test_a_patch_can_ask_for_the_managed_mesh() -> None:
    asks = dataclasses.replace(MANAGED, type=f"{CORE}:NamespacePatch")
    subsets_alone = dataclasses.replace(rule(None, **subset()), type=f"{RULE}Patch")

    assert wrong(taken_by_traffic_director, asks, thing(WASM, "it")) == [("it", "kind")]
    assert wrong(taken_by_traffic_director, asks, subsets_alone) == []


@pytest.mark.parametrize(("item", "where"), NOT_TAKEN, ids=lambda value: getattr(value, "type", ""))
def test_an_open_source_mesh_takes_it(item: Resource, where: str) -> None:
    own = namespace("shop", {"istio.io/rev": "stable"})

    assert wrong(taken_by_traffic_director, *AROUND, item) == []
    assert wrong(taken_by_traffic_director, own, *AROUND, member(), item) == []


def test_the_message_names_googles_page() -> None:
    (found,) = violations(taken_by_traffic_director, MANAGED, thing(WASM, "it"))
    (other,) = violations(taken_by_traffic_director, MANAGED, envoy_filter("CLUSTER"))

    assert GOOGLE in taken_by_traffic_director.message(found)
    assert "data-plane-extensibility" in taken_by_traffic_director.message(other)


def member(management: object = "MANAGEMENT_AUTOMATIC") -> Resource:
    properties = {"feature": "servicemesh", "mesh": {"management": management}}
    type_ = "gcp:gkehub/featureMembership:FeatureMembership"
    return made(type_, properties, name="member")


def fleet_default() -> Resource:
    config = {"mesh": {"management": "MANAGEMENT_AUTOMATIC"}}
    properties = {"name": "servicemesh", "fleetDefaultMemberConfig": config}
    return made("gcp:gkehub/feature:Feature", properties, name="feature")


@pytest.mark.parametrize("switch", [member(), fleet_default()], ids=["member", "fleet"])
def test_a_stack_that_turns_the_managed_mesh_on_is_judged(switch: Resource) -> None:
    assert wrong(taken_by_traffic_director, switch, thing(WASM, "it")) == [("it", "kind")]


@pytest.mark.parametrize(
    ("item", "where"),
    [
        (planned(ENVOY_FILTER, "it"), "spec"),
        (envoy_filter(UNKNOWN), "spec.configPatches[0].applyTo"),
        (tracing(UNKNOWN), "spec.tracing[0].randomSamplingPercentage"),
        (planned(RULE, "it"), "spec"),
        (
            rule(trafficPolicy={"loadBalancer": UNKNOWN}),
            "spec.trafficPolicy.loadBalancer.localityLbSetting",
        ),
        (rule(UNKNOWN, **subset()), "spec.subsets"),
        (planned(ENTRY, "it"), "spec"),
        (thing(ENTRY, "it", {"location": UNKNOWN}), "spec.location"),
        (secret(UNKNOWN), "metadata.labels"),
        (thing(INGRESS, "it", {"ingressClassName": UNKNOWN}), "spec.ingressClassName"),
        (deployment("it", annotations={"proxy.istio.io/config": UNKNOWN}), PROXY_CONFIG),
    ],
)
def test_an_unknown_use_is_judged_later(item: Resource, where: str) -> None:
    assert wrong(taken_by_traffic_director, MANAGED, *AROUND, item) == []
    assert ("it", where) in open_(taken_by_traffic_director, MANAGED, *AROUND, item)


def test_a_planned_plugin_is_found_by_its_kind_alone() -> None:
    assert wrong(taken_by_traffic_director, member(), planned(WASM, "it")) == [("it", "kind")]


def test_a_planned_chart_may_be_a_control_plane_of_the_cluster_s_own() -> None:
    resources = [member(), planned(RELEASE, "chart"), planned(WASM, "it")]

    assert wrong(taken_by_traffic_director, *resources) == []
    assert open_(taken_by_traffic_director, *resources) == [("it", "kind")]
    assert wrong(taken_by_traffic_director, MANAGED, *resources) == [("it", "kind")]


def test_management_that_is_not_known_is_judged_later() -> None:
    resources = [member(UNKNOWN), thing(WASM, "it")]

    assert wrong(taken_by_traffic_director, *resources) == []
    assert open_(taken_by_traffic_director, *resources) == [("member", "mesh.management")]


GKE = made(CLUSTER, {"name": "east"}, name="gke")


def chart(hub: object, name: object = "istiod") -> Resource:
    properties = {"chart": name, "values": {"global": {"hub": hub}}}
    return made(RELEASE, properties, name="chart", cluster="east")


def istiod(image: str) -> Resource:
    return deployment("istiod-1", home="istio-system", containers=[{"image": image}])


GOOGLES = "gcr.io/gke-release/asm"


@pytest.mark.parametrize(
    "resources",
    [
        [GKE, member(), MANAGED],
        [GKE, chart("docker.io/istio")],
        [GKE, chart("gke.gcr.io/asm", "cni")],
        [GKE, istiod("docker.io/istio/pilot:1.31.1")],
        [GKE, deployment("app", containers=[{"image": f"{GOOGLES}/pilot:1.28"}])],
        [chart("gke.gcr.io/asm")],
        [member("MANAGEMENT_MANUAL")],
    ],
    ids=["managed", "open source", "cni", "image", "no istiod", "no GKE", "manual without GKE"],
)
def test_control_planes_that_last_hold(resources: list[Resource]) -> None:
    assert wrong(no_istiod_on_gke, *resources) == []


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (chart("gke.gcr.io/asm"), ("chart", "chart")),
        (istiod(f"{GOOGLES}/pilot:1.28.6-asm.4"), ("istiod-1", "metadata.name")),
        (member("MANAGEMENT_MANUAL"), ("member", "mesh.management")),
        (
            thing("kubernetes:mesh.cloud.google.com/v1beta1:ControlPlaneRevision", "revision"),
            ("revision", "kind"),
        ),
    ],
)
def test_an_istiod_on_gke_is_found_with_its_last_day(item: Resource, expected: tuple) -> None:
    assert wrong(no_istiod_on_gke, GKE, item) == [expected]
    assert "until 2028-03-01" in what(no_istiod_on_gke, GKE, item)


CHART = "kubernetes:helm.sh/v4:Chart"


def of_chart(type_: str, name: str, properties: object) -> Resource:
    """An object that a Chart has rendered: its URN names the types of its parents."""
    whole = made(type_, properties, name=name, cluster="east")
    return dataclasses.replace(whole, urn=f"urn:pulumi:dev::p::{CHART}${type_}::{name}")


def test_a_chart_that_shows_its_objects_is_judged_by_them() -> None:
    """It never shows its inputs: waiting for them would be waiting forever."""
    chart, labels = planned(CHART, "chart"), {"metadata": {"name": "it"}}
    web = of_chart("kubernetes:apps/v1:Deployment", "web", labels)
    plugin = planned(WASM, "it")

    assert open_(no_istiod_on_gke, GKE, chart, web) == []
    assert wrong(taken_by_traffic_director, member(), chart, web, plugin) == [("it", "kind")]
    assert open_(no_istiod_on_gke, GKE, chart) == [("chart", "chart")]
    assert open_(taken_by_traffic_director, member(), chart, plugin) == [("it", "kind")]


def test_a_planned_chart_is_judged_later() -> None:
    assert open_(no_istiod_on_gke, GKE, planned(RELEASE, "chart")) == [("chart", "chart")]
    assert wrong(no_istiod_on_gke, GKE, planned(RELEASE, "chart")) == []


def test_a_planned_deployment_is_judged_later_only_where_there_is_a_mesh() -> None:
    """In a program without one, each of its Deployments would be said not to be known yet."""
    app = planned("kubernetes:apps/v1:Deployment", "app")
    waits = [("app", "spec")]

    assert open_(no_istiod_on_gke, GKE, app) == []
    for sign in (member(), fleet_default(), planned(RULE, "rule")):
        assert [o for o in open_(no_istiod_on_gke, GKE, app, sign) if o[0] == "app"] == waits


ATTACHED = "gcp:container/attachedCluster:AttachedCluster"


@pytest.mark.parametrize("distribution", ["eks", "aks"])
def test_an_attached_cluster_of_a_deprecated_sort_is_found(distribution: str) -> None:
    properties = {"distribution": distribution}

    assert places(no_attached_eks_or_aks, ATTACHED, properties) == ["distribution"]


def test_other_attached_clusters_hold_and_unknown_ones_wait() -> None:
    assert places(no_attached_eks_or_aks, ATTACHED, {"distribution": "generic"}) == []
    assert not_known(no_attached_eks_or_aks, ATTACHED, {"distribution": UNKNOWN}) == [
        "distribution"
    ]
