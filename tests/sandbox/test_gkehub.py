"""Fleets as google-api-python-client sees them: memberships, features, the mesh's states."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.platform import (
    NUMBER,
    PARENT,
    PROJECT,
    REGION,
    refusal,
    standard_cluster,
    wait_container,
    wait_hub,
)
from tests.sandbox.server import Sandbox, client, enable_apis

GLOBAL = f"projects/{PROJECT}/locations/global"
MESH = f"{GLOBAL}/features/servicemesh"
AUTOMATIC = {"mesh": {"management": "MANAGEMENT_AUTOMATIC"}}


pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
def gke(sandbox: Sandbox) -> Any:
    """The container client."""
    return client(sandbox.url, "container", "v1")


@pytest.fixture(params=["v1", "v1beta"])
def hub(sandbox: Sandbox, request: pytest.FixtureRequest) -> Any:
    """A GKE Hub client of each version that clients use."""
    return client(sandbox.url, "gkehub", request.param)


@pytest.fixture
def cleanup(sandbox: Sandbox) -> Any:
    """Names of clusters to delete when the test has ended; features and fleet go with them."""
    names: list[str] = []
    yield names
    gke, hub = client(sandbox.url, "container", "v1"), client(sandbox.url, "gkehub", "v1")
    places = hub.projects().locations()
    for feature in places.features().list(parent=GLOBAL).execute().get("resources", []):
        wait_hub(hub, places.features().delete(name=feature["name"]).execute())
    for name in names:
        cluster = f"{PARENT}/clusters/{name}"
        operation = gke.projects().locations().clusters().delete(name=cluster).execute()
        assert "error" not in wait_container(gke, operation)
    parent = f"projects/{PROJECT}/locations/-"
    for member in places.memberships().list(parent=parent).execute().get("resources", []):
        wait_hub(hub, places.memberships().delete(name=member["name"]).execute())
    for fleet in places.fleets().list(parent=GLOBAL).execute().get("fleets", []):
        wait_hub(hub, places.fleets().delete(name=fleet["name"]).execute())


def make_cluster(gke: Any, cleanup: list[str], name: str, **fields: Any) -> dict[str, Any]:
    """A running cluster."""
    clusters = gke.projects().locations().clusters()
    body = standard_cluster(name, **fields)
    wait_container(gke, clusters.create(parent=PARENT, body=body).execute())
    cleanup.append(name)
    return clusters.get(name=f"{PARENT}/clusters/{name}").execute()


def enable_mesh(hub: Any, **fields: Any) -> dict[str, Any]:
    """Enable the mesh feature of the fleet."""
    features = hub.projects().locations().features()
    request = features.create(parent=GLOBAL, featureId="servicemesh", body=fields)
    return wait_hub(hub, request.execute())


def specify(hub: Any, specs: dict[str, Any]) -> dict[str, Any]:
    """Patch the mesh feature's membership specs, as the provider's FeatureMembership does."""
    features = hub.projects().locations().features()
    body = {"membershipSpecs": specs}
    wait_hub(hub, features.patch(name=MESH, updateMask="membershipSpecs", body=body).execute())
    return features.get(name=MESH).execute()


def settled(hub: Any, membership: str) -> dict[str, Any]:
    """The membership's mesh state once it is no longer PROVISIONING."""
    while True:
        feature = hub.projects().locations().features().get(name=MESH).execute()
        state = feature["membershipStates"][membership]
        if state["servicemesh"]["controlPlaneManagement"]["state"] != "PROVISIONING":
            return state


def test_a_cluster_born_in_a_fleet_is_a_member(gke: Any, hub: Any, cleanup: list[str]) -> None:
    """`fleet.project` makes a membership in the cluster's region; it goes with the cluster."""
    cluster = make_cluster(gke, cleanup, "born", fleet={"project": PROJECT})

    name = f"projects/{NUMBER}/locations/{REGION}/memberships/born"
    assert cluster["fleet"]["membership"] == f"//gkehub.googleapis.com/{name}"
    memberships = hub.projects().locations().memberships()
    member = memberships.get(name=name).execute()
    assert member["name"] == f"projects/{PROJECT}/locations/{REGION}/memberships/born"
    link = f"//container.googleapis.com/{PARENT}/clusters/born"
    assert member["endpoint"]["gkeCluster"]["resourceLink"] == link
    assert member["authority"]["workloadIdentityPool"] == f"{PROJECT}.svc.id.goog"
    assert member["state"] == {"code": "READY"}
    fleet = hub.projects().locations().fleets().get(name=f"{GLOBAL}/fleets/default").execute()
    assert fleet["state"] == {"code": "READY"}


