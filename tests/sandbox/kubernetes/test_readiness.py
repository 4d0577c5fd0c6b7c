"""When objects are ready, as the official plugin has it."""

from typing import Any

import grpc
import pytest

from tests.sandbox.kubernetes.harness import ApiServer, KubernetesPlugin, placed

pytestmark = pytest.mark.cluster

POD = {"containers": [{"name": "c", "image": "nginx"}]}


def kind(name: str, spec: dict[str, Any], called: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": name, **placed(called, **metadata), "spec": spec}


@pytest.fixture
def waiting_class(cluster: ApiServer) -> str:
    """A class whose volumes wait for a pod, as most of GKE's do."""
    made = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "for-consumers"},
        "provisioner": "tests.meshwright.dev/none",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    cluster.kubectl("apply", "-f", "-", document=made)
    return "for-consumers"


def claim(storage_class: str) -> dict[str, Any]:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": "1Gi"}},
    }
    return kind("PersistentVolumeClaim", spec, f"claim-{storage_class}")


def test_a_claim_that_waits_for_a_pod_is_ready(
    plugin: KubernetesPlugin, waiting_class: str
) -> None:
    """The pod comes after it: nothing would ever end the wait."""
    made = claim(waiting_class)

    identifier, state = plugin.create(made, timeout=30)

    assert state["status"]["phase"] == "Pending"
    assert plugin.read(made, identifier, made)[0] == identifier


def test_any_other_claim_is_ready_when_it_is_bound(plugin: KubernetesPlugin) -> None:
    with pytest.raises(grpc.RpcError, match="phase is Pending, not Bound"):
        plugin.create(claim("nowhere"), timeout=2)


def test_a_service_waits_for_its_pods_but_not_for_there_to_be_any(
    plugin: KubernetesPlugin, cluster: ApiServer
) -> None:
    cluster.kubectl("apply", "-f", "-", document=kind("Pod", POD, "slow", labels={"app": "slow"}))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/slow", "--timeout=120s")
    unready = '{"status": {"conditions": [{"type": "Ready", "status": "False"}]}}'
    cluster.kubectl("patch", "pod", "slow", "--subresource=status", "-p", unready)
    service = kind("Service", {"selector": {"app": "slow"}, "ports": [{"port": 80}]}, "slow")
    nobodys = kind("Service", {"selector": {"app": "none"}, "ports": [{"port": 80}]}, "nobodys")

    with pytest.raises(grpc.RpcError, match="1 of the pods that it selects are not ready"):
        plugin.create(service, timeout=10)
    assert plugin.create(nobodys, timeout=2)[0] == "default/nobodys"


def test_a_quota_and_a_controller_of_replicas_are_waited_for(plugin: KubernetesPlugin) -> None:
    _, quota = plugin.create(kind("ResourceQuota", {"hard": {"pods": "99"}}, "quota"))
    unplaced = {"metadata": {"labels": {"app": "rc"}}, "spec": {**POD, "nodeSelector": {"a": "b"}}}
    spec = {"replicas": 1, "selector": {"app": "rc"}, "template": unplaced}

    assert quota["status"]["hard"] == {"pods": "99"}
    with pytest.raises(grpc.RpcError, match="0 of 1 replicas are available"):
        plugin.create(kind("ReplicationController", spec, "rc"), timeout=2)
