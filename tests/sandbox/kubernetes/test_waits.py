"""How the plugin waits, ends, and explains what it cannot do."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
import yaml
from pulumi.runtime.proto import provider_pb2

from tests.sandbox.kubernetes.harness import (
    CONFIG_MAP,
    DEPLOYMENT,
    ApiServer,
    KubernetesPlugin,
    named,
)

pytestmark = pytest.mark.cluster

UNREACHABLE = yaml.safe_dump(
    {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
    }
)


def test_delete_waits_until_the_object_is_gone(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    made = named(CONFIG_MAP, "to-be-deleted")
    identifier, _ = plugin.create(made)

    plugin.delete(made, identifier)
    plugin.delete(made, identifier)

    assert "to-be-deleted" not in cluster.kubectl("get", "configmaps", "-o", "name")


def test_delete_names_the_finalizer_that_holds_the_object(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    made = named(CONFIG_MAP, "held", finalizers=["tests.meshwright.dev/hold"])
    identifier, _ = plugin.create(made)

    with pytest.raises(grpc.RpcError, match=r"tests\.meshwright\.dev/hold"):
        plugin.delete(made, identifier, timeout=1)

    cluster.kubectl("patch", "configmap", "held", "-p", '{"metadata":{"finalizers":null}}')
    plugin.delete(made, identifier)


def test_time_out_keeps_the_object_and_says_what_is_missing(plugin: KubernetesPlugin) -> None:
    spec = DEPLOYMENT["spec"]
    pod = {**spec["template"]["spec"], "nodeSelector": {"pool": "nowhere"}}
    hanging = named(DEPLOYMENT, "hanging")
    hanging["spec"] = {**spec, "template": {**spec["template"], "spec": pod}}

    with pytest.raises(grpc.RpcError) as failed:
        plugin.create(hanging, timeout=10)  # as long as the scheduler may take

    assert "0 of 1 replicas are available" in failed.value.details()
    assert "Unschedulable" in failed.value.details()
    details = dict(failed.value.trailing_metadata())["grpc-status-details-bin"]
    assert provider_pb2.ErrorResourceInitFailed.DESCRIPTOR.full_name.encode() in details
    assert b"default/hanging" in details


def test_cancel_ends_a_wait(cluster: ApiServer) -> None:
    plugin = KubernetesPlugin(str(cluster.kubeconfig))
    waiting = named(CONFIG_MAP, "cancelled", annotations={"pulumi.com/waitFor": "condition=Never"})

    with ThreadPoolExecutor(1) as pool:
        created = pool.submit(plugin.create, waiting)
        cluster.kubectl("wait", "--for=create", "configmap/cancelled", "--timeout=120s")
        plugin.cancel()
        failure = created.exception(timeout=60)

    assert "cancelled while waiting" in str(failure)
    plugin.close()


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ("jsonpath={.data.a}=1", None),
        ("jsonpath={.data.b}", ".data.b is not there yet"),
        ('["jsonpath={.data.a}=2", "condition=Ready"]', "condition Ready is None, not True"),
        ("ready please", "cannot read 'ready please'"),
    ],
)
def test_wait_for_annotation(
    plugin: KubernetesPlugin, cluster: ApiServer, wanted: str, missing: str | None
) -> None:
    manifest = named(CONFIG_MAP, "waiting", annotations={"pulumi.com/waitFor": wanted})
    if missing is None:
        assert plugin.create(manifest, timeout=1)[0] == "default/waiting"
    else:
        with pytest.raises(grpc.RpcError) as failed:
            plugin.create(manifest, timeout=0.5)
        assert missing in failed.value.details()
    made = cluster.kubectl("delete", "configmap", "waiting", "--ignore-not-found")

    # An error that is not about readiness says that there is nothing to keep in the state.
    assert bool(made) == ("cannot read" not in str(missing))


def test_skip_await_annotation(plugin: KubernetesPlugin) -> None:
    hanging = named(DEPLOYMENT, "skipped", annotations={"pulumi.com/skipAwait": "true"})

    assert plugin.create(hanging, timeout=1)[0] == "default/skipped"


def test_a_kind_that_never_comes_is_a_clear_error(plugin: KubernetesPlugin) -> None:
    later = {
        "apiVersion": "later.meshwright.dev/v1",
        "kind": "Later",
        "metadata": {"name": "a", "namespace": "default"},
    }

    with pytest.raises(grpc.RpcError, match=r"serves no kind Later in later\.meshwright\.dev/v1"):
        plugin.create(later, timeout=1)


def _refusals(cluster: ApiServer) -> list[str]:
    """What the API server counts of config maps that it did not find a place for."""
    metrics: str = cluster.kubectl("get", "--raw", "/metrics")
    counted = (line for line in metrics.splitlines() if line.startswith("apiserver_request_total"))
    return [line for line in counted if 'code="404"' in line and '"configmaps"' in line]


def test_a_namespace_that_another_resource_is_making_is_waited_for(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    early = named(CONFIG_MAP, "early", namespace="made-meanwhile")
    before = _refusals(cluster)
    with ThreadPoolExecutor() as pool:
        creating = pool.submit(plugin.create, early, timeout=120)
        while _refusals(cluster) == before and not creating.done():
            pass  # until the plugin has met no such namespace
        cluster.kubectl("create", "namespace", "made-meanwhile")

        assert creating.result()[0] == "made-meanwhile/early"


def test_a_namespace_that_never_comes_is_a_clear_error(plugin: KubernetesPlugin) -> None:
    with pytest.raises(grpc.RpcError, match=r'namespaces "never-made" not found.*depend on it'):
        plugin.create(named(CONFIG_MAP, "lost", namespace="never-made"), timeout=1)


def test_an_unreachable_cluster_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = KubernetesPlugin(UNREACHABLE)

    with pytest.raises(grpc.RpcError, match=r"127\.0\.0\.1:1 cannot be reached"):
        plugin.create(CONFIG_MAP)
    with pytest.raises(grpc.RpcError, match="PULUMI_K8S_DELETE_UNREACHABLE=true"):
        plugin.delete(CONFIG_MAP, "default/settings")
    plugin.close()

    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    forgiving = KubernetesPlugin(UNREACHABLE)
    forgiving.delete(CONFIG_MAP, "default/settings")
    forgiving.close()


@pytest.mark.parametrize(
    ("kubeconfig", "text"),
    [
        ("/does/not/exist", "cannot be used"),
        ("a: [\n", "cannot be used"),
        (UNREACHABLE.replace("user: {}", "user: {exec: {command: no-such-plugin}}"), "not on PATH"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_explained(kubeconfig: str, text: str) -> None:
    plugin = KubernetesPlugin(kubeconfig)

    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(CONFIG_MAP)

    assert text in refused.value.details()
    assert "Traceback" not in refused.value.details()
    plugin.close()