def test_a_membership_goes_with_its_cluster(gke: Any, hub: Any, cleanup: list[str]) -> None:
    """Deleting the cluster leaves no membership and no spec of it."""
    make_cluster(gke, cleanup, "gone", fleet={"project": PROJECT})
    enable_mesh(hub)
    specify(hub, {f"projects/{PROJECT}/locations/{REGION}/memberships/gone": AUTOMATIC})

    operation = gke.projects().locations().clusters().delete(name=f"{PARENT}/clusters/gone")
    wait_container(gke, operation.execute())
    cleanup.remove("gone")

    parent = f"projects/{PROJECT}/locations/-"
    assert hub.projects().locations().memberships().list(parent=parent).execute() == {}
    feature = hub.projects().locations().features().get(name=MESH).execute()
    assert not feature.get("membershipSpecs")


def test_the_mesh_becomes_active(sandbox: Sandbox, gke: Any, hub: Any, cleanup: list[str]) -> None:
    """MANAGEMENT_AUTOMATIC moves the membership through PROVISIONING to ACTIVE."""
    make_cluster(gke, cleanup, "m", fleet={"project": PROJECT})
    enable_mesh(hub)
    key = f"projects/{NUMBER}/locations/{REGION}/memberships/m"

    sandbox.admin("POST", "clock", {"scale": 0.05})  # now a mesh takes 12 s
    feature = specify(hub, {f"projects/{PROJECT}/locations/{REGION}/memberships/m": AUTOMATIC})
    early = feature["membershipStates"][key]["servicemesh"]
    sandbox.admin("POST", "clock", {"scale": 0})
    state = settled(hub, key)

    assert feature["membershipSpecs"][key]["mesh"] == AUTOMATIC["mesh"]
    assert early["controlPlaneManagement"]["state"] == "PROVISIONING"
    mesh = state["servicemesh"]
    assert mesh["controlPlaneManagement"]["state"] == "ACTIVE"
    assert mesh["controlPlaneManagement"]["implementation"] == "TRAFFIC_DIRECTOR"
    assert mesh["dataPlaneManagement"]["state"] == "ACTIVE"
    assert state["state"]["description"] == "Revision ready for use: asm-managed."


def test_an_empty_spec_turns_the_mesh_off(gke: Any, hub: Any, cleanup: list[str]) -> None:
    """The provider removes a FeatureMembership by patching its entry to an empty object."""
    make_cluster(gke, cleanup, "a", fleet={"project": PROJECT})
    make_cluster(gke, cleanup, "b", fleet={"project": PROJECT})
    enable_mesh(hub)
    keys = [f"projects/{NUMBER}/locations/{REGION}/memberships/{name}" for name in "ab"]
    specify(hub, {keys[0]: AUTOMATIC})
    feature = specify(hub, {keys[1]: AUTOMATIC})
    assert sorted(feature["membershipSpecs"]) == keys

    feature = specify(hub, {keys[0]: {}, keys[1]: AUTOMATIC})

    assert list(feature["membershipSpecs"]) == [keys[1]]
    assert list(feature["membershipStates"]) == [keys[1]]


def test_the_second_version_shows_a_membership_of_the_feature(
    sandbox: Sandbox, gke: Any, cleanup: list[str]
) -> None:
    """v2 has each membership's part of the feature as a resource; v1 shows the same."""
    hub, second = client(sandbox.url, "gkehub", "v1"), client(sandbox.url, "gkehub", "v2")
    make_cluster(gke, cleanup, "two", fleet={"project": PROJECT})
    members = second.projects().locations().memberships().features()
    parent = f"projects/{PROJECT}/locations/{REGION}/memberships/two"
    name = f"{parent}/features/servicemesh"
    body = {"spec": {"servicemesh": {"management": "MANAGEMENT_AUTOMATIC"}}}
    with pytest.raises(HttpError, match="features/servicemesh' was not found"):
        members.patch(name=name, body=body).execute()
    enable_mesh(hub)

    made = wait_hub(second, members.patch(name=name, updateMask="spec", body=body).execute())

    key = f"projects/{NUMBER}/locations/{REGION}/memberships/two"
    assert made["name"] == name
    state = settled(hub, key)["servicemesh"]["controlPlaneManagement"]["state"]
    assert state == "ACTIVE"
    shown = members.get(name=name).execute()["state"]["servicemesh"]
    assert shown["controlPlaneManagement"]["state"] == "ACTIVE"
    assert members.list(parent=parent).execute()["membershipFeatures"][0]["name"] == name
    with pytest.raises(HttpError, match="Cannot find field"):
        members.patch(name=name, body={"spec": {"mesh": {}}}).execute()
    wait_hub(second, members.delete(name=name).execute())
    feature = hub.projects().locations().features().get(name=MESH).execute()
    assert not feature.get("membershipSpecs")


