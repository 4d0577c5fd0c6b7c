"""Google's in-cluster control plane under the real engine, upgraded by a second revision."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from meshwright_sandbox.runtime.kube import write_admin_kubeconfig
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_toolchain import module_dir
from tests.lifecycle.harness import Stack
from tests.sandbox.runtime.conftest import connect, eventually, request_for

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

PROGRAM = Path(__file__).parent / "programs" / "in-cluster"
OLD, NEW = "asm-1285-12", "asm-1286-4"


@pytest.fixture(scope="module")
def api(runtime: LocalRuntime) -> client.ApiClient:
    access = runtime.start(request_for("store", 16))
    write_admin_kubeconfig(runtime.home / "store-kubeconfig", access)
    return connect(access, runtime.home / "store.pem")


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, runtime: LocalRuntime, api: client.ApiClient
) -> Iterator[Stack]:
    made = Stack(PROGRAM, tmp_path_factory.mktemp("stack"), {})
    made.configure(
        kubeconfig=str(runtime.home / "store-kubeconfig"),
        charts=str(module_dir("istio") / "manifests" / "charts"),
        versions="1.28.5-asm.12", default=OLD, shop=OLD,
    )  # fmt: skip
    made.up().succeeded()
    yield made
    made.destroy().succeeded()
    names = {item.metadata.name for item in client.CoreV1Api(api).list_namespace().items}
    assert not {"istio-system", "shop"} & names


def test_proxies_are_googles_with_the_meshs_identity(stack: Stack, api: client.ApiClient) -> None:
    proxy = proxies(api)[OLD]
    assert proxy.image == "gke.gcr.io/asm/proxyv2:1.28.5-asm.12"
    settings = {entry.name: entry.value for entry in proxy.env}
    assert settings["CA_ADDR"] == "meshca.googleapis.com:443"
    assert settings["CA_PROVIDER"] == "GoogleCA"
    assert settings["TRUST_DOMAIN"] == "meshwright-dev.svc.id.goog"
    assert settings["ISTIO_META_MESH_ID"] == "proj-123456789012"
    assert settings["ISTIO_META_CLUSTER_ID"] == "cn-meshwright-dev-global-store-7"
    stack.preview("--expect-no-changes").succeeded()


def test_a_namespace_moves_to_the_next_version(stack: Stack, api: client.ApiClient) -> None:
    stack.configure(versions="1.28.5-asm.12,1.28.6-asm.4")
    stack.up().succeeded()
    assert set(proxies(api)) == {OLD}

    stack.configure(shop=NEW, default=NEW)
    stack.up().succeeded()
    eventually(lambda: only(api, NEW))

    stack.configure(versions="1.28.6-asm.4")
    stack.up().succeeded()
    deployments = client.AppsV1Api(api).list_namespaced_deployment("istio-system").items
    assert [item.metadata.name for item in deployments] == [f"istiod-{NEW}"]
    stack.preview("--expect-no-changes").succeeded()


def proxies(api: client.ApiClient) -> dict[str, Any]:
    """The proxy container of the shop's pods, by revision."""
    return {
        pod.metadata.annotations["istio.io/rev"]: next(
            c for c in pod.spec.containers if c.name == "istio-proxy"
        )
        for pod in client.CoreV1Api(api).list_namespaced_pod("shop").items
        if not pod.metadata.deletion_timestamp
    }


def only(api: client.ApiClient, revision: str) -> None:
    assert set(proxies(api)) == {revision}
