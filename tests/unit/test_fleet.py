"""Fleet: APIs, the fleet, its features, and the mesh agent's IAM."""

import pulumi
import pytest

from meshwright import ArgumentError, Fleet, FleetArgs
from tests.unit.recording import PROJECT_NUMBER, component_test, record

_CLUSTER = "projects/p1/locations/europe-west1/clusters/c"


def _args(**more: object) -> FleetArgs:
    return {"project": "p1", **more}  # type: ignore[typeddict-item]


@component_test
def test_the_mesh_agent_may_act_in_every_project():
    """The agent of the fleet's project gets its role there and in each cluster project."""
    recorder = record()

    fleet = Fleet("fleet", _args(cluster_projects=["p2"]))

    def check(_):
        named = [g for g in recorder.of_type("IAMMember") if "mesh-agent" in g.name]
        grants = {grant.inputs["project"]: grant.inputs for grant in named}
        assert set(grants) == {"p1", "p2"}
        for grant in grants.values():
            assert grant["role"] == "roles/anthosservicemesh.serviceAgent"
            agent = f"service-{PROJECT_NUMBER}@gcp-sa-servicemesh.iam.gserviceaccount.com"
            assert grant["member"] == f"serviceAccount:{agent}"
        agent = recorder.one("ServiceIdentity", "fleet-mesh-agent")
        assert agent.inputs["service"] == "mesh.googleapis.com"
        for grant in named:
            assert "fleet-mesh-agent" in grant.depends_on

    return fleet.mesh_feature, check


@component_test
def test_the_fleet_may_register_clusters_of_other_projects_before_they_are_born():
    """In its own project Google lets it by itself."""
    recorder = record()
    fleet = Fleet("fleet", _args(cluster_projects=["p2"]))

    cluster = pulumi.CustomResource("test:index:Cluster", "cluster", {"x": fleet.project})

    def check(_):
        named = [g for g in recorder.of_type("IAMMember") if "fleet-agent" in g.name]
        agent = f"service-{PROJECT_NUMBER}@gcp-sa-gkehub.iam.gserviceaccount.com"
        assert {
            (grant.inputs["project"], grant.inputs["role"], grant.inputs["member"])
            for grant in named
        } == {
            ("p2", f"roles/gkehub.{role}", f"serviceAccount:{agent}")
            for role in ("serviceAgent", "crossProjectServiceAgent")
        }
        waits = recorder.one("Cluster").depends_on
        assert {grant.name for grant in named} <= waits
        for grant in named:
            assert {"fleet-p2-container-api", "fleet-fleet-agent"} <= grant.depends_on

    return cluster.urn, check


@component_test
def test_apis_are_on_before_anything_that_needs_them_and_stay_on():
    """Others in the project may use an API, so that a destroy leaves it."""
    recorder = record()

    fleet = Fleet("fleet", _args())

    def check(_):
        apis = {api.inputs["service"] for api in recorder.of_type("Service")}
        assert {
            "container.googleapis.com",
            "gkehub.googleapis.com",
            "mesh.googleapis.com",
            "networkservices.googleapis.com",
            "trafficdirector.googleapis.com",
        } <= apis
        assert all(api.inputs["disableOnDestroy"] is False for api in recorder.of_type("Service"))
        waits = {api.name for api in recorder.of_type("Service")}
        assert waits <= recorder.one("Fleet", "fleet-fleet").depends_on
        assert "fleet-fleet" in recorder.one("Feature").depends_on

    return fleet.mesh_feature, check


@component_test
def test_clusters_wait_for_the_fleet_and_the_mesh_for_its_agent():
    """A cluster is not held up by the mesh's IAM; turning the mesh on is."""
    recorder = record()
    fleet = Fleet("fleet", _args())

    cluster = pulumi.CustomResource("test:index:Cluster", "cluster", {"x": fleet.project})
    mesh = pulumi.CustomResource("test:index:Mesh", "mesh", {"x": fleet.mesh_feature})

    def check(_):
        assert "fleet-fleet" in recorder.one("Cluster").depends_on
        assert "fleet-mesh-agent-role" not in recorder.one("Cluster").depends_on
        waits = recorder.one("Mesh").depends_on
        assert {"fleet-servicemesh", "fleet-mesh-agent-role"} <= waits

    return pulumi.Output.all(cluster.urn, mesh.urn), check


