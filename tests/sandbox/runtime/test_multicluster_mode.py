"""Clusters of one managed mesh find each other's services once their asm-options say so."""

import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.runtime.probing import read
from tests.sandbox.runtime.conftest import (
    LOCATION,
    MESH,
    PROJECT,
    connect,
    eventually,
    request_for,
)

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]

# The managed control plane of the shared cluster; the last address of its pods but one.
LOOKING = "10.16.255.254"


@pytest.fixture
def joined(runtime: LocalRuntime, api: client.ApiClient, tmp_path: Path) -> Iterator[str]:
    """The name in the mesh of a second cluster."""
    access = runtime.start(request_for("joined", 60))
    runtime.start_mesh(PROJECT, LOCATION, "joined", MESH)
    core = client.CoreV1Api(connect(access, tmp_path / "joined.pem"))
    core.create_namespaced_service(
        "default",
        {"metadata": {"name": "only-there"}, "spec": {"ports": [{"port": 80, "name": "http"}]}},
    )
    yield f"cn-{PROJECT}-{LOCATION}-joined"
    runtime.stop(PROJECT, LOCATION, "joined")


def test_a_connected_clusters_control_plane_looks_into_the_others(
    runtime: LocalRuntime, api: client.ApiClient, joined: str
) -> None:
    core = client.CoreV1Api(api)
    assert remote_clusters(runtime) == 0
    options: dict[str, Any] = {
        "metadata": {"name": "asm-options"},
        "data": {"multicluster_mode": "connected"},
    }
    core.create_namespaced_config_map("istio-system", options)

    eventually(lambda: sees(runtime, 1))
    (secret,) = remote_secrets(api)
    assert list(secret.data) == [joined]
    # istioctl reads it on this machine, and waits for ever for a cluster that it does not reach.
    assert "only-there" in service_names(b64decode(secret.data[joined]))

    core.delete_namespaced_config_map("asm-options", "istio-system")
    eventually(lambda: sees(runtime, 0))
    assert remote_secrets(api) == []


def test_a_cluster_that_says_nothing_is_left_alone(api: client.ApiClient, joined: str) -> None:
    assert remote_secrets(api) == []


def remote_secrets(api: client.ApiClient) -> list[Any]:
    core = client.CoreV1Api(api)
    return core.list_namespaced_secret(
        "istio-system", label_selector="istio/multiCluster=true"
    ).items


def service_names(kubeconfig: bytes) -> list[str]:
    """The Services of the default namespace, as who has a kubeconfig finds them."""
    there = config.new_client_from_config_dict(yaml.safe_load(kubeconfig))
    found = client.CoreV1Api(there).list_namespaced_service("default", _request_timeout=10)
    return [service.metadata.name for service in found.items]


def remote_clusters(runtime: LocalRuntime) -> int:
    """How many other clusters the control plane says it has read."""
    answers = read(runtime.network, [f"http://{LOOKING}:15014/metrics"])
    assert answers is not None
    found = re.search(r'^istiod_managed_clusters\{cluster_type="remote"\} (\d+)', answers[0], re.M)
    return int(found[1]) if found else 0


def sees(runtime: LocalRuntime, count: int) -> None:
    assert remote_clusters(runtime) == count
