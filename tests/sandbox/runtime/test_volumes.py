"""Claims of GKE's StorageClasses get volumes, as the CSI driver of Google's disks makes them."""

from typing import Any

import pytest
from kubernetes import client

from tests.sandbox.runtime.conftest import deployment, eventually, running_pods

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]

DEFAULT = "storageclass.kubernetes.io/is-default-class"


def claim(
    name: str, storage_class: str | None = None, mode: str = "ReadWriteOnce"
) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "accessModes": [mode],
        "resources": {"requests": {"storage": "5Gi"}},
    }
    named = {"storageClassName": storage_class} if storage_class else {}
    return {"metadata": {"name": name}, "spec": spec | named}


def stateful_set(name: str, *claims: dict[str, Any]) -> dict[str, Any]:
    body = deployment(name)
    body["spec"] |= {"serviceName": name, "volumeClaimTemplates": list(claims)}
    (container,) = body["spec"]["template"]["spec"]["containers"]
    container["volumeMounts"] = [
        {"name": c["metadata"]["name"], "mountPath": f"/{c['metadata']['name']}"} for c in claims
    ]
    return body


def volume_of(api: client.ApiClient, namespace: str, name: str) -> Any:
    """The volume that the claim is bound to."""

    def bound() -> Any:
        core = client.CoreV1Api(api)
        found = core.read_namespaced_persistent_volume_claim(name, namespace)
        assert found.status.phase == "Bound"
        return core.read_persistent_volume(found.spec.volume_name)

    return eventually(bound)


def test_a_cluster_has_gkes_storage_classes(api: client.ApiClient) -> None:
    classes = client.StorageV1Api(api).list_storage_class().items
    assert {c.metadata.name: (c.provisioner, c.parameters["type"]) for c in classes} == {
        "standard": ("kubernetes.io/gce-pd", "pd-standard"),
        "standard-rwo": ("pd.csi.storage.gke.io", "pd-balanced"),
        "premium-rwo": ("pd.csi.storage.gke.io", "pd-ssd"),
    }
    marked = [c.metadata.name for c in classes if (c.metadata.annotations or {}).get(DEFAULT)]
    assert marked == ["standard-rwo"]


def test_a_stateful_sets_pod_runs_and_its_volumes_go_with_their_claims(
    api: client.ApiClient, make_namespace: Any
) -> None:
    core, apps, namespace = client.CoreV1Api(api), client.AppsV1Api(api), make_namespace()
    body = stateful_set("db", claim("data"), claim("log", "premium-rwo"))
    apps.create_namespaced_stateful_set(namespace, body)

    (pod,) = running_pods(api, namespace, 1)
    node = core.read_node(pod.spec.node_name)
    volumes = {name: volume_of(api, namespace, f"{name}-db-0") for name in ("data", "log")}
    data = volumes["data"]
    zone = node.metadata.labels["topology.kubernetes.io/zone"]
    assert data.spec.storage_class_name == "standard-rwo"
    assert data.spec.capacity == {"storage": "5Gi"}
    assert data.spec.access_modes == ["ReadWriteOnce"]
    assert data.spec.csi.driver == "pd.csi.storage.gke.io"
    assert f"/zones/{zone}/disks/pvc-" in data.spec.csi.volume_handle
    assert volumes["log"].spec.storage_class_name == "premium-rwo"

    apps.delete_namespaced_stateful_set("db", namespace)
    for name in volumes:
        core.delete_namespaced_persistent_volume_claim(f"{name}-db-0", namespace)

    def gone() -> None:
        left = {v.metadata.name for v in core.list_persistent_volume().items}
        assert left.isdisjoint(v.metadata.name for v in volumes.values())

    eventually(gone)


def test_a_class_that_does_not_wait_gives_its_volume_before_there_is_a_pod(
    api: client.ApiClient, make_namespace: Any
) -> None:
    core, namespace = client.CoreV1Api(api), make_namespace()
    for body in (
        claim("shared", "standard", "ReadWriteMany"),
        claim("later", "standard-rwo"),
        claim("now", "standard"),
    ):
        core.create_namespaced_persistent_volume_claim(namespace, body)
    assert volume_of(api, namespace, "now").spec.csi.driver == "pd.csi.storage.gke.io"
    claims = core.list_namespaced_persistent_volume_claim(namespace).items
    phases = {c.metadata.name: c.status.phase for c in claims}
    assert phases == {"now": "Bound", "later": "Pending", "shared": "Pending"}


def test_a_class_that_retains_keeps_the_volume(api: client.ApiClient, make_namespace: Any) -> None:
    core, storage, namespace = client.CoreV1Api(api), client.StorageV1Api(api), make_namespace()
    kept = {
        "metadata": {"name": "kept"},
        "provisioner": "pd.csi.storage.gke.io",
        "parameters": {"type": "pd-ssd"},
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "Immediate",
    }
    storage.create_storage_class(kept)
    core.create_namespaced_persistent_volume_claim(namespace, claim("archive", "kept"))
    name = volume_of(api, namespace, "archive").metadata.name
    # The one that goes shows that the controller has come past the one that stays.
    core.create_namespaced_persistent_volume_claim(namespace, claim("passing", "standard"))
    passing = volume_of(api, namespace, "passing").metadata.name
    core.delete_namespaced_persistent_volume_claim("archive", namespace)

    def released() -> None:
        assert core.read_persistent_volume(name).status.phase == "Released"

    eventually(released)
    core.delete_namespaced_persistent_volume_claim("passing", namespace)

    def passed() -> None:
        assert passing not in {v.metadata.name for v in core.list_persistent_volume().items}

    eventually(passed)
    assert core.read_persistent_volume(name).status.phase == "Released"
    core.delete_persistent_volume(name)
    storage.delete_storage_class("kept")
