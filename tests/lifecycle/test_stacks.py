"""Stacks staging, prod, istio and hybrid as users run them: from nothing to nothing."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from meshwright_toolchain import module_dir
from tests.aws import aws, client_variables, make_eks_cluster
from tests.lifecycle.harness import LocalCloud, Run, Stack, copy_of_the_program

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(1500)]
PLATFORM = "meshwright:platform"
Make = Callable[[str], tuple[Stack, LocalCloud]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a stack by its name, on a local cloud of its own."""
    with ExitStack() as ended:

        def made(name: str) -> tuple[Stack, LocalCloud]:
            cloud = LocalCloud(tmp_path / "home", f"meshwright-{name}")
            ended.callback(cloud.meshwright, "down")
            work = tmp_path / name
            work.mkdir()
            program = copy_of_the_program(tmp_path)
            variables = {}
            if name == "hybrid":
                url = ended.enter_context(aws())
                make_eks_cluster("shop", "1.36")
                variables = client_variables(url)
            stack = Stack(program, work, cloud.environment | variables, name=name, ended_within=600)
            charts = stack.work / ".sandbox" / "charts"
            charts.parent.mkdir()
            charts.symlink_to(module_dir("istio") / "manifests" / "charts")
            return stack, cloud

        yield made
        shutil.rmtree(tmp_path / "copy")


def put(stack: Stack, path: str, value: str) -> None:
    """Change one value of the spec, as a user would."""
    stack.run(
        "config", "set", "--path", f"{PLATFORM}.{path}", value, "--stack", stack.name
    ).succeeded()


def up(stack: Stack) -> Run:
    """`pulumi up` under the policy pack, with the stack's exemptions where it has some."""
    options = ["--policy-pack", "policies"]
    exemptions = Path("stacks") / f"policies.{stack.name}.json"
    if (stack.work / exemptions).exists():
        options += ["--policy-pack-config", str(exemptions)]
    return stack.up(*options).succeeded()


def stopped_without_its_exemptions(stack: Stack, cloud: LocalCloud) -> None:
    """What the stack's policy config accepts, and nothing else, stops it before anything exists.

    Rules over all objects of a cluster that is only planned know too little to speak yet.
    """
    accepted = set(json.loads((stack.work / f"stacks/policies.{stack.name}.json").read_text()))
    run = stack.preview("--policy-pack", "policies").failed()
    said = [event["policyEvent"] for event in run.events if "policyEvent" in event]
    stopped = {one["policyName"] for one in said if one["enforcementLevel"] == "mandatory"}
    assert stopped
    assert stopped <= accepted
    assert cloud.asked("inventory") == []


def nothing_is_left_to_do(stack: Stack, cloud: LocalCloud) -> None:
    """A second `up` asks the cloud for no change, and nothing has drifted."""
    mark = max(entry["n"] for entry in cloud.asked("requests"))
    assert stack.up().succeeded().changes == {}
    later = cloud.asked(f"requests?since={mark}")
    assert [f"{e['method']} {e['path']}" for e in later if e["mutating"]] == []
    stack.refresh("--expect-no-changes").succeeded()


def changed(stack: Stack) -> list[tuple[str, str]]:
    """What one `up` changes: operation and type."""
    return sorted(
        (step, of.split("::")[0].split(":")[-1]) for step, of in stack.up().succeeded().steps
    )


def gone(stack: Stack, cloud: LocalCloud) -> None:
    """A destroy leaves nothing behind."""
    stack.destroy().succeeded()
    assert cloud.asked("inventory") == []


def test_staging(make: Make) -> None:
    """Two regions, one mesh, one load balancer before both; the canary's share moves alone."""
    stack, cloud = make("staging")
    up(stack)
    nothing_is_left_to_do(stack, cloud)
    doors = stack.outputs()["gateways"]
    assert set(doors["shop-ingress/public"]) == {"belgium", "finland"}
    assert list(doors["shop-ingress/front"]) == ["belgium"]
    assert doors["shop-ingress/front"]["belgium"]
    for index, weight in enumerate(("90", "10")):
        put(stack, f"namespaces[1].services[0].route.weights[{index}].weight", weight)
    assert changed(stack) == [("update", "VirtualService")] * 2
    gone(stack, cloud)


def test_prod(make: Make) -> None:
    """Blue/green is one word; what is protected is only destroyed once it is let go."""
    stack, cloud = make("prod")
    up(stack)
    nothing_is_left_to_do(stack, cloud)
    put(stack, "namespaces[1].services[0].route.active", "green")
    assert changed(stack) == [("update", "VirtualService")] * 2
    before = cloud.asked("inventory")
    assert "protect" in stack.run("destroy", "--yes").failed().output  # its preview says no
    assert cloud.asked("inventory") == before
    for index in range(2):
        put(stack, f"clusters[{index}].deletion_protection", "false")
    stack.up().succeeded()
    gone(stack, cloud)


def test_istio(make: Make) -> None:
    """Control planes in the clusters; a namespace moves to the next revision by itself."""
    stack, cloud = make("istio")
    up(stack)
    nothing_is_left_to_do(stack, cloud)
    put(stack, "namespaces[0].revision", "canary")
    assert ("update", "Namespace") in changed(stack)
    labels = cloud.kubectl(
        "europe-west1_ist-open", "get", "namespace", "shop", "-o", "jsonpath={.metadata.labels}"
    )
    assert json.loads(labels)["istio.io/rev"] == "canary"
    gone(stack, cloud)


def test_hybrid(make: Make) -> None:
    """GKE, VMs, Cloud Run, EKS, AKS, bare metal and VMware in one fleet."""
    stack, cloud = make("hybrid")
    stopped_without_its_exemptions(stack, cloud)
    up(stack)
    nothing_is_left_to_do(stack, cloud)
    members = stack.outputs()["memberships"]
    assert set(members) == {"eks", "aks", "data-centre", "factory", "campus"}
    assert all("/memberships/" in member for member in members.values())
    put(stack, "attached_clusters[0].admin_users[0]", "on-call@example.com")
    assert changed(stack) == [("update", "AttachedCluster")]
    gone(stack, cloud)
