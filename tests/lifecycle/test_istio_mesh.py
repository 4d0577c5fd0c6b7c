"""Open-source Istio by its charts: a real helm, a real API server, real istiods."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kubernetes import client

from meshwright_sandbox.runtime.kube import write_admin_kubeconfig
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_toolchain import module_dir
from tests.lifecycle.harness import Run, Stack
from tests.sandbox.runtime.conftest import LOCATION, PROJECT, connect, eventually, request_for

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

PROGRAM = Path(__file__).parent / "programs" / "istio"
OLD, NEW = "1-30-2", "1-31-1"


@pytest.fixture(scope="module")
def api(runtime: LocalRuntime) -> client.ApiClient:
    access = runtime.start(request_for("west", 16))
    write_admin_kubeconfig(runtime.home / "west-kubeconfig", access)
    return connect(access, runtime.home / "west.pem")


@pytest.fixture(scope="module")
def first(
    tmp_path_factory: pytest.TempPathFactory, runtime: LocalRuntime, api: client.ApiClient
) -> Iterator[tuple[Stack, Run]]:
    """A stack with its first up; destroyed when all tests are done."""
    stack = Stack(PROGRAM, tmp_path_factory.mktemp("stack"), {})
    stack.configure(
        kubeconfig=str(runtime.home / "west-kubeconfig"),
        charts=str(module_dir("istio") / "manifests" / "charts"),
        revisions=OLD, default=OLD, shop=OLD,
    )  # fmt: skip
    yield stack, stack.up().succeeded()
    stack.destroy().succeeded()
    assert left_of_istio(api) == []
    runtime.stop(PROJECT, LOCATION, "west")


@pytest.fixture
def stack(first: tuple[Stack, Run]) -> Stack:
    return first[0]


def test_pods_get_the_revisions_proxy_under_pod_security_restricted(
    first: tuple[Stack, Run], api: client.ApiClient
) -> None:
    assert proxies(api) == [OLD]
    (pod,) = client.CoreV1Api(api).list_namespaced_pod("shop").items
    assert {c.name for c in pod.spec.containers} == {"app", "istio-proxy"}
    namespace = client.CoreV1Api(api).read_namespace("shop")
    assert namespace.metadata.labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_node_agent_runs_on_every_node(first: tuple[Stack, Run], api: client.ApiClient) -> None:
    eventually(lambda: check_node_agent(api))


def test_istiod_reads_the_line_of_access_logs(
    first: tuple[Stack, Run], api: client.ApiClient
) -> None:
    """Istio's chart hands it on as it was given."""
    config = client.CoreV1Api(api).read_namespaced_config_map(f"istio-{OLD}", "istio-system")
    line = yaml.safe_load(config.data["mesh"])["accessLogFormat"]
    assert line.startswith('[%START_TIME%] "%REQ(:METHOD)% ')
    assert line.endswith(" %DOWNSTREAM_PEER_URI_SAN%")


def test_second_preview_and_refresh_find_no_change(stack: Stack) -> None:
    stack.preview("--expect-no-changes").succeeded()
    stack.refresh("--expect-no-changes").succeeded()


def test_namespaces_move_to_a_second_revision_one_by_one(
    stack: Stack, api: client.ApiClient
) -> None:
    stack.configure(revisions=f"{OLD},{NEW}")
    added = stack.up().succeeded()
    assert ("create", f"kubernetes:helm.sh/v3:Release::mesh-istiod-{NEW}") in added.steps
    assert istiods(api) == [f"istiod-{OLD}", f"istiod-{NEW}"]
    assert proxies(api) == [OLD]

    stack.configure(shop=NEW)
    moved = stack.up().succeeded()
    touched = {name for _, name in moved.steps}
    assert "kubernetes:core/v1:Namespace::shop-namespace" in touched
    assert not any("Release" in name for name in touched)
    eventually(lambda: check_proxies(api, NEW))

    stack.configure(revisions=NEW, default=NEW)
    removed = stack.up().succeeded()
    assert ("delete", f"kubernetes:helm.sh/v3:Release::mesh-istiod-{OLD}") in removed.steps
    assert istiods(api) == [f"istiod-{NEW}"]
    assert proxies(api) == [NEW]
    stack.preview("--expect-no-changes").succeeded()


def test_a_release_that_somebody_removed_is_installed_again(
    stack: Stack, api: client.ApiClient
) -> None:
    core = client.CoreV1Api(api)
    (stored,) = core.list_namespaced_secret(
        "kube-system", label_selector="owner=helm,name=istio-cni,status=deployed"
    ).items
    core.delete_namespaced_secret(stored.metadata.name, "kube-system")
    client.AppsV1Api(api).delete_namespaced_daemon_set("istio-cni-node", "kube-system")

    stack.refresh().succeeded()
    stack.up().succeeded()

    eventually(lambda: check_node_agent(api))
    stack.preview("--expect-no-changes").succeeded()


def proxies(api: client.ApiClient) -> list[str]:
    """The revision of each proxy in the shop."""
    pods = client.CoreV1Api(api).list_namespaced_pod("shop").items
    return [
        (pod.metadata.annotations or {}).get("istio.io/rev", "none")
        for pod in pods
        if not pod.metadata.deletion_timestamp
    ]


def check_proxies(api: client.ApiClient, *wanted: str) -> None:
    assert proxies(api) == list(wanted)


def check_node_agent(api: client.ApiClient) -> None:
    """Helm does not wait for all of them: one at a time may be missing in an update."""
    agent = client.AppsV1Api(api).read_namespaced_daemon_set("istio-cni-node", "kube-system")
    nodes = client.CoreV1Api(api).list_node().items
    assert agent.status.number_available == len(nodes) > 0


def istiods(api: client.ApiClient) -> list[str]:
    found = client.AppsV1Api(api).list_namespaced_deployment("istio-system").items
    return sorted(item.metadata.name for item in found if "istiod" in item.metadata.name)


def left_of_istio(api: client.ApiClient) -> list[str]:
    """Namespaces and webhooks that the stack made and that are still there.

    Istio's kinds stay, as its charts say (`helm.sh/resource-policy: keep`).
    """
    hooks = client.AdmissionregistrationV1Api(api)
    found = [
        *client.CoreV1Api(api).list_namespace().items,
        *hooks.list_mutating_webhook_configuration().items,
        *hooks.list_validating_webhook_configuration().items,
    ]
    names = [item.metadata.name for item in found]
    return [name for name in names if "istio" in name or name == "shop"]
