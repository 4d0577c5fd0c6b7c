"""Clusters outside Google Cloud through their whole life: programs of examples/, real engine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.aws import aws, client_variables, make_eks_cluster
from tests.lifecycle.harness import Cloud, Stack, assert_consistent

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.engine
Make = Callable[..., Stack]


@pytest.fixture
def eks() -> Iterator[dict[str, str]]:
    """Variables that lead to an AWS with the EKS cluster of the example."""
    with aws() as url:
        make_eks_cluster("shop", "1.36")
        yield client_variables(url)


@pytest.fixture
def example(tmp_path: Path, cloud: Cloud) -> Make:
    """Makes a stack of an example, with further variables in its environment."""

    def make(name: str, **variables: str) -> Stack:
        work = tmp_path / name
        work.mkdir()
        return Stack(EXAMPLES / name, work, cloud.environment() | variables)

    return make


def test_clusters_of_other_clouds_come_and_go(
    example: Make, cloud: Cloud, eks: dict[str, str]
) -> None:
    """EKS, read from AWS, and AKS: made, unchanged, refreshed without drift, gone."""
    stack = example("attached-cluster", **eks)
    stack.up().succeeded()

    assert_consistent(stack, cloud)
    stack.refresh("--expect-no-changes").succeeded()
    outputs = stack.deployment()["resources"][0]["outputs"]
    number = "123456789012"
    assert outputs["memberships"] == [
        f"projects/{number}/locations/global/memberships/{name}" for name in ("eks", "aks")
    ]
    stack.destroy().succeeded()
    assert cloud.inventory() == []


def test_an_aws_that_cannot_be_read_changes_nothing(
    example: Make, cloud: Cloud, eks: dict[str, str]
) -> None:
    """The preview says so in a sentence; no cloud is asked for anything."""
    stack = example("attached-cluster", **eks | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    before = cloud.mark()

    run = stack.up().failed()

    assert "EKS cluster 'shop' in eu-central-1 cannot be read" in run.output
    assert not any("attachedClusters" in line for line in cloud.mutating(before))


def test_a_cluster_on_bare_metal_comes_and_goes(example: Make, cloud: Cloud) -> None:
    """After its admin cluster's membership, and before it when all goes."""
    stack = example("on-prem-cluster")
    stack.up().succeeded()

    stack.preview("--expect-no-changes").succeeded()
    stack.refresh("--expect-no-changes").succeeded()
    made = {entry["name"].rpartition("/")[2] for entry in cloud.inventory()}
    assert {"admin", "factory", "workers"} <= made
    stack.destroy().succeeded()
    assert cloud.inventory() == []
