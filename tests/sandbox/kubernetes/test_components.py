"""Components that the kubernetes plugin builds itself, under the real engine."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from tests.lifecycle.harness import Cloud, Stack
from tests.sandbox.kubernetes.harness import DEPLOYMENT, ApiServer, named

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

PROGRAM = Path(__file__).parent / "group"
CANARY = "canary-of-the-till"


@pytest.fixture
def stack(tmp_path: Path, cluster: ApiServer) -> Stack:
    made = Stack(PROGRAM, tmp_path, {})
    made.configure(kubeconfig=str(cluster.kubeconfig), colour="red", password=CANARY)
    made.run("config", "set", "--secret", "password", CANARY).succeeded()
    return made


def test_a_manifest_is_a_component_whose_objects_come_in_order(
    stack: Stack, cluster: ApiServer
) -> None:
    """Previewed, made, changed in one object, and taken away; a secret stays one."""
    previewed = stack.preview().succeeded()
    created = stack.up().succeeded()
    assert set(created.steps) == set(previewed.steps)
    assert {entry["urn"].rpartition("::")[2] for entry in stack.resources()} == {
        "market:market/first",
        "market:market/settings",
        "market:market",
        "market:tills.shop.example.com",
        "market:market/login",
        "of:default/beside",
    }
    assert CANARY not in json.dumps(stack.deployment())
    assert stack.up("--expect-no-changes").succeeded().changes == {}

    stack.configure(colour="blue")
    assert stack.up().succeeded().changes == {"update": 1}
    till = cluster.kubectl("get", "tills", "-n", "market", "first", "-o", "json")
    assert till["spec"] == {"colour": "blue"}

    stack.destroy().succeeded()
    left = cluster.kubectl("get", "namespaces", "-o", "json")["items"]
    assert "market" not in [item["metadata"]["name"] for item in left]


def test_a_file_may_hold_what_nobody_waits_for(
    stack: Stack, cluster: ApiServer, tmp_path: Path
) -> None:
    """Its pods never run, and `up` ends all the same."""
    never = copy.deepcopy(named(DEPLOYMENT, "never", namespace="market"))
    never["spec"]["template"]["spec"]["nodeSelector"] = {"there": "is-none"}
    path = tmp_path / "more.yaml"
    path.write_text(yaml.safe_dump(never))
    stack.configure(file=str(path))

    stack.up().succeeded()

    shown = cluster.kubectl("get", "deployment", "-n", "market", "never", "-o", "json")
    assert shown["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
    stack.destroy().succeeded()


def test_an_attached_clusters_agent_comes_before_it_and_goes_after_it(
    cluster: ApiServer, tmp_path: Path
) -> None:
    """The component AttachedCluster with the kubeconfig of what it attaches."""
    cloud = Cloud(tmp_path / "cloud")
    cloud.start()
    try:
        (tmp_path / "work").mkdir()
        stack = Stack(Path(__file__).parent / "attached", tmp_path / "work", cloud.environment())
        stack.configure(kubeconfig=str(cluster.kubeconfig))
        stack.preview().succeeded()
        up = stack.up().succeeded()

        order = [name for _, name in up.steps]
        agent = next(
            n for n in order if n.endswith("Deployment::aks:gke-install/gke-install-agent")
        )
        attached = next(n for n in order if n.startswith("gcp:container/attachedCluster"))
        assert order.index(agent) < order.index(attached)
        agents = cluster.kubectl("get", "deployments", "-n", "gke-install", "-o", "json")["items"]
        assert [item["metadata"]["name"] for item in agents] == ["gke-install-agent"]
        assert stack.up("--expect-no-changes").succeeded().changes == {}

        stack.destroy().succeeded()
        left = cluster.kubectl("get", "namespaces", "-o", "json")["items"]
        assert "gke-install" not in [item["metadata"]["name"] for item in left]
        assert cloud.inventory() == []
    finally:
        cloud.stop()


def test_what_the_plugin_does_not_build_is_named(stack: Stack) -> None:
    """Not by the engine's own words, which speak of secrets."""
    stack.configure(chart="shop")

    run = stack.preview()

    assert "'chart' has a problem: this stand-in for the kubernetes plugin does not build" in (
        run.output
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: [", "the manifest is no YAML"),
        ("kind: ConfigMap", "lacks apiVersion, kind or metadata.name"),
        ("just text", "the manifest holds no object"),
        (None, "it cannot be read"),
    ],
)
def test_what_is_no_manifest_is_told(
    stack: Stack, tmp_path: Path, content: str | None, says: str
) -> None:
    path = tmp_path / "wrong.yaml"
    if content is not None:
        path.write_text(content)
    stack.configure(file=str(path))

    run = stack.preview()

    # After it the SDK has more to say: the engine no longer answers it.
    (told,) = (
        line for line in run.output.splitlines() if line.startswith("    error: kubernetes:")
    )
    assert "'more' has a problem: " in told
    assert says in told