def test_new_members_get_the_fleets_default(gke: Any, hub: Any, cleanup: list[str]) -> None:
    """fleetDefaultMemberConfig applies to clusters that join later."""
    enable_mesh(hub, fleetDefaultMemberConfig=AUTOMATIC)
    make_cluster(gke, cleanup, "late", fleet={"project": PROJECT})
    key = f"projects/{NUMBER}/locations/{REGION}/memberships/late"

    state = settled(hub, key)

    assert state["servicemesh"]["controlPlaneManagement"]["state"] == "ACTIVE"
    feature = hub.projects().locations().features().get(name=MESH).execute()
    assert feature["membershipSpecs"][key]["origin"] == {"type": "FLEET"}


def test_a_cluster_without_workload_identity_cannot_have_the_mesh(
    gke: Any, hub: Any, cleanup: list[str]
) -> None:
    """The state names what is missing."""
    make_cluster(gke, cleanup, "w", fleet={"project": PROJECT}, workloadIdentityConfig={})
    enable_mesh(hub)
    key = f"projects/{NUMBER}/locations/{REGION}/memberships/w"
    specify(hub, {key: AUTOMATIC})

    state = settled(hub, key)

    assert state["servicemesh"]["controlPlaneManagement"]["state"] == "FAILED_PRECONDITION"
    assert state["servicemesh"]["conditions"][0]["code"] == "WORKLOAD_IDENTITY_REQUIRED"
    assert state["state"]["code"] == "ERROR"


def test_a_membership_can_be_held_in_a_state(
    sandbox: Sandbox, gke: Any, hub: Any, cleanup: list[str]
) -> None:
    """The sandbox's own surface holds a membership's mesh, with conditions, and lets it go."""
    make_cluster(gke, cleanup, "held", fleet={"project": PROJECT})
    enable_mesh(hub)
    key = f"projects/{NUMBER}/locations/{REGION}/memberships/held"
    condition = {"code": "CLUSTER_HAS_ZERO_NODES", "details": "no nodes", "severity": "ERROR"}
    order = {"membership": key, "state": "STALLED", "conditions": [condition]}
    specify(hub, {key: AUTOMATIC})

    sandbox.admin("POST", "mesh", order)
    held = settled(hub, key)
    sandbox.admin("POST", "mesh", {"membership": key})

    assert held["servicemesh"]["controlPlaneManagement"]["state"] == "STALLED"
    assert held["servicemesh"]["conditions"] == [condition]
    assert settled(hub, key)["servicemesh"]["controlPlaneManagement"]["state"] == "ACTIVE"
    status, answer = sandbox.call("POST", "/_sandbox/mesh", order | {"state": "TIRED"})
    assert (status, "state must be one of" in answer["error"]["message"]) == (400, True)


def test_features_refuse_what_cannot_be(sandbox: Sandbox, hub: Any, cleanup: list[str]) -> None:
    """Unknown feature, disabled API, second creation, absent member, wrong field."""
    features = hub.projects().locations().features()
    with pytest.raises(HttpError, match="not a known Feature"):
        features.create(parent=GLOBAL, featureId="teleport", body={}).execute()
    with pytest.raises(HttpError) as disabled:
        features.create(parent=GLOBAL, featureId="multiclusteringress", body={}).execute()
    assert "must be enabled" in refusal(disabled.value)
    enable_mesh(hub)
    with pytest.raises(HttpError) as second:
        features.create(parent=GLOBAL, featureId="servicemesh", body={}).execute()
    assert second.value.status_code == 409
    with pytest.raises(HttpError, match="no such membership"):
        specify(hub, {f"projects/{PROJECT}/locations/{REGION}/memberships/absent": AUTOMATIC})
    with pytest.raises(HttpError, match="the key must have the form"):
        specify(hub, {"absent": AUTOMATIC})
    with pytest.raises(HttpError, match="Cannot find field"):
        features.patch(name=MESH, body={"membershipSpec": {}}).execute()
    key = f"projects/{PROJECT}/locations/{REGION}/memberships/absent"
    with pytest.raises(HttpError, match="management"):
        specify(hub, {key: {"mesh": {"management": "MANAGEMENT_MAGIC"}}})


