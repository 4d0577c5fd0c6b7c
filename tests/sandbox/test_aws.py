"""AWS beside Google Cloud: real boto3 against the sandbox's own port, and its memory."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from meshwright_sandbox.daemon.environment import client_environment
from tests.aws import REGION, make_eks_cluster
from tests.sandbox.server import Sandbox


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A sandbox of the test's own, with boto3 pointed at it."""
    running = Sandbox(tmp_path / "home")
    running.start()
    _point(running, monkeypatch)
    yield running
    running.stop()


def _point(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in client_environment(server.url, "p").items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    boto3.DEFAULT_SESSION = None


def describe(name: str) -> dict[str, Any]:
    client: Any = boto3.client("eks", region_name=REGION)
    return client.describe_cluster(name=name)["cluster"]


def test_an_eks_cluster_outlives_a_crash_with_its_issuer(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its issuer cannot change in an attached cluster, so it must come back as it was."""
    make_eks_cluster("shop", "1.36")
    make_eks_cluster("gone", "1.36")
    client: Any = boto3.client("eks", region_name=REGION)
    client.delete_cluster(name="gone")
    before = describe("shop")

    server.kill()
    with (server.home / "aws.jsonl").open("a") as file:
        file.write('{"method": "PO')  # what was being written just then
    server.start()
    _point(server, monkeypatch)

    after = describe("shop")
    for field in ("identity", "endpoint", "version", "arn", "status"):
        assert after[field] == before[field]
    assert before["identity"]["oidc"]["issuer"].startswith(f"https://oidc.eks.{REGION}.")
    with pytest.raises(ClientError, match="No cluster found"):
        describe("gone")
    make_eks_cluster("next", "1.36")  # what follows is remembered as well
    server.kill()
    server.start()
    _point(server, monkeypatch)
    assert describe("next")["status"] == "ACTIVE"


def test_a_reset_forgets_aws_too(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and after a restart."""
    make_eks_cluster("shop", "1.36")

    server.admin("POST", "reset")

    with pytest.raises(ClientError, match="No cluster found"):
        describe("shop")
    server.kill()
    server.start()
    _point(server, monkeypatch)
    with pytest.raises(ClientError, match="No cluster found"):
        describe("shop")


def test_a_mistake_is_refused_as_aws_does(server: Sandbox) -> None:
    """And is not remembered."""
    make_eks_cluster("shop", "1.36")
    with pytest.raises(ClientError, match="ResourceInUse"):
        make_eks_cluster("shop", "1.36")
