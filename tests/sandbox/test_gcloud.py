"""Google's command-line tool against the sandbox: networking, projects, IAM, APIs."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.gcloud
Gcloud = Callable[..., Any]
REGION = "--region=us-central1"


def test_a_vpc_from_first_to_last(gcloud: Gcloud, project: str, sandbox: Sandbox) -> None:
    gcloud("compute", "networks", "create", "net", "--subnet-mode=custom")
    subnets = ("compute", "networks", "subnets")
    gcloud(*subnets, "create", "sub", "--network=net", REGION, "--range=10.0.0.0/20")
    gcloud(*subnets, "update", "sub", REGION, "--add-secondary-ranges=pods=10.4.0.0/14")
    gcloud("compute", "routers", "create", "router", "--network=net", REGION)
    nat = ["--router=router", "--auto-allocate-nat-external-ips", "--nat-all-subnet-ip-ranges"]
    gcloud("compute", "routers", "nats", "create", "nat", REGION, *nat)
    gcloud("compute", "firewall-rules", "create", "rule", "--network=net", "--allow=tcp:15017")

    [subnet] = gcloud(*subnets, "list", "--filter=name=sub")
    used = gcloud("compute", "networks", "delete", "net", check=False)
    gcloud("compute", "firewall-rules", "delete", "rule")
    gcloud("compute", "routers", "delete", "router", REGION)
    gcloud(*subnets, "delete", "sub", REGION)
    gcloud("compute", "networks", "delete", "net")

    assert subnet["secondaryIpRanges"] == [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}]
    assert used.returncode == 1
    assert "is already being used by" in used.stderr
    assert not [name for name in sandbox.inventory() if f"/{project}/" in name]


def test_addresses_are_listed_wherever_they_are(gcloud: Gcloud) -> None:
    gcloud("compute", "addresses", "create", "here", REGION)
    gcloud("compute", "addresses", "create", "everywhere", "--global")

    addresses = gcloud("compute", "addresses", "list")

    assert {entry["name"] for entry in addresses} == {"here", "everywhere"}


def test_missing_network_is_named(gcloud: Gcloud) -> None:
    ended = gcloud(
        "compute", "firewall-rules", "create", "x", "--network=gone", "--allow=tcp", check=False
    )

    assert "global/networks/gone' was not found" in ended.stderr


def test_account_and_binding(gcloud: Gcloud, project: str) -> None:
    gcloud("iam", "service-accounts", "create", "nodes-sa")
    email = f"nodes-sa@{project}.iam.gserviceaccount.com"
    member = f"--member=serviceAccount:{email}"

    policy = gcloud("projects", "add-iam-policy-binding", project, member, "--role=roles/viewer")
    accounts = gcloud("iam", "service-accounts", "list")
    gcloud("projects", "remove-iam-policy-binding", project, member, "--role=roles/viewer")

    assert policy["bindings"] == [{"role": "roles/viewer", "members": [f"serviceAccount:{email}"]}]
    assert email in [account["email"] for account in accounts]
    assert "bindings" not in gcloud("projects", "get-iam-policy", project)


def test_apis_are_enabled(gcloud: Gcloud, project: str) -> None:
    gcloud("services", "enable", "dns.googleapis.com", "run.googleapis.com")

    names = {entry["config"]["name"] for entry in gcloud("services", "list", "--enabled")}

    assert {"dns.googleapis.com", "run.googleapis.com"} <= names
    assert gcloud("projects", "describe", project)["projectId"] == project
