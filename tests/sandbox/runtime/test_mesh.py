"""The managed control plane answers: injection, validation, and its own report."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from meshwright_sandbox.runtime.interface import ClusterAccess
from meshwright_sandbox.runtime.kube import write_admin_kubeconfig
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.runtime.processes import Entry
from tests.sandbox.runtime.conftest import (
    LOCATION,
    MESH,
    NAME,
    PROJECT,
    deployment,
    eventually,
    running_pods,
)

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]

REVISIONS = ("mesh.cloud.google.com", "v1beta1", "istio-system", "controlplanerevisions")


@pytest.mark.parametrize(
    "labels", [{"istio.io/rev": "asm-managed"}, {"istio-injection": "enabled"}]
)
def test_pods_of_a_mesh_namespace_get_a_proxy_and_run(
    api: client.ApiClient, make_namespace: Any, labels: dict[str, str]
) -> None:
    namespace = make_namespace(labels)
    client.AppsV1Api(api).create_namespaced_deployment(namespace, deployment("checkout", 2))
    for pod in running_pods(api, namespace, 2):
        containers = {c.name: c for c in pod.spec.containers}
        assert set(containers) == {"app", "istio-proxy"}
        settings = {e.name: e.value for e in containers["istio-proxy"].env}
        assert settings["ISTIO_META_MESH_ID"] == MESH.mesh_id
        assert settings["TRUST_DOMAIN"] == MESH.trust_domain


def test_pods_of_other_namespaces_get_none(api: client.ApiClient, make_namespace: Any) -> None:
    namespace = make_namespace()
    client.AppsV1Api(api).create_namespaced_deployment(namespace, deployment("plain"))
    (pod,) = running_pods(api, namespace, 1)
    assert [c.name for c in pod.spec.containers] == ["app"]


@pytest.mark.parametrize(
    "labels", [{"istio.io/rev": "asm-managed"}, {"istio-injection": "enabled"}, {}]
)
def test_istios_gateway_gets_pods_and_a_status(
    api: client.ApiClient, make_namespace: Any, labels: dict[str, str]
) -> None:
    namespace = make_namespace(labels)
    gateways = client.CustomObjectsApi(api)
    where = ("gateway.networking.k8s.io", "v1", namespace, "gateways")
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    gateways.create_namespaced_custom_object(
        *where,
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "door"},
            "spec": {"gatewayClassName": "istio", "listeners": [listener]},
        },
    )

    def accepted() -> None:
        found = gateways.get_namespaced_custom_object(*where, "door")["status"]["conditions"]
        assert {c["type"]: c["status"] for c in found}["Accepted"] == "True"

    eventually(accepted)
    (pod,) = running_pods(api, namespace, 1)
    assert pod.metadata.labels["gateway.networking.k8s.io/gateway-name"] == "door"


def test_istio_refuses_a_route_that_makes_no_sense(
    api: client.ApiClient, make_namespace: Any
) -> None:
    route = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "checkout"},
        "spec": {"hosts": ["checkout"], "http": [{"route": [{"weight": 10}]}]},
    }
    with pytest.raises(client.ApiException, match="destination"):
        client.CustomObjectsApi(api).create_namespaced_custom_object(
            "networking.istio.io", "v1", make_namespace(), "virtualservices", route
        )


def test_the_mesh_knows_its_cluster_by_name(api: client.ApiClient) -> None:
    """Its manifests are made once for all clusters, and hold no other name."""
    maps = client.CoreV1Api(api).list_namespaced_config_map("istio-system").items
    values = [json.loads(m.data["values"]) for m in maps if "values" in (m.data or {})]
    assert values
    named = {value["global"]["multiCluster"]["clusterName"] for value in values}
    assert named == {f"cn-{PROJECT}-{LOCATION}-{NAME}"}


def test_the_control_plane_revision_is_reconciled(api: client.ApiClient) -> None:
    revision = client.CustomObjectsApi(api).get_namespaced_custom_object(*REVISIONS, "asm-managed")
    conditions = {c["type"]: c["status"] for c in revision["status"]["conditions"]}
    assert conditions["Reconciled"] == "True"
    assert conditions["Stalled"] == "False"
    assert revision["spec"] == {"type": "managed_service", "channel": "regular"}


def test_workloads_trust_the_one_development_ca(
    runtime: LocalRuntime, api: client.ApiClient
) -> None:
    core = client.CoreV1Api(api)
    # istiod writes it in its own time, once it leads.
    root = eventually(lambda: core.read_namespaced_config_map("istio-ca-root-cert", "istio-system"))
    assert root.data["root-cert.pem"].strip() == runtime.authority.certificate.strip()


def test_without_its_mesh_a_cluster_still_creates_pods(
    runtime: LocalRuntime, api: client.ApiClient, make_namespace: Any
) -> None:
    namespace = make_namespace({"istio.io/rev": "asm-managed"})
    runtime.stop_mesh(PROJECT, LOCATION, NAME)
    try:
        client.AppsV1Api(api).create_namespaced_deployment(namespace, deployment("plain"))
        (pod,) = running_pods(api, namespace, 1)
        assert [c.name for c in pod.spec.containers] == ["app"]
        assert not client.CustomObjectsApi(api).list_namespaced_custom_object(*REVISIONS)["items"]
    finally:
        runtime.start_mesh(PROJECT, LOCATION, NAME, MESH)


def test_an_istiod_that_is_deployed_answers_its_webhooks(
    runtime: LocalRuntime,
    access: ClusterAccess,
    api: client.ApiClient,
    make_namespace: Any,
    tools: Path,
) -> None:
    kubectl = [tools / "kubectl", f"--kubeconfig={runtime.home / 'shared-kubeconfig'}"]
    write_admin_kubeconfig(runtime.home / "shared-kubeconfig", access)
    manifests = subprocess.run(
        [tools / "istioctl", "manifest", "generate", "--set=profile=minimal", "--set=revision=own"],
        capture_output=True,
        check=True,
        env={"HOME": str(runtime.home), "KUBECONFIG": "/dev/null"},
    ).stdout
    subprocess.run(
        [*kubectl, "apply", "--server-side", "--force-conflicts", "--filename=-"],
        input=manifests,
        capture_output=True,
        check=True,
    )
    pod = eventually(lambda: ready_istiod(api))
    # Ready is not said before the control plane is, so that the first look finds it so.
    look = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=60)"
    probe = [sys.executable, "-I", "-c", look, f"http://{pod.status.pod_ip}:8080/ready"]
    assert subprocess.run(runtime.network.command(probe), check=False).returncode == 0
    namespace = make_namespace({"istio.io/rev": "own"})
    # Whoever creates workloads before their webhook answers waits for the controller's next try.
    eventually(lambda: would_be_created(api, namespace))
    client.AppsV1Api(api).create_namespaced_deployment(namespace, deployment("checkout"))
    (pod,) = running_pods(api, namespace, 1)
    assert {c.name for c in pod.spec.containers} == {"app", "istio-proxy"}
    (started,) = [e for e in runtime.processes.entries("cluster/") if "/istiod-pod-" in e.name]
    assert started.alive

    client.AppsV1Api(api).delete_namespaced_deployment("istiod-own", "istio-system")
    eventually(lambda: assert_dead(started))
    eventually(lambda: assert_no_istiod(api))
    hooks = client.AdmissionregistrationV1Api(api)
    hooks.delete_mutating_webhook_configuration("istio-sidecar-injector-own")
    hooks.delete_validating_webhook_configuration("istio-validator-own-istio-system")


def ready_istiod(api: client.ApiClient) -> Any:
    (pod,) = istiods(api)
    assert {c.type: c.status for c in pod.status.conditions or []}.get("Ready") == "True"
    return pod


def assert_no_istiod(api: client.ApiClient) -> None:
    assert istiods(api) == []


def istiods(api: client.ApiClient) -> list[Any]:
    core = client.CoreV1Api(api)
    return core.list_namespaced_pod("istio-system", label_selector="app=istiod").items


def would_be_created(api: client.ApiClient, namespace: str) -> None:
    spec = deployment("trial")["spec"]["template"]["spec"]
    pod = {"metadata": {"name": "trial"}, "spec": spec}
    client.CoreV1Api(api).create_namespaced_pod(namespace, pod, dry_run="All")


def assert_dead(entry: Entry) -> None:
    assert not entry.alive
