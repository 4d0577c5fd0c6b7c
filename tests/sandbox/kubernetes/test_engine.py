"""The kubernetes plugin under the real engine and against a real API server."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from tests.lifecycle.harness import Run, Stack
from tests.sandbox.kubernetes.harness import ApiServer

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

PROGRAM = Path(__file__).parent / "program"
CANARY = "canary-of-the-login"


@pytest.fixture(scope="module")
def first(
    tmp_path_factory: pytest.TempPathFactory, cluster: ApiServer
) -> Iterator[tuple[Stack, Run, Run]]:
    """A stack with its first preview and its first up; destroyed when all tests are done."""
    made = Stack(PROGRAM, tmp_path_factory.mktemp("stack"), {})
    configure(made, kubeconfig=str(cluster.kubeconfig))
    yield made, made.preview().succeeded(), made.up().succeeded()
    made.destroy().succeeded()
    left = cluster.kubectl("get", "namespaces", "-o", "json")["items"]
    assert "shop" not in [item["metadata"]["name"] for item in left]


@pytest.fixture
def stack(first: tuple[Stack, Run, Run], cluster: ApiServer) -> Stack:
    """The stack with its default settings, up: where every test starts, in any order."""
    made = first[0]
    configure(made, kubeconfig=str(cluster.kubeconfig))
    made.up().succeeded()
    return made


def configure(stack: Stack, **values: str) -> None:
    """Set these values and no others, faster than the engine's own command does."""
    file = stack.work / f"Pulumi.{stack.name}.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"] = {
        "objects:kubeconfig": (content.get("config") or {}).get("objects:kubeconfig"),
        # So that whatever a test changed outside is taken back before the next one.
        "objects:force": "true",
        **{f"objects:{key}": value for key, value in values.items()},
    }
    file.write_text(yaml.safe_dump(content))


def test_preview_from_nothing_promises_what_up_does(first: tuple[Stack, Run, Run]) -> None:
    _, previewed, created = first

    assert previewed.changes == created.changes
    assert set(created.changes) == {"create"}


def test_second_up_changes_nothing(stack: Stack) -> None:
    assert stack.up("--expect-no-changes").succeeded().changes == {}


def test_immutable_fields_replace_named_objects_after_deleting_them(
    stack: Stack, cluster: ApiServer
) -> None:
    before = [entry["outputs"] for entry in stack.resources() if entry["urn"].endswith("::named")]
    configure(stack, app="shop", colour="blue")

    changed = stack.up().succeeded()

    operations = {name: [op for op, it in changed.steps if it == name] for _, name in changed.steps}
    named_first = operations["kubernetes:core/v1:ConfigMap::named"]
    assert named_first.index("create-replacement") < named_first.index("delete-replaced")
    for name in ("kubernetes:apps/v1:Deployment::web", "kubernetes:core/v1:ConfigMap::settings"):
        assert operations[name].index("delete-replaced") < operations[name].index(
            "create-replacement"
        )
    assert operations["kubernetes:core/v1:Service::web"] == ["update"]
    live = cluster.kubectl("get", "-n", "shop", "configmap", "settings", "-o", "json")
    assert live["data"] == {"colour": "blue"}
    after = [entry["outputs"] for entry in stack.resources() if entry["urn"].endswith("::named")]
    assert before[0]["metadata"]["name"] != after[0]["metadata"]["name"]


def test_a_replacement_that_failed_half_way_is_completed(stack: Stack, cluster: ApiServer) -> None:
    configure(stack, key="not a key!")
    stack.up().failed()
    configure(stack, key="size")

    stack.up().succeeded()

    live = cluster.kubectl("get", "-n", "shop", "configmap", "settings", "-o", "json")
    assert live["data"] == {"size": "red"}
    stack.preview("--expect-no-changes").succeeded()


def test_refresh_finds_exactly_what_was_changed_outside(stack: Stack, cluster: ApiServer) -> None:
    assert stack.refresh("--expect-no-changes").succeeded().changes == {}
    cluster.kubectl("-n", "shop", "scale", "deployment", "web", "--replicas=2")
    cluster.kubectl("-n", "shop", "delete", "gizmo", "gizmo")
    cluster.kubectl("-n", "shop", "label", "service", "web", "outside=yes")

    found = stack.run("refresh", "--preview-only").succeeded()

    drifted = {
        event["resOutputsEvent"]["metadata"]["urn"].split("::", 2)[2]
        for event in found.events
        if event.get("resOutputsEvent", {}).get("metadata", {}).get("op") in ("update", "delete")
    }
    assert drifted == {
        "kubernetes:apps/v1:Deployment::web",
        "kubernetes:tests.meshwright.dev/v1:Gizmo::gizmo",
    }


def test_a_rollout_that_hangs_says_why_and_the_next_up_completes(stack: Stack) -> None:
    configure(stack, pool="nowhere", patience="12s")

    failed = stack.up().failed()

    assert "timed out after 12 s" in failed.output
    assert "Unschedulable" in failed.output
    configure(stack)
    stack.up().succeeded()
    stack.preview("--expect-no-changes").succeeded()


def test_secrets_appear_nowhere(stack: Stack) -> None:
    output = stack.up("--diff").succeeded().output
    stack.refresh().succeeded()
    state = "".join(path.read_text() for path in stack.state.rglob("*.json"))

    assert CANARY not in output
    assert CANARY not in state
    assert "Y2FuYXJ5LW9mLXRoZS1sb2dpbg" not in state


def test_a_killed_engine_leaves_no_plugin_and_the_next_up_completes(
    stack: Stack, cluster: ApiServer
) -> None:
    configure(stack, pool="nowhere")
    # The plugin itself is to see it, not who forks it.
    own = {"PULUMI_PYTHON_CMD": sys.executable}
    with stack.running("up", "--yes", "--skip-preview", environment=own) as engine:
        assert engine.stdout is not None
        for line in engine.stdout:
            if "Deployment web updating" in line:
                break
        plugins = _plugins_of(engine.pid)
        engine.kill()
        engine.wait()

    assert plugins
    _, alive = psutil.wait_procs(plugins, timeout=60)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    stack.mend_state()
    stack.run("cancel", "--yes", stack.name).succeeded()
    configure(stack)
    stack.up().succeeded()
    stack.preview("--expect-no-changes").succeeded()


def test_an_existing_object_is_imported_without_a_difference(
    stack: Stack, cluster: ApiServer
) -> None:
    stack.run("state", "delete", _urn_of(stack, "::settings"), "--stack", stack.name).succeeded()
    kind = "kubernetes:core/v1:ConfigMap"
    provider = next(
        entry["urn"]
        for entry in stack.deployment()["resources"]
        if entry["type"] == "pulumi:providers:kubernetes"
    )
    imported = stack.run(
        "import", kind, "settings", "shop/settings", "--yes", "--skip-preview",
        "--protect=false", "--generate-code=false", f"--provider=cluster={provider}",
        "--stack", stack.name,
    )  # fmt: skip

    imported.succeeded()
    stack.preview("--expect-no-changes").succeeded()


def _plugins_of(engine: int) -> list[psutil.Process]:
    children = psutil.Process(engine).children(recursive=True)
    return [child for child in children if "plugins.kubernetes" in _command_of(child)]


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has ended meanwhile
        return ""


def _urn_of(stack: Stack, ending: str) -> str:
    return next(entry["urn"] for entry in stack.resources() if entry["urn"].endswith(ending))