def test_a_cluster_is_registered_by_hand(
    sandbox: Sandbox, gke: Any, hub: Any, cleanup: list[str]
) -> None:
    """A membership may name an existing cluster, once; deleting it sets the cluster free."""
    make_cluster(gke, cleanup, "hand")
    memberships = hub.projects().locations().memberships()
    link = f"//container.googleapis.com/{PARENT}/clusters/hand"
    body = {"endpoint": {"gkeCluster": {"resourceLink": link}}, "labels": {"team": "mesh"}}
    request = memberships.create(parent=GLOBAL, membershipId="hand", body=body)
    created = wait_hub(hub, request.execute())

    assert created["endpoint"]["gkeCluster"]["resourceLink"] == link
    clusters = gke.projects().locations().clusters()
    fleet = clusters.get(name=f"{PARENT}/clusters/hand").execute()["fleet"]
    assert fleet["preRegistered"] is True
    with pytest.raises(HttpError, match="already registered"):
        memberships.create(parent=GLOBAL, membershipId="twice", body=body).execute()
    name = f"{GLOBAL}/memberships/hand"
    change = {"labels": {"team": "sre"}}
    wait_hub(hub, memberships.patch(name=name, updateMask="labels", body=change).execute())
    assert memberships.get(name=name).execute()["labels"] == {"team": "sre"}
    with pytest.raises(HttpError, match="Cannot find field"):
        memberships.patch(name=name, updateMask="labels", body={"label": {}}).execute()
    wait_hub(hub, memberships.delete(name=name).execute())
    assert "fleet" not in clusters.get(name=f"{PARENT}/clusters/hand").execute()


def test_a_membership_needs_its_cluster(hub: Any) -> None:
    """The link must name a GKE cluster that exists."""
    memberships = hub.projects().locations().memberships()
    link = f"//container.googleapis.com/{PARENT}/clusters/absent"
    body = {"endpoint": {"gkeCluster": {"resourceLink": link}}}
    with pytest.raises(HttpError, match="does not exist"):
        memberships.create(parent=GLOBAL, membershipId="x", body=body).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        memberships.create(parent=GLOBAL, membershipId="x", body={"endpoints": {}}).execute()


def test_a_fleet_stays_while_it_has_members(
    sandbox: Sandbox, gke: Any, hub: Any, cleanup: list[str]
) -> None:
    """A project has one fleet, which cannot go before its members."""
    fleets = hub.projects().locations().fleets()
    wait_hub(hub, fleets.create(parent=GLOBAL, body={"displayName": "mesh"}).execute())
    name = f"{GLOBAL}/fleets/default"
    assert fleets.get(name=name).execute()["displayName"] == "mesh"
    with pytest.raises(HttpError) as second:
        fleets.create(parent=GLOBAL, body={}).execute()
    assert second.value.status_code == 409
    make_cluster(gke, cleanup, "f", fleet={"project": PROJECT})

    with pytest.raises(HttpError, match="is being used by"):
        fleets.delete(name=name).execute()

    body = {"displayName": "platform"}
    wait_hub(hub, fleets.patch(name=name, updateMask="displayName", body=body).execute())
    assert fleets.get(name=name).execute()["displayName"] == "platform"
    with pytest.raises(HttpError, match="Cannot find field"):
        fleets.patch(name=name, updateMask="displayName", body={"title": "x"}).execute()


def test_the_hub_must_be_enabled(sandbox: Sandbox) -> None:
    """A project that has not enabled the API is told how to."""
    hub = client(sandbox.url, "gkehub", "v1")
    parent = "projects/meshwright-other/locations/-"
    with pytest.raises(HttpError) as raised:
        hub.projects().locations().memberships().list(parent=parent).execute()
    assert raised.value.status_code == 403
    assert "gkehub.googleapis.com has not been used in project" in refusal(raised.value)
    enable_apis(sandbox, "meshwright-other")
    assert hub.projects().locations().memberships().list(parent=parent).execute() == {}
