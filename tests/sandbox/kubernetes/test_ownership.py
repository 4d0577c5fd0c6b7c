"""Fields that others have set since: kubectl's are taken back, anybody else's are a conflict."""

import grpc
import pytest

from tests.sandbox.kubernetes.harness import CONFIG_MAP, ApiServer, KubernetesPlugin, named

pytestmark = pytest.mark.cluster

PATCH = '{"data": {"a": "theirs", "b": "added"}}'


def test_conflict_names_the_manager_and_patch_force_takes_over(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    mine = named(CONFIG_MAP, "contested")
    _, state = plugin.create(mine)
    theirs = ("--field-manager=operator", "--type=merge", "-p", PATCH)
    cluster.kubectl("patch", "configmap", "contested", *theirs)

    with pytest.raises(grpc.RpcError) as refused:
        plugin.update(state, mine)
    forced = named(mine, "contested", annotations={"pulumi.com/patchForce": "true"})
    updated = plugin.update(state, forced)

    assert 'conflict with "operator"' in refused.value.details()
    assert updated["data"] == {"a": "1", "b": "added"}


def test_what_kubectl_has_set_is_taken_back(plugin: KubernetesPlugin, cluster: ApiServer) -> None:
    mine = named(CONFIG_MAP, "edited")
    _, state = plugin.create(mine)
    cluster.kubectl("patch", "configmap", "edited", "--type=merge", "-p", PATCH)

    assert plugin.update(state, mine, preview=True)["data"]["a"] == "1"
    assert plugin.update(state, mine)["data"] == {"a": "1"}


def test_what_the_apis_scale_was_set_to_is_nobodys_to_take(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    template = {
        "metadata": {"labels": {"app": "resized"}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]},
    }
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "resized"}}, "template": template}
    mine = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}
    mine = named(mine, "resized", annotations={"pulumi.com/skipAwait": "true"})
    _, state = plugin.create(mine)
    cluster.kubectl("scale", "deployment", "resized", "--replicas=2")

    with pytest.raises(grpc.RpcError, match='conflict with "kubectl" with subresource "scale"'):
        plugin.update(state, mine)
