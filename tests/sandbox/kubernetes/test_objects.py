"""What the plugin makes of objects: checks, previews, differences, imports."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from meshwright_sandbox.plugins.values import UNKNOWN, decode
from tests.sandbox.kubernetes.harness import (
    CONFIG_MAP,
    DEPLOYMENT,
    ApiServer,
    KubernetesPlugin,
    changed,
    named,
    placed,
)

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def plugin(cluster: ApiServer) -> Iterator[KubernetesPlugin]:
    """These tests share objects: it takes what another one has made."""
    running = KubernetesPlugin(str(cluster.kubeconfig), upsertExistingObjects="true")
    yield running
    running.close()


def test_kubeconfig_may_be_content_or_a_path(cluster: ApiServer) -> None:
    for kubeconfig in (str(cluster.kubeconfig), cluster.kubeconfig.read_text()):
        plugin = KubernetesPlugin(kubeconfig)
        found, _, _ = plugin.read(named(CONFIG_MAP, "x"), "default/kube-root-ca.crt")
        plugin.close()
        assert found == "default/kube-root-ca.crt"


def test_check_fills_in_type_and_a_stable_name(plugin: KubernetesPlugin) -> None:
    first = plugin.check("core/v1:ConfigMap", {"data": {}})
    again = plugin.check("core/v1:ConfigMap", {"data": {"b": "2"}}, _decoded(first))

    inputs = _decoded(first)
    assert (inputs["apiVersion"], inputs["kind"]) == ("v1", "ConfigMap")
    assert inputs["metadata"]["name"].startswith("thing-")
    assert _decoded(again)["metadata"] == inputs["metadata"]


def test_check_refuses_another_kind_than_the_type_says(plugin: KubernetesPlugin) -> None:
    checked = plugin.check("apps/v1:Deployment", {"kind": "ConfigMap", "apiVersion": "v1"})

    assert [failure.property for failure in checked.failures] == ["apiVersion", "kind"]


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("name", 2026, "a string"),
        ("namespace", 1.5, "a string"),
        ("namespace", ["shop"], "a string"),
        ("labels", ["app"], "an object of strings"),
        ("annotations", "none", "an object of strings"),
    ],
)
def test_check_refuses_metadata_by_which_no_object_can_be_asked_for(
    plugin: KubernetesPlugin, field: str, value: Any, kind: str
) -> None:
    checked = plugin.check("core/v1:ConfigMap", {"metadata": {"name": "settings", field: value}})

    (failure,) = checked.failures
    assert failure.property == f"metadata.{field}"
    assert failure.reason == f"must be {kind}, not {value!r}"


@pytest.mark.parametrize(
    "kind",
    ["helm.sh/v4:Chart", "core/v1:PodList", "core/v1:NamespacePatch", "apps/v1:DeploymentPatch"],
)
def test_types_beyond_plain_objects_are_named_as_unknown(
    plugin: KubernetesPlugin, kind: str
) -> None:
    with pytest.raises(grpc.RpcError, match=f"does not know the type kubernetes:{kind}"):
        plugin.check(kind, {})


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        (changed(CONFIG_MAP, dat={"a": "1"}), "field not declared in schema"),
        (changed(CONFIG_MAP, data={"a": {"b": 1}}), "expected string"),
        (changed(DEPLOYMENT, spec={**DEPLOYMENT["spec"], "replicas": "two"}), "replicas"),
        (changed(DEPLOYMENT, spec={"template": {}}), "spec.selector: Required value"),
        (named(CONFIG_MAP, "Not_A_Name"), "RFC 1123"),
    ],
)
def test_preview_refuses_what_the_api_would_refuse(
    plugin: KubernetesPlugin, manifest: dict[str, Any], text: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(manifest, preview=True)

    assert text in refused.value.details()
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_preview_creates_nothing_and_leaves_the_servers_part_unknown(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "previewed", "namespace": "default"},
        "spec": {"ports": [{"port": 80}]},
    }

    _, outputs = plugin.create(service, preview=True)

    assert outputs["status"] is UNKNOWN
    assert outputs["spec"]["clusterIP"] is UNKNOWN
    assert outputs["spec"]["ports"][0]["protocol"] == "TCP"
    assert "previewed" not in cluster.kubectl("get", "services", "-o", "name")


@pytest.mark.parametrize(
    "manifest",
    [
        changed(CONFIG_MAP, data=UNKNOWN),
        named(CONFIG_MAP, "settings", namespace=UNKNOWN),
        named(CONFIG_MAP, "settings", namespace="not-there-yet"),
        {
            "apiVersion": "later.meshwright.dev/v1",
            "kind": "Later",
            "metadata": {"name": "a", "namespace": "default"},
        },
    ],
    ids=["unknown value", "unknown namespace", "namespace to come", "kind to come"],
)
def test_preview_of_what_cannot_be_known_shows_the_inputs(
    plugin: KubernetesPlugin, manifest: dict[str, Any]
) -> None:
    _, outputs = plugin.create(manifest, preview=True)

    assert {key: outputs[key] for key in manifest} == manifest


@pytest.mark.parametrize(
    ("old", "change", "expected"),
    [
        (DEPLOYMENT, {}, {}),
        (DEPLOYMENT, {"spec": {**DEPLOYMENT["spec"], "replicas": 2}}, {"spec.replicas": "ADD"}),
        (CONFIG_MAP, {"data": {"a": "2"}}, {"data.a": "UPDATE_REPLACE"}),
        (CONFIG_MAP, {"data": {"a": UNKNOWN}}, {"data.a": "UPDATE_REPLACE"}),
        (CONFIG_MAP, placed("other"), {"metadata.name": "UPDATE_REPLACE"}),
        (CONFIG_MAP, placed("settings", labels={"a.b/c": "d"}), {"metadata.labels": "ADD"}),
    ],
    ids=["same", "replicas", "data", "unknown data", "name", "label"],
)
def test_diff(
    plugin: KubernetesPlugin,
    old: dict[str, Any],
    change: dict[str, Any],
    expected: dict[str, str],
) -> None:
    _, state = plugin.create(old)

    assert plugin.diff(state, old, {**old, **change}) == expected


def test_mutable_config_maps_are_updated_where_the_provider_allows_it(
    cluster: ApiServer,
) -> None:
    plugin = KubernetesPlugin(str(cluster.kubeconfig), enableConfigMapMutable="true")
    old = named(CONFIG_MAP, "mutable")
    _, state = plugin.create(old)

    assert plugin.diff(state, old, changed(old, data={"a": "2"})) == {"data.a": "UPDATE"}
    plugin.close()


def test_what_a_secret_holds_is_marked_secret(plugin: KubernetesPlugin) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login", "namespace": "default"},
        "stringData": {"password": "canary"},
    }

    checked = _decoded(plugin.check("core/v1:Secret", secret))
    _, outputs = plugin.create(secret)

    assert repr(checked["stringData"]) == "Secret(***)"
    assert repr(outputs["data"]) == "Secret(***)"


def test_read_imports_without_the_servers_bookkeeping(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    made = named(CONFIG_MAP, "made-outside")
    cluster.kubectl("apply", "-f", "-", document=made)

    found, inputs, _ = plugin.read(made, "default/made-outside")

    assert found == "default/made-outside"
    assert inputs["data"] == {"a": "1"}
    assert set(inputs["metadata"]) <= {"name", "namespace", "annotations"}


def test_read_of_what_is_gone_finds_nothing(plugin: KubernetesPlugin) -> None:
    assert plugin.read(CONFIG_MAP, "default/never-made", CONFIG_MAP)[0] == ""


def _decoded(answer: Any) -> dict[str, Any]:
    return decode(answer.inputs)
