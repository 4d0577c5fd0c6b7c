"""Objects that the plugin shares with others, or takes over from them."""

from typing import Any

import grpc
import pytest

from tests.sandbox.kubernetes.harness import (
    CONFIG_MAP,
    DEPLOYMENT,
    ApiServer,
    KubernetesPlugin,
    changed,
    named,
)

pytestmark = pytest.mark.cluster

CANARY = "Y2FuYXJ5"
LISTS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "allowlists.lists.meshwright.dev"},
    "spec": {
        "group": "lists.meshwright.dev",
        "scope": "Namespaced",
        "names": {"plural": "allowlists", "kind": "AllowList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            # As the SDKs write it: a hyphen is no part of a property's name.
                            "spec": {
                                "type": "object",
                                "x_kubernetes_preserve_unknown_fields": True,
                            }
                        },
                    }
                },
            }
        ],
    },
}


def deployment(name: str, replicas: int, image: str = "nginx") -> dict[str, Any]:
    labels = {"app": name}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "web", "image": image}]},
        },
    }
    return named(changed(DEPLOYMENT, spec=spec), name)


def test_what_exists_is_left_alone_unless_the_provider_is_told_to_take_it(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    """A renamed resource is created first: taken over, its object would go with the old one."""
    theirs = named(CONFIG_MAP, "theirs")
    cluster.kubectl("create", "-f", "-", document=theirs)
    ours = changed(theirs, data={"a": "1", "b": "2"})

    with pytest.raises(grpc.RpcError) as refused:
        plugin.create(ours)

    live = cluster.kubectl("get", "configmap", "theirs", "-o", "json")
    assert live["data"] == theirs["data"]
    told = refused.value.details()
    assert "v1 ConfigMap default/theirs: it exists already" in told
    assert "alias" in told
    assert "`PULUMI_K8S_UPSERT_EXISTING_OBJECTS=true pulumi up`" in told
    taking = KubernetesPlugin(str(cluster.kubeconfig), upsertExistingObjects="true")
    assert taking.create(ours)[1]["data"] == ours["data"]
    taking.close()


def test_what_an_autoscaler_sets_is_left_alone_where_changes_are_ignored(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    """The next preview asks nobody and finds nothing, and another change does not set it back."""
    old, new = deployment("scaled", 1), deployment("scaled", 1, "nginx:2")
    _, state = plugin.create(old)
    cluster.kubectl("scale", "deployment", "scaled", "--replicas=2")
    ignoring = ["spec.replicas"]

    assert plugin.diff(state, old, old) == {}
    assert set(plugin.diff(state, old, new, ignoring)) == {"spec.template.spec.containers[0].image"}
    outputs = plugin.update(state, new, ignoring)

    assert outputs["spec"]["replicas"] == 2
    assert outputs["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2"


@pytest.mark.parametrize(
    "path", ["metadata.annotations", 'metadata.annotations["a.b/c"]', "metadata.annotations[*]"]
)
def test_an_ignored_path_may_name_a_key_all_keys_or_what_holds_them(
    plugin: KubernetesPlugin, cluster: ApiServer, path: str
) -> None:
    made = named(CONFIG_MAP, "annotated", annotations={"a.b/c": "ours"})
    _, state = plugin.create(made)
    cluster.kubectl("annotate", "--overwrite", "configmap", "annotated", "a.b/c=theirs")

    outputs = plugin.update(state, changed(made, data={"a": "1", "b": "2"}), [path])

    plugin.delete(made, "default/annotated")
    assert outputs["data"] == {"a": "1", "b": "2"}
    assert outputs["metadata"]["annotations"]["a.b/c"] == "theirs"


def test_a_namespace_that_goes_without_saying_replaces_nothing(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    """An import tells it, and programs need not."""
    said = named(CONFIG_MAP, "placed")
    unsaid = changed(said, metadata={"name": "placed"})
    cluster.kubectl("apply", "-f", "-", document=said)
    _, inputs, state = plugin.read(said, "default/placed")

    assert inputs["metadata"]["namespace"] == "default"
    assert plugin.diff(state, inputs, unsaid) == {}
    assert plugin.diff(state, unsaid, inputs) == {}
    elsewhere = changed(said, metadata={"name": "placed", "namespace": "kube-public"})
    assert plugin.diff(state, unsaid, elsewhere) == {"metadata.namespace": "UPDATE_REPLACE"}


def test_a_secret_that_kubectl_made_is_secret_in_its_annotation_too(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    made = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "made-by-hand", "namespace": "default"},
        "data": {"password": CANARY},
    }
    cluster.kubectl("apply", "-f", "-", document=made)

    _, inputs, outputs = plugin.read(made, "default/made-by-hand")

    assert outputs["data"].value == {"password": CANARY}
    (applied,) = outputs["metadata"]["annotations"].values()
    assert CANARY in applied.value
    assert CANARY not in repr(outputs)  # masks what is marked secret
    assert inputs["metadata"] == made["metadata"]
    assert CANARY not in repr(inputs)


def test_an_imported_deployment_has_no_annotation_of_tools(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    made = deployment("by-kubectl", 1)
    cluster.kubectl("apply", "-f", "-", document=made)
    cluster.kubectl("rollout", "status", "deployment", "by-kubectl")

    _, inputs, _ = plugin.read(made, "default/by-kubectl")

    assert inputs["metadata"] == made["metadata"]


def test_a_definition_of_a_kind_has_the_apis_own_extensions(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    """Also, a kind of one's own may be called a list."""
    identifier, state = plugin.create(LISTS)
    live = cluster.kubectl("get", "crd", identifier, "-o", "json")

    schema = live["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert schema == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    assert plugin.diff(state, LISTS, LISTS) == {}
    assert plugin.read(LISTS, identifier, LISTS)[1] == LISTS
    entry = {
        "apiVersion": "lists.meshwright.dev/v1",
        "kind": "AllowList",
        "metadata": {"name": "office", "namespace": "default"},
        "spec": {"any": {"thing": 1}},
    }
    assert not plugin.check("lists.meshwright.dev/v1:AllowList", entry).failures
    assert plugin.create(entry)[1]["spec"] == entry["spec"]
