"""Clusters outside Google Cloud through their whole life: programs of examples/, real engine."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.aws import make_eks_cluster
from tests.lifecycle.harness import Cloud, Stack, assert_consistent
from tests.lifecycle.harness.cloud import PROJECT

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.engine
Make = Callable[..., Stack]


@pytest.fixture
def example(tmp_path: Path, cloud: Cloud) -> Make:
    """Makes a stack of an example, with further variables in its environment."""

    def make(name: str, **variables: str) -> Stack:
        work = tmp_path / name
        work.mkdir()
        return Stack(EXAMPLES / name, work, cloud.environment() | variables)

    return make


def test_clusters_of_other_clouds_come_and_go(example: Make, cloud: Cloud) -> None:
    """EKS, read from AWS, and AKS: made, unchanged, refreshed without drift, gone."""
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    made = make_eks_cluster("shop", "1.36", endpoint_url=f"{cloud.url}/aws", **keys)
    stack = example("attached-cluster")
    stack.up().succeeded()

    assert_consistent(stack, cloud)
    stack.refresh("--expect-no-changes").succeeded()
    outputs = stack.outputs()
    number = "123456789012"
    assert outputs["memberships"] == [
        f"projects/{number}/locations/global/memberships/{name}" for name in ("eks", "aks")
    ]
    attached = [r for r in stack.resources() if r["type"].endswith(":AttachedCluster")]
    issuers = {r["id"].rsplit("/", 1)[1]: r["outputs"]["oidcConfig"] for r in attached}
    assert issuers["eks"] == {"issuerUrl": made["identity"]["oidc"]["issuer"]}
    stack.destroy().succeeded()
    assert cloud.inventory() == []


def test_an_eks_cluster_that_cannot_be_read_is_a_sentence(example: Make, cloud: Cloud) -> None:
    """The run ends with what to check; nothing is attached."""
    stack = example("attached-cluster")
    before = cloud.mark()

    run = stack.up().failed()

    assert "EKS cluster 'shop' in eu-central-1: ResourceNotFoundException" in run.output
    assert "check `eks.name` and `eks.region`" in run.output
    assert not any("attachedClusters" in line for line in cloud.mutating(before))


def test_clusters_on_premises_come_and_go(example: Make, cloud: Cloud) -> None:
    """Bare metal and VMware, through an admin cluster that its tool registered, and that stays."""
    admin = register_admin_cluster(cloud)
    stack = example("on-prem-cluster")
    stack.up().succeeded()

    stack.preview("--expect-no-changes").succeeded()
    stack.refresh("--expect-no-changes").succeeded()
    made = {entry["name"].rpartition("/")[2] for entry in cloud.inventory()}
    assert {"admin", "factory", "workers", "campus", "desktops", "warehouse"} <= made
    stack.destroy().succeeded()
    assert [entry["name"] for entry in cloud.inventory()] == [admin]


def register_admin_cluster(cloud: Cloud) -> str:
    """What `bmctl` does with an admin cluster that it has made; returns the membership."""
    apis = f"{cloud.url}/serviceusage/v1/projects/{PROJECT}/services:batchEnable"
    hub = f"{cloud.url}/gkehub/v1/projects/{PROJECT}/locations/global/memberships"
    requests.post(apis, json={"serviceIds": ["gkehub.googleapis.com"]}, timeout=30)
    body = {"authority": {"issuer": "https://oidc.admin.example"}}
    answer = requests.post(hub, params={"membershipId": "admin"}, json=body, timeout=30)
    answer.raise_for_status()
    return f"projects/{PROJECT}/locations/global/memberships/admin"
