"""Shared VPC as google-api-python-client sees it, and GKE in a network of another project."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.platform import RANGES
from tests.sandbox.platform import REGION as HOME
from tests.sandbox.server import Sandbox, enable_apis, finish
from tests.sandbox.vpc import make_network

SUBNET_USER = "roles/compute.networkUser"
HOST_AGENT_USER = "roles/container.hostServiceAgentUser"


class Shared:
    """A host project with a network, and a service project."""

    def __init__(self, compute: Any, host: str, service: str) -> None:
        self.compute, self.host, self.service = compute, host, service
        self.network = make_network(compute, host)
        body = {
            "name": "sub",
            "network": self.network,
            "ipCidrRange": "10.0.0.0/20",
            "secondaryIpRanges": RANGES,
        }
        operation = compute.subnetworks().insert(project=host, region=HOME, body=body).execute()
        finish(compute.regionOperations(), operation, project=host, region=HOME)
        self.subnetwork = f"projects/{host}/regions/{HOME}/subnetworks/sub"

    def call(self, verb: str, **body: Any) -> None:
        """Call a method of the host project, and wait."""
        request = getattr(self.compute.projects(), verb)(project=self.host, **body)
        finish(self.compute.globalOperations(), request.execute(), project=self.host)

    def attach(self, project: str = "") -> None:
        self.call("enableXpnResource", body=_resource(project or self.service))

    def detach(self) -> None:
        self.call("disableXpnResource", body=_resource(self.service))


def _resource(project: str) -> dict[str, Any]:
    return {"xpnResource": {"id": project, "type": "PROJECT"}}


@pytest.fixture
def shared(sandbox: Sandbox, compute: Any, project: str) -> Shared:
    enable_apis(sandbox, f"{project}-svc")
    return Shared(compute, project, f"{project}-svc")


def test_a_host_shows_its_service_projects_and_they_their_host(shared: Shared) -> None:
    projects = shared.compute.projects()
    assert projects.getXpnHost(project=shared.service).execute() == {}

    shared.call("enableXpnHost")
    shared.attach()

    assert projects.get(project=shared.host).execute()["xpnProjectStatus"] == "HOST"
    assert projects.getXpnHost(project=shared.service).execute()["name"] == shared.host
    listed = projects.getXpnResources(project=shared.host).execute()["resources"]
    assert listed == [{"id": shared.service, "type": "PROJECT"}]


def test_only_a_host_takes_service_projects_and_only_those_that_exist(shared: Shared) -> None:
    with pytest.raises(HttpError, match="not a shared VPC host"):
        shared.attach()
    shared.call("enableXpnHost")
    with pytest.raises(HttpError, match="was not found"):
        shared.attach("missing-project")
    with pytest.raises(HttpError, match="cannot be attached"):
        shared.attach(shared.host)
    with pytest.raises(HttpError, match="must name a PROJECT"):
        shared.call("enableXpnResource", body={"xpnResource": {"id": shared.service}})


def test_a_project_has_one_host_and_is_none_itself(
    sandbox: Sandbox, compute: Any, shared: Shared
) -> None:
    shared.call("enableXpnHost")
    shared.attach()
    enable_apis(sandbox, f"{shared.host}-b")
    compute.projects().enableXpnHost(project=f"{shared.host}-b").execute()

    with pytest.raises(HttpError, match="already attached"):
        compute.projects().enableXpnResource(
            project=f"{shared.host}-b", body=_resource(shared.service)
        ).execute()
    with pytest.raises(HttpError, match="is a service project"):
        compute.projects().enableXpnHost(project=shared.service).execute()


def test_a_host_is_undone_after_its_service_projects(shared: Shared) -> None:
    shared.call("enableXpnHost")
    shared.attach()

    with pytest.raises(HttpError, match=f"active service projects \\({shared.service}\\)"):
        shared.call("disableXpnHost")
    shared.detach()
    with pytest.raises(HttpError, match="is not attached"):
        shared.detach()
    shared.call("disableXpnHost")

    status = shared.compute.projects().get(project=shared.host).execute()["xpnProjectStatus"]
    assert status == "UNSPECIFIED_XPN_PROJECT_STATUS"


def test_a_subnetworks_policy_names_only_accounts_that_exist(shared: Shared) -> None:
    """GKE's agent of a project is there once its API is on."""
    subnetworks = shared.compute.subnetworks()
    where = {"project": shared.host, "region": HOME, "resource": "sub"}
    for member, known in ((_agent("42"), False), ("user:a@example.com", True)):
        policy = subnetworks.getIamPolicy(**where).execute()
        policy["bindings"] = [{"role": SUBNET_USER, "members": [member]}]
        request = subnetworks.setIamPolicy(**where, body={"policy": policy})
        if known:
            assert request.execute()["bindings"] == policy["bindings"]
        else:
            with pytest.raises(HttpError, match="does not exist"):
                request.execute()


def _agent(number: str) -> str:
    return f"serviceAccount:service-{number}@container-engine-robot.iam.gserviceaccount.com"


def test_a_cluster_stands_in_a_shared_network_once_gke_may_use_it(
    shared: Shared, google: GoogleClients
) -> None:
    """What is missing is told step by step; then the service project cannot leave."""
    resources = google("cloudresourcemanager", "v1").projects()
    number = resources.get(projectId=shared.service).execute()["projectNumber"]
    gke = google("container", "v1")
    clusters = gke.projects().locations().clusters()
    parent = f"projects/{shared.service}/locations/{HOME}"
    cluster = {
        "name": "c",
        "network": shared.network,
        "subnetwork": shared.subnetwork,
        "initialNodeCount": 1,
        "ipAllocationPolicy": {
            "clusterSecondaryRangeName": "pods",
            "servicesSecondaryRangeName": "services",
        },
    }

    def create() -> None:
        operation = clusters.create(parent=parent, body={"cluster": cluster}).execute()
        _wait(gke, parent, operation)

    with pytest.raises(HttpError, match="is not attached"):
        create()
    shared.call("enableXpnHost")
    shared.attach()
    with pytest.raises(HttpError, match=HOST_AGENT_USER):
        create()
    policy = {"bindings": [{"role": HOST_AGENT_USER, "members": [_agent(number)]}]}
    resources.setIamPolicy(resource=shared.host, body={"policy": policy}).execute()
    with pytest.raises(HttpError, match=r"compute\.subnetworks\.use"):
        create()
    policy = {"bindings": [{"role": SUBNET_USER, "members": [_agent(number)]}]}
    shared.compute.subnetworks().setIamPolicy(
        project=shared.host, region=HOME, resource="sub", body={"policy": policy}
    ).execute()
    create()

    with pytest.raises(HttpError, match="uses a shared network"):
        shared.detach()
    _wait(gke, parent, clusters.delete(name=f"{parent}/clusters/c").execute())
    shared.detach()


def _wait(gke: Any, parent: str, operation: dict[str, Any]) -> None:
    while operation["status"] != "DONE":
        name = f"{parent}/operations/{operation['name']}"
        operation = gke.projects().locations().operations().get(name=name).execute()
    assert "error" not in operation
