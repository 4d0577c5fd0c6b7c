"""What AWS says of an EKS cluster, read with boto3 and the caller's own credentials."""

import asyncio
import importlib
from dataclasses import dataclass
from typing import Any

import pulumi

_READ = {"connect_timeout": 10, "read_timeout": 30, "retries": {"mode": "standard"}}


@dataclass(frozen=True)
class EksCluster:
    """The parts of an EKS cluster that its attachment needs."""

    arn: str
    """Its Amazon Resource Name."""
    endpoint: str
    """URL of its API server."""
    issuer_url: str
    """Issuer of its service-account tokens."""
    version: str
    """Kubernetes version, such as `1.36`."""


def eks_cluster(
    name: pulumi.Input[str], region: pulumi.Input[str]
) -> EksCluster | pulumi.Output[EksCluster]:
    """Describe an EKS cluster: at once where both are known now, so that a mistake is told alone
    and before anything is registered; else once they are known.
    """
    if isinstance(name, str) and isinstance(region, str):
        return read_eks_cluster(name, region)
    return pulumi.Output.all(name, region).apply(
        lambda both: asyncio.to_thread(read_eks_cluster, *both)
    )


def read_eks_cluster(name: str, region: str) -> EksCluster:
    """Ask AWS; its own settings (AWS_PROFILE, AWS_ENDPOINT_URL, ...) apply.

    Raises:
        pulumi.RunError: boto3 is not installed, AWS refuses or does not answer, or the cluster
            cannot be attached as it stands.
    """
    what = f"EKS cluster {name!r} in {region}"
    try:
        boto3, config, exceptions = (
            importlib.import_module(module)
            for module in ("boto3", "botocore.config", "botocore.exceptions")
        )
    except ModuleNotFoundError as error:
        raise pulumi.RunError(
            f"{what} is read with boto3, which is not installed: add `meshwright[eks]` to the "
            "program's requirements, or give `issuer_url` instead of `eks`"
        ) from error
    try:
        client = boto3.client("eks", region_name=region, config=config.Config(**_READ))
        found: dict[str, Any] = client.describe_cluster(name=name)["cluster"]
    except exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        told = error.response["Error"]["Message"]
        raise pulumi.RunError(f"{what}: {code}: {told}; {_mend(code)}") from error
    except exceptions.BotoCoreError as error:
        raise pulumi.RunError(
            f"{what} cannot be read: {error}; set AWS_PROFILE or sign in to AWS, and check the "
            "region's name and the network"
        ) from error
    return _checked(what, found)


def _mend(code: str) -> str:
    if code == "ResourceNotFoundException":
        return "check `eks.name` and `eks.region`, and that the credentials are of its account"
    return "the credentials need eks:DescribeCluster on it"


def _checked(what: str, found: dict[str, Any]) -> EksCluster:
    if found["status"] not in ("ACTIVE", "UPDATING"):
        raise pulumi.RunError(f"{what} is {found['status']}; it can be attached once it is ACTIVE")
    issuer = found.get("identity", {}).get("oidc", {}).get("issuer", "")
    if not issuer:
        raise pulumi.RunError(f"{what} has no OIDC issuer; Google cannot verify its workloads")
    return EksCluster(found["arn"], found["endpoint"], issuer, found["version"])
