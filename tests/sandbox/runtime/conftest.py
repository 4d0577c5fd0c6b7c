"""One real cluster with a mesh, shared by all tests of the runtime in one worker."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from kubernetes import client
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime.interface import (
    ClusterAccess,
    ClusterRequest,
    MeshRequest,
    NodePool,
)
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_toolchain import bin_dir
from tests.sandbox.runtime.shell import Shell

T = TypeVar("T")

PROJECT, LOCATION, NAME = "meshwright-dev", "europe-west1", "shared"
MESH = MeshRequest(
    "proj-123456789012", 123456789012, "asm-managed", "regular", f"{PROJECT}.svc.id.goog"
)


def request_for(name: str, block: int, **changes: Any) -> ClusterRequest:
    """A cluster of two pools; ``block`` tells the ranges of clusters apart."""
    defaults: dict[str, Any] = {
        "project": PROJECT,
        "project_number": 123456789012,
        "location": LOCATION,
        "name": name,
        "version": "1.34.1-gke.1829001",
        "pod_range": f"10.{block}.0.0/16",
        "service_range": f"10.{block + 1}.0.0/20",
        "autopilot": False,
        "node_pools": (
            NodePool("system", 2, machine_type="e2-standard-4"),
            NodePool("apps", 1, labels={"team": "shop"}),
        ),
    }
    return ClusterRequest(**(defaults | changes))


# What `check` looks at may not be there at all (no pod to unpack, no key, nobody who answers), and
# `pytest.raises` says in words of its own that nothing was raised.
_NOT_YET = (Exception, pytest.fail.Exception)


@retry(
    retry=retry_if_exception_type(_NOT_YET),
    wait=wait_fixed(0.2),
    stop=stop_after_delay(240),
    reraise=True,
)
def eventually(check: Callable[[], T]) -> T:
    """Call ``check`` until nothing is wrong by it, for at most four minutes."""
    return check()


@pytest.fixture(scope="session")
def tools() -> Path:
    named = os.environ.get("MESHWRIGHT_TOOLS")
    return Path(named) if named else bin_dir()


@pytest.fixture
def shell(tmp_path: Path, tools: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path / "home", tools)
    yield shell
    shell.run("down")


@pytest.fixture(scope="package")
def runtime(tmp_path_factory: pytest.TempPathFactory, tools: Path) -> Iterator[LocalRuntime]:
    # A folder as people have them: what a shell or a format would cut must not.
    local = LocalRuntime(tmp_path_factory.mktemp("a runtime's [folder]"), tools)
    yield local
    local.shutdown()


@pytest.fixture(scope="package")
def access(runtime: LocalRuntime) -> ClusterAccess:
    """The shared cluster, its mesh on."""
    access = runtime.start(request_for(NAME, 16, gateway_api=True))
    runtime.start_mesh(PROJECT, LOCATION, NAME, MESH)
    return access


@pytest.fixture(scope="package")
def api(runtime: LocalRuntime, access: ClusterAccess) -> client.ApiClient:
    """The official client, by nothing but what the GKE API's answer holds."""
    return connect(access, runtime.home / "shared-ca.pem")


def connect(access: ClusterAccess, authority: Path) -> client.ApiClient:
    authority.write_text(access.ca_certificate)
    configuration = client.Configuration(
        host=f"https://{access.endpoint}",
        api_key={"authorization": access.token},
        api_key_prefix={"authorization": "Bearer"},
    )
    configuration.ssl_ca_cert = str(authority)
    configuration.no_proxy = "*"
    return client.ApiClient(configuration)


@pytest.fixture
def make_namespace(api: client.ApiClient, request: pytest.FixtureRequest) -> Iterator[Any]:
    """`make_namespace(labels)` returns the name of a namespace of the test's own."""
    core = client.CoreV1Api(api)
    made: list[str] = []

    def make(labels: dict[str, str] | None = None) -> str:
        body = {"metadata": {"generateName": "test-", "labels": labels or {}}}
        made.append(core.create_namespace(body).metadata.name)
        return made[-1]

    yield make
    for name in made:
        core.delete_namespace(name)


def deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    """A Deployment of one container."""
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "shop/checkout:1"}]},
            },
        },
    }


def running_pods(api: client.ApiClient, namespace: str, count: int) -> list[Any]:
    """The namespace's pods, once ``count`` of them are Running."""

    def check() -> list[Any]:
        pods = client.CoreV1Api(api).list_namespaced_pod(namespace).items
        assert [p.status.phase for p in pods] == ["Running"] * count
        return pods

    return eventually(check)
