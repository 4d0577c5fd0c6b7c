"""Where the state may live, and one stack on another's outputs."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from tests.aws import REGION, aws, client_variables
from tests.lifecycle.conftest import PROGRAMS
from tests.lifecycle.harness import Cloud, Stack, assert_consistent

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.engine


def folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


def test_the_state_lives_in_a_bucket(tmp_path: Path, cloud: Cloud) -> None:
    """S3's protocol: a whole life there, seen from two checkouts, one at a time."""
    with aws() as url:
        storage: Any = boto3.client("s3", region_name=REGION)
        place = {"LocationConstraint": REGION}
        storage.create_bucket(Bucket="state", CreateBucketConfiguration=place)
        settings = f"region={REGION}&endpoint={urlsplit(url).netloc}"
        backend = f"s3://state?{settings}&disableSSL=true&s3ForcePathStyle=true"
        variables = cloud.environment() | client_variables(url)

        def checkout(name: str) -> Stack:
            return Stack(PROGRAMS / "small", folder(tmp_path, name), variables, backend=backend)

        stack = checkout("one")
        stack.up().succeeded()

        assert_consistent(stack, cloud)
        kept = [item["Key"] for item in storage.list_objects_v2(Bucket="state")["Contents"]]
        assert any(key.startswith(".pulumi/stacks/") and key.endswith("test.json") for key in kept)
        assert not any(key.startswith(".pulumi/locks/") for key in kept)
        assert not list(stack.state.glob(".pulumi/stacks/**/*.json"))

        lock = next(key for key in kept if key.startswith(".pulumi/stacks/"))
        lock = lock.replace("/stacks/", "/locks/organization/").removesuffix(".json") + "/x.json"
        storage.put_object(Bucket="state", Key=lock, Body=b"{}")
        refused = stack.destroy().failed()
        assert "currently locked" in refused.output
        stack.run("cancel", "--yes", "--stack", stack.name).succeeded()
        stack.destroy().succeeded()
    assert cloud.inventory() == []


def test_a_stack_builds_on_what_another_made(tmp_path: Path, cloud: Cloud) -> None:
    """A cluster in another stack's network, which stays as long as the cluster."""
    network = Stack(
        EXAMPLES / "mesh-network", folder(tmp_path, "network"), cloud.environment(), name="dev"
    )
    cluster = Stack(
        EXAMPLES / "stack-reference",
        folder(tmp_path, "cluster"),
        cloud.environment(),
        backend=network.backend,
    )
    early = cluster.up()
    # Which of its outputs is missed first is chance.
    assert "organization/example-mesh-network/dev exports no '" in early.output

    network.up().succeeded()
    cluster.up().succeeded()

    (made,) = [r for r in cluster.resources() if r["type"] == "gcp:container/cluster:Cluster"]
    exported = network.outputs()
    assert made["inputs"]["network"] == exported["network"]
    assert made["inputs"]["subnetwork"] == exported["subnets"]["west"]["id"]
    cluster.preview("--expect-no-changes").succeeded()
    assert "being used by" in network.destroy().failed().output
    network.up().succeeded()
    cluster.destroy().succeeded()
    network.destroy().succeeded()
    assert cloud.inventory() == []
