"""FleetFeatures: what Google's agents get once a fleet has clusters, and in which order."""

import pulumi
import pytest

from meshwright import ArgumentError, FleetFeatures, FleetFeaturesArgs
from tests.unit.recording import PROJECT_NUMBER, Recorder, component_test, record

_MCS_AGENT = f"serviceAccount:service-{PROJECT_NUMBER}@gcp-sa-mcsd.iam.gserviceaccount.com"
_MCI_AGENT = (
    f"serviceAccount:service-{PROJECT_NUMBER}@gcp-sa-multiclusteringress.iam.gserviceaccount.com"
)


def _args(*others: str, **more: object) -> FleetFeaturesArgs:
    clusters = [
        {"project": project, "workload_pool": f"{project}.svc.id.goog"}
        for project in ("p1", *others)
    ]
    return {"project": "p1", "clusters": clusters, **more}  # type: ignore[typeddict-item]


def _grants(recorder: Recorder) -> set[tuple[str, str, str]]:
    return {
        (grant.inputs["project"], grant.inputs["role"], grant.inputs["member"])
        for grant in recorder.of_type("IAMMember")
    }


def _importer(project: str) -> str:
    return f"serviceAccount:{project}.svc.id.goog[gke-mcs/gke-mcs-importer]"


@component_test
def test_the_importer_of_each_pool_reads_networks_and_endpoints_in_the_fleets_project():
    """Without this an imported Service has no endpoints."""
    recorder = record()

    features = FleetFeatures("features", _args())

    def check(values):
        assert _grants(recorder) == {
            ("p1", "roles/compute.networkViewer", _importer("p1")),
            ("p1", "roles/trafficdirector.client", _importer("p1")),
        }
        assert values == ["p1", ""]
        assert recorder.of_type("Feature") == []

    return pulumi.Output.all(features.project, features.ingress_feature), check


@component_test
def test_the_agent_of_multi_cluster_services_acts_in_other_projects_and_the_networks():
    """A shared VPC's firewall rules are opened in its host project."""
    recorder = record()

    features = FleetFeatures("features", _args("p2", network_project="host"))

    def check(_):
        agents = {grant for grant in _grants(recorder) if grant[2] == _MCS_AGENT}
        role = "roles/multiclusterservicediscovery.serviceAgent"
        assert agents == {("p2", role, _MCS_AGENT), ("host", role, _MCS_AGENT)}
        viewers = {
            (project, member)
            for project, role, member in _grants(recorder)
            if role == "roles/compute.networkViewer"
        }
        assert viewers == {
            (home, _importer(pool)) for home in ("p1", "host") for pool in ("p1", "p2")
        }

    return features.project, check


@component_test
def test_a_network_of_the_fleets_own_project_asks_for_no_second_grant():
    """Two resources of one grant would take it away together when one of them goes."""
    recorder = record()

    features = FleetFeatures("features", _args("p2", network_project="p1"))

    def check(_):
        assert len(recorder.of_type("IAMMember")) == len(_grants(recorder))
        assert {project for project, _, member in _grants(recorder) if member == _MCS_AGENT} == {
            "p2"
        }

    return features.project, check


@component_test
def test_multi_cluster_gateways_are_configured_in_one_member_and_act_on_all_projects():
    """The feature names the member in full; its agent is cluster admin in each project."""
    recorder = record()

    features = FleetFeatures(
        "features",
        _args("p2", config_membership="west", config_membership_location="europe-west1"),
    )

    def check(name):
        feature = recorder.one("Feature").inputs
        assert feature["spec"] == {
            "multiclusteringress": {
                "configMembership": "projects/p1/locations/europe-west1/memberships/west"
            }
        }
        admins = {grant for grant in _grants(recorder) if grant[1] == "roles/container.admin"}
        assert {(project, member) for project, _, member in admins} == {
            ("p1", _MCI_AGENT),
            ("p2", _MCI_AGENT),
        }
        assert name == "multiclusteringress"

    return features.ingress_feature, check


@component_test
def test_everything_waits_for_the_clusters_and_gateways_wait_for_the_agents():
    """The pool and the config member exist only once the clusters do."""
    recorder = record()
    cluster = pulumi.CustomResource("test:index:Cluster", "cluster", {"pool": None})
    pool = cluster.urn.apply(lambda _: "p1.svc.id.goog")

    features = FleetFeatures(
        "features",
        {
            "project": "p1",
            "clusters": [{"project": "p1", "workload_pool": pool}],
            "config_membership": "west",
        },
    )
    gateway = pulumi.CustomResource(
        "test:index:Gateway", "gateway", {"x": features.ingress_feature}
    )

    def check(_):
        for made in (*recorder.of_type("IAMMember"), *recorder.of_type("Feature")):
            assert "cluster" in made.depends_on
        waits = recorder.one("Gateway").depends_on
        assert {"features-multiclusteringress", "features-ingress-agent-role"} <= waits

    return gateway.urn, check


@component_test
def test_attached_clusters_may_write_telemetry_and_services_can_be_left_out():
    """Two switches, one grant."""
    recorder = record()

    features = FleetFeatures(
        "features", _args(multi_cluster_services=False, attached_clusters=True)
    )

    def check(_):
        agent = "serviceAccount:p1.svc.id.goog[gke-system/gke-telemetry-agent]"
        assert _grants(recorder) == {("p1", "roles/gkemulticloud.telemetryWriter", agent)}

    return features.project, check


@pytest.mark.parametrize(
    ("args", "path", "says"),
    [
        ({"project": "p1", "clusters": []}, "clusters", "empty"),
        (_args("p1"), "clusters", "twice"),
        (_args(config_membership_location="global"), "config_membership", "missing"),
        ({**_args(), "project": pulumi.Output.from_input("p1")}, "project", "plain text"),
        ({"project": "p1"}, "clusters", "missing"),
        (_args(config_member="west"), "config_member", "did you mean `config_membership`"),
    ],
)
def test_contradictions_are_refused(args, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        FleetFeatures("features", args)

    assert says in dict(raised.value.problems)[path]