@component_test
def test_outputs_name_the_fleet():
    """Number, mesh id and trust domain follow from the project."""
    record()

    fleet = Fleet("fleet", _args())

    def check(values):
        assert values == ["p1", PROJECT_NUMBER, f"proj-{PROJECT_NUMBER}", "p1.svc.id.goog", {}]

    return pulumi.Output.all(
        fleet.project, fleet.project_number, fleet.mesh_id, fleet.trust_domain, fleet.memberships
    ), check


@component_test
def test_options_add_features_defaults_and_members():
    """Multi-cluster Services, the fleet-wide default, and clusters that exist already."""
    recorder = record()
    member = {
        "name": "old",
        "cluster": "projects/p1/locations/europe-west1/clusters/old",
        "location": "europe-west1",
    }

    fleet = Fleet(
        "fleet",
        _args(
            project_number="42",
            display_name="shop",
            mesh_by_default=True,
            multi_cluster_services=True,
            members=[member],
            labels={"team": "shop"},
        ),
    )

    def check(values):
        mesh = recorder.one("Feature", "fleet-servicemesh").inputs
        assert mesh["fleetDefaultMemberConfig"] == {"mesh": {"management": "MANAGEMENT_AUTOMATIC"}}
        assert mesh["labels"] == {"team": "shop"}
        assert recorder.one("Feature", "fleet-multiclusterservicediscovery").inputs["name"] == (
            "multiclusterservicediscovery"
        )
        link = recorder.one("Membership").inputs["endpoint"]["gkeCluster"]["resourceLink"]
        assert link == f"//container.googleapis.com/{member['cluster']}"
        assert recorder.one("Membership").inputs["location"] == "europe-west1"
        assert values == ["42", ["old"]]

    return pulumi.Output.all(fleet.project_number, fleet.memberships.apply(list)), check


@component_test
def test_a_member_that_exists_is_registered_in_its_own_region():
    """That is where a cluster that is born in a fleet has its membership, too."""
    recorder = record()
    member = {"name": "old", "cluster": "projects/p1/locations/europe-west1-b/clusters/old"}

    fleet = Fleet("fleet", _args(members=[member]))

    def check(_):
        assert recorder.one("Membership").inputs["location"] == "europe-west1"

    return fleet.memberships, check


@pytest.mark.parametrize(
    ("wish", "apis"),
    [
        ("multi_cluster_services", {"multiclusterservicediscovery", "dns"}),
        ("multi_cluster_ingress", {"multiclusteringress", "multiclusterservicediscovery"}),
        ("attached_clusters", {"gkemulticloud", "gkeconnect"}),
    ],
)
def test_a_wish_enables_its_apis_in_the_fleets_project_alone(wish, apis):
    """Google refuses a feature whose API is off; other projects need none of them."""
    recorder = record()

    @component_test
    def program():
        fleet = Fleet("fleet", _args(cluster_projects=["p2"], **{wish: True}))

        def check(_):
            enabled = {
                api.inputs["service"].removesuffix(".googleapis.com"): api.inputs["project"]
                for api in recorder.of_type("Service")
                if api.inputs["service"].removesuffix(".googleapis.com") in apis
            }
            assert enabled == dict.fromkeys(apis, "p1")

        return fleet.mesh_feature, check

    program()


def test_a_member_that_turns_out_to_be_no_cluster_ends_the_update():
    """The same error as for one that is known, only later."""
    record()

    @component_test
    def program():
        later = pulumi.Output.from_input("main")
        fleet = Fleet("fleet", _args(members=[{"name": "a", "cluster": later}]))
        return fleet.memberships, lambda _: None

    with pytest.raises(ArgumentError) as raised:
        program()

    form = "`projects/P/locations/L/clusters/C`"
    assert raised.value.problems == (("members[0].cluster", f"'main' must have the form {form}"),)


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"cluster_projects": ["p1"]}, "cluster_projects", "own project"),
        ({"project_number": "p1"}, "project_number", "the project's number, not its id"),
        ({"cluster_projects": ["p2", "p2"]}, "cluster_projects", "twice"),
        (
            {"members": [{"name": "a", "cluster": _CLUSTER}, {"name": "a", "cluster": _CLUSTER}]},
            "members",
            "'a'",
        ),
        ({"members": [{"name": "a", "cluster": "c"}]}, "members[0].cluster", "must have the form"),
        ({"members": [{"name": "a"}]}, "members[0].cluster", "missing"),
        (
            {"members": [{"name": "Main_1", "cluster": _CLUSTER}]},
            "members[0].name",
            "'Main_1' of a fleet membership",
        ),
    ],
)
def test_contradictions_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        Fleet("fleet", _args(**change))

    assert says in dict(raised.value.problems)[path]
