"""Two regions in one managed mesh, on the whole local cloud: real clusters, real istiods.

The cloud is that of an ordinary user, who may listen on no port below 1024.
"""

import json
from collections.abc import Iterator

import pytest

from tests.lifecycle.conftest import PROGRAMS
from tests.lifecycle.harness import Stack
from tests.lifecycle.harness.local import LocalCloud
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

CLUSTERS = {"west": "europe-west1_west", "east": "europe-west4_east"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    started = LocalCloud(tmp_path_factory.mktemp("managed"), powerless=True)
    yield started
    started.meshwright("down")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, cloud: LocalCloud) -> Iterator[Stack]:
    """The stack after its first up; destroyed when all tests are done."""
    made = Stack(PROGRAMS / "managed-mesh", tmp_path_factory.mktemp("stack"), cloud.environment)
    made.up().succeeded()
    yield made
    made.destroy().succeeded()
    assert cloud.asked("inventory") == []


def test_each_cluster_says_that_it_is_connected_and_sees_the_other(
    stack: Stack, cloud: LocalCloud
) -> None:
    for name, context in CLUSTERS.items():
        options = json.loads(
            cloud.kubectl(context, "get", "configmap", "asm-options", "-nistio-system", "-ojson")
        )
        assert options["data"]["multicluster_mode"] == "connected"
        (other,) = CLUSTERS.keys() - {name}
        eventually(lambda context=context, other=other: sees(cloud, context, other))


def test_nothing_is_left_to_do_and_what_does_not_fit_is_told(stack: Stack) -> None:
    stack.preview("--expect-no-changes").succeeded()
    stack.refresh("--expect-no-changes").succeeded()
    found = json.loads(stack.run("stack", "output", "findings", "--json").output)
    assert len(found) == 2
    assert all("`multi_cluster` stands for them" in finding for finding in found)


def test_a_mesh_that_is_taken_apart_is_two_again(stack: Stack, cloud: LocalCloud) -> None:
    stack.configure(connected="false")

    apart = stack.up().succeeded()

    assert ("delete", "kubernetes:core/v1:ConfigMap::mesh-west-options") in apart.steps
    assert not any("FeatureMembership" in name for _, name in apart.steps)
    eventually(lambda: sees(cloud, CLUSTERS["west"]))
    cloud.kubectl(CLUSTERS["west"], "get", "namespace", "istio-system")


def sees(cloud: LocalCloud, context: str, *others: str) -> None:
    """The control plane is told by a controller, which follows what the stack has written."""
    assert [key.rsplit("-", 1)[1] for key in seen(cloud, context)] == list(others)


def seen(cloud: LocalCloud, context: str) -> list[str]:
    """The other clusters that a cluster's control plane is told of."""
    secrets = json.loads(
        cloud.kubectl(
            context, "get", "secrets", "-nistio-system", "-listio/multiCluster=true", "-ojson"
        )
    )
    return [key for item in secrets["items"] for key in item["data"]]
