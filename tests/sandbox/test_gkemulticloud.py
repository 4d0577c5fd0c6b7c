"""Attached clusters: what the API takes and refuses, and the membership that comes with one."""

import base64
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.server import Sandbox, finish

REGION = "europe-west1"


@pytest.fixture
def multicloud(google: GoogleClients) -> Any:
    return google("gkemulticloud", "v1").projects().locations()


@pytest.fixture
def number(google: GoogleClients, project: str) -> str:
    projects = google("cloudresourcemanager", "v1").projects()
    return projects.get(projectId=project).execute()["projectNumber"]


def cluster(number: str, **more: Any) -> dict[str, Any]:
    return {
        "distribution": "eks",
        "platformVersion": "1.36.0-gke.1",
        "oidcConfig": {"issuerUrl": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"},
        "fleet": {"project": f"projects/{number}"},
        "authorization": {"adminUsers": [{"username": "ops@example.com"}]},
        **more,
    }


def attach(multicloud: Any, project: str, body: dict[str, Any], short: str = "eks") -> str:
    parent = f"projects/{project}/locations/{REGION}"
    clusters = multicloud.attachedClusters()
    started = clusters.create(parent=parent, attachedClusterId=short, body=body).execute()
    finish(multicloud.operations(), started)
    return f"{parent}/attachedClusters/{short}"


def test_an_attached_cluster_is_a_member_of_the_fleet(
    google: GoogleClients, multicloud: Any, project: str, number: str
) -> None:
    """It names its membership; the fleet's API shows it with the cluster's issuer and its link."""
    name = attach(multicloud, project, cluster(number))

    made = multicloud.attachedClusters().get(name=name).execute()

    assert made["state"] == "RUNNING"
    assert made["clusterRegion"] == "eu-west-1"
    assert made["kubernetesVersion"] == "1.36"
    membership = f"projects/{number}/locations/global/memberships/eks"
    assert made["fleet"]["membership"] == membership
    hub = google("gkehub", "v1").projects().locations().memberships()
    member = hub.get(name=membership).execute()
    assert member["authority"]["issuer"] == made["oidcConfig"]["issuerUrl"]
    assert member["endpoint"]["multiCloudCluster"]["resourceLink"].endswith(name)
    with pytest.raises(HttpError, match="is being used by"):
        hub.delete(name=membership).execute()
    parent = name.partition("/attachedClusters")[0]
    listed = multicloud.attachedClusters().list(parent=parent).execute()
    assert [item["name"] for item in listed["attachedClusters"]] == [name]


def test_a_cluster_changes_and_takes_its_membership_along(
    google: GoogleClients, multicloud: Any, project: str, number: str
) -> None:
    """The platform is upgraded in place; what identifies the cluster stays; nothing is left."""
    name = attach(multicloud, project, cluster(number, platformVersion="1.35.0-gke.3"))
    clusters = multicloud.attachedClusters()
    body = {"platformVersion": "1.36.0-gke.2"}
    started = clusters.patch(name=name, updateMask="platformVersion", body=body).execute()
    finish(multicloud.operations(), started)
    assert clusters.get(name=name).execute()["kubernetesVersion"] == "1.36"
    with pytest.raises(HttpError, match="immutable"):
        clusters.patch(name=name, updateMask="distribution", body={"distribution": "aks"}).execute()

    finish(multicloud.operations(), clusters.delete(name=name).execute())

    hub = google("gkehub", "v1").projects().locations().memberships()
    assert hub.list(parent=f"projects/{project}/locations/-").execute() == {}
    attach(multicloud, project, cluster(number))  # the name is free again


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"oidc": {}}, "Cannot find field"),
        ({"platformVersion": "1.9.0-gke.1"}, "not supported"),
        ({"distribution": "openshift"}, "must be one of eks, aks, generic"),
        ({"oidcConfig": {"issuerUrl": "http://issuer.example"}}, "must start with https"),
        ({"oidcConfig": {"issuerUrl": "https://i", "jwks": "e30="}}, "JSON Web Key Set"),
        ({"fleet": {"project": "projects/by-name"}}, "projects/<project-number>"),
        ({"fleet": {"project": "projects/1"}}, "was not found"),
        (
            {"authorization": {"adminUsers": [{"username": f"u{n}"} for n in range(11)]}},
            "up to 10",
        ),
    ],
)
def test_a_wrong_cluster_is_refused(
    multicloud: Any, project: str, number: str, change: dict[str, Any], text: str
) -> None:
    """The answer names the field, and nothing is made."""
    with pytest.raises(HttpError, match=text):
        attach(multicloud, project, cluster(number, **change))

    parent = f"projects/{project}/locations/{REGION}"
    assert multicloud.attachedClusters().list(parent=parent).execute() == {}


