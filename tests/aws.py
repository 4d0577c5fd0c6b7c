"""AWS for tests: moto's server on a free port, and boto3 pointed at it by its own variables."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import boto3
import requests
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
_ROLE = "arn:aws:iam::123456789012:role/eks"


@contextmanager
def aws() -> Iterator[str]:
    """Serve AWS, empty; yields its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    requests.post(f"{url}/moto-api/reset", timeout=30)  # its state belongs to the process
    try:
        with mock.patch.dict(os.environ, client_variables(url)):
            boto3.DEFAULT_SESSION = None  # it keeps the credentials it was made with
            yield url
    finally:
        server.stop()


def client_variables(url: str) -> dict[str, str]:
    """What points boto3, and Pulumi's S3 backend, at a server; it takes any keys."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def make_eks_cluster(
    name: str, version: str, region: str = REGION, **client_settings: Any
) -> dict[str, Any]:
    """Make an EKS cluster; returns AWS's description of it."""
    client: Any = boto3.client("eks", region_name=region, **client_settings)
    return client.create_cluster(
        name=name,
        version=version,
        roleArn=_ROLE,
        resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]},
    )["cluster"]