def test_a_failed_attachment_leaves_no_member(
    google: GoogleClients, sandbox: Sandbox, multicloud: Any, project: str, number: str
) -> None:
    """The operation ends in an error; cluster and membership are not there."""
    sandbox.fault("POST", f"/{project}/.*/attachedClusters", "operation-error")

    name = attach(multicloud, project, cluster(number))

    with pytest.raises(HttpError, match="was not found"):
        multicloud.attachedClusters().get(name=name).execute()
    hub = google("gkehub", "v1").projects().locations().memberships()
    assert hub.list(parent=f"projects/{project}/locations/-").execute() == {}


def test_a_private_issuer_comes_with_its_keys(multicloud: Any, project: str, number: str) -> None:
    keys = base64.b64encode(b'{"keys": [{"kty": "RSA"}]}').decode()
    oidc = {"issuerUrl": "https://kubernetes.default.svc", "jwks": keys}

    name = attach(multicloud, project, cluster(number, distribution="generic", oidcConfig=oidc))

    assert multicloud.attachedClusters().get(name=name).execute()["oidcConfig"] == oidc


def test_versions_and_the_install_manifest_are_told(multicloud: Any, project: str) -> None:
    """A version from the list gets a manifest that holds the agent; another is refused."""
    parent = f"projects/{project}/locations/{REGION}"
    config = multicloud.getAttachedServerConfig(name=f"{parent}/attachedServerConfig").execute()
    version = config["validVersions"][0]["version"]

    answer = multicloud.generateAttachedClusterInstallManifest(
        parent=parent, attachedClusterId="eks", platformVersion=version
    ).execute()

    assert f"install-agent:{version}" in answer["manifest"]
    with pytest.raises(HttpError, match="not supported"):
        multicloud.generateAttachedClusterInstallManifest(
            parent=parent, attachedClusterId="eks", platformVersion="1.1.0-gke.1"
        ).execute()


def test_the_managed_mesh_is_not_for_attached_clusters(
    google: GoogleClients, multicloud: Any, project: str, number: str
) -> None:
    """The feature's state says so, instead of provisioning for ever."""
    attach(multicloud, project, cluster(number))
    hub = google("gkehub", "v1").projects().locations()
    parent, member = f"projects/{project}/locations/global", f"projects/{number}/locations/global"
    key = f"{member}/memberships/eks"
    body = {"membershipSpecs": {key: {"mesh": {"management": "MANAGEMENT_AUTOMATIC"}}}}
    started = hub.features().create(parent=parent, featureId="servicemesh", body=body).execute()
    finish(hub.operations(), started)

    state: dict[str, Any] = {}
    while state.get("controlPlaneManagement", {}).get("state") in (None, "PROVISIONING"):
        feature = hub.features().get(name=f"{parent}/features/servicemesh").execute()
        state = feature["membershipStates"][key]["servicemesh"]

    assert state["controlPlaneManagement"]["state"] == "FAILED_PRECONDITION"
    assert "only for GKE clusters" in state["conditions"][0]["details"]


def test_the_official_plugins_masks_change_what_they_name(
    multicloud: Any, project: str, number: str
) -> None:
    """It names leaves, in snake case, and sends the whole cluster."""
    name = attach(multicloud, project, cluster(number))
    clusters = multicloud.attachedClusters()
    groups = {"adminGroups": [{"group": "ops@example.com"}]}
    body = cluster(number, authorization=groups, description="not in the mask")
    mask = "authorization.admin_users,authorization.admin_groups"
    finish(multicloud.operations(), clusters.patch(name=name, updateMask=mask, body=body).execute())

    made = clusters.get(name=name).execute()
    assert made["authorization"] == groups
    assert "description" not in made


def test_an_issuer_is_cleared_before_there_is_another(google: GoogleClients, project: str) -> None:
    """Of any member of a fleet: tokens of the old one would be taken for the new one's."""
    locations = google("gkehub", "v1").projects().locations()
    memberships, home = locations.memberships(), f"projects/{project}/locations/global"
    request = {"parent": home, "membershipId": "edge"}
    one, other = ({"authority": {"issuer": f"https://{a}.example.com"}} for a in ("one", "other"))
    with pytest.raises(HttpError, match="must start with"):
        memberships.create(**request, body={"authority": {"issuer": "http://x.com"}}).execute()
    finish(locations.operations(), memberships.create(**request, body=one).execute())
    mask = {"name": f"{home}/memberships/edge", "updateMask": "authority"}

    with pytest.raises(HttpError, match="it must be cleared before"):
        memberships.patch(**mask, body=other).execute()

    for change in ({}, other):
        finish(locations.operations(), memberships.patch(**mask, body=change).execute())
    shown = memberships.get(name=mask["name"]).execute()
    assert shown["authority"]["issuer"] == "https://other.example.com"
