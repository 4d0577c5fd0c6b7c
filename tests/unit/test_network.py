"""MeshNetwork: what it registers, in which order, and what it refuses."""

import pulumi
import pytest

from meshwright import ArgumentError, MeshNetwork, MeshNetworkArgs, SubnetArgs
from tests.unit.recording import PROJECT_NUMBER, component_test, record


def _subnet(name: str = "main", region: str = "europe-west1", second: int = 0) -> SubnetArgs:
    return {
        "name": name,
        "region": region,
        "cidr": f"10.{second}.0.0/20",
        "pod_cidr": f"10.{second + 16}.0.0/16",
        "service_cidr": f"10.{second + 32}.0.0/20",
    }


def _args(**more: object) -> MeshNetworkArgs:
    return {"project": "p1", "subnets": [_subnet()], **more}  # type: ignore[typeddict-item]


@component_test
def test_a_default_network_has_private_subnets_nat_and_three_firewall_rules():
    """The smallest arguments give everything a private cluster needs."""
    recorder = record()

    network = MeshNetwork("net", _args(prefix="dev"))

    def check(values):
        assert recorder.children("net") == {
            "net-compute-api": "gcp:projects/service:Service",
            "net-network": "gcp:compute/network:Network",
            "net-subnet-main": "gcp:compute/subnetwork:Subnetwork",
            "net-router-europe-west1": "gcp:compute/router:Router",
            "net-nat-europe-west1": "gcp:compute/routerNat:RouterNat",
            "net-firewall-webhooks": "gcp:compute/firewall:Firewall",
            "net-firewall-health-checks": "gcp:compute/firewall:Firewall",
            "net-firewall-pods": "gcp:compute/firewall:Firewall",
        }
        assert values[0] == "dev-net"
        assert values[1]["main"] == {
            "name": "dev-net-main",
            "id": "net-subnet-main-id",
            "region": "europe-west1",
            "cidr": "10.0.0.0/20",
            "pod_range_name": "pods",
            "service_range_name": "services",
        }
        assert recorder.one("Network").inputs["autoCreateSubnetworks"] is False
        subnet = recorder.one("Subnetwork").inputs
        assert subnet["privateIpGoogleAccess"] is True
        assert subnet["logConfig"]["flowSampling"] == 0.5
        assert subnet["secondaryIpRanges"] == [
            {"rangeName": "pods", "ipCidrRange": "10.16.0.0/16"},
            {"rangeName": "services", "ipCidrRange": "10.32.0.0/20"},
        ]
        assert recorder.one("RouterNat").inputs["natIpAllocateOption"] == "AUTO_ONLY"

    return pulumi.Output.all(network.network_name, network.subnets), check


@component_test
def test_webhooks_are_open_to_the_control_planes_and_the_subnets_only():
    """Private clusters fail to inject proxies without this rule."""
    recorder = record()

    network = MeshNetwork("net", _args(control_plane_cidrs=["172.16.0.0/28"]))

    def check(_):
        rule = recorder.one("Firewall", "net-firewall-webhooks").inputs
        assert rule["sourceRanges"] == ["172.16.0.0/28", "10.0.0.0/20"]
        assert rule["allows"] == [{"protocol": "tcp", "ports": ["8443", "9443", "15017"]}]
        assert rule["direction"] == "INGRESS"

    return network.network_id, check


@component_test
def test_consumers_wait_for_nat_and_firewall():
    """A cluster that starts before NAT cannot pull images."""
    recorder = record()
    network = MeshNetwork("net", _args())

    consumer = pulumi.CustomResource("test:index:Consumer", "consumer", {"id_": network.network_id})

    def check(_):
        waits = recorder.one("Consumer").depends_on
        assert {"net-nat-europe-west1", "net-firewall-webhooks", "net-network"} <= waits

    return consumer.urn, check


@component_test
def test_each_region_gets_one_router_and_nat():
    """Two subnets of one region share a NAT."""
    recorder = record()
    subnets = [_subnet("a"), _subnet("b", second=1), _subnet("c", "europe-west4", 2)]

    network = MeshNetwork("net", _args(subnets=subnets))

    def check(_):
        regions = [nat.inputs["region"] for nat in recorder.of_type("RouterNat")]
        assert sorted(regions) == ["europe-west1", "europe-west4"]
        assert len(recorder.of_type("Subnetwork")) == 3

    return network.network_id, check


@component_test
def test_flow_logs_and_api_can_be_left_out():
    """Both switches do what they say."""
    recorder = record()

    network = MeshNetwork("net", _args(flow_logs=False, enable_api=False))

    def check(_):
        assert "logConfig" not in recorder.one("Subnetwork").inputs
        assert recorder.of_type("Service") == []

    return network.network_id, check


@component_test
def test_a_shared_vpc_lets_service_projects_use_their_subnets_and_no_others():
    """GKE's agents of each service project are network users of the subnets it was given."""
    recorder = record()
    subnets = [_subnet("a"), _subnet("b", second=1)]
    projects = [{"project": "s1", "subnets": ["a"]}, {"project": "s2", "project_number": "42"}]

    network = MeshNetwork("net", _args(subnets=subnets, service_projects=projects))

    def check(_):
        grants = {
            (grant.inputs["subnetwork"], grant.inputs["member"])
            for grant in recorder.of_type("SubnetworkIAMMember")
        }
        gke = "serviceAccount:service-{}@container-engine-robot.iam.gserviceaccount.com".format
        apis = "serviceAccount:{}@cloudservices.gserviceaccount.com".format
        assert grants == {
            ("net-a", gke(PROJECT_NUMBER)),
            ("net-a", apis(PROJECT_NUMBER)),
            *((subnet, agent("42")) for subnet in ("net-a", "net-b") for agent in (gke, apis)),
        }
        for grant in recorder.of_type("SubnetworkIAMMember"):
            assert grant.inputs["role"] == "roles/compute.networkUser"
        hosts = {grant.inputs["member"]: grant.inputs for grant in recorder.of_type("IAMMember")}
        assert set(hosts) == {gke(PROJECT_NUMBER), gke("42")}
        assert {grant["project"] for grant in hosts.values()} == {"p1"}
        assert {grant["role"] for grant in hosts.values()} == {
            "roles/container.hostServiceAgentUser"
        }

    return network.network_id, check


@component_test
def test_a_service_project_is_attached_to_a_host_and_its_agents_exist_before_their_grants():
    """GKE's agent comes with its API, and the host can only be undone after its projects."""
    recorder = record()
    network = MeshNetwork("net", _args(service_projects=[{"project": "s1"}]))

    needs = {"id_": network.network_id, "subnet": network.subnet("main")}
    consumer = pulumi.CustomResource("test:index:Consumer", "consumer", needs)

    def check(_):
        assert recorder.one("SharedVPCHostProject").inputs == {"project": "p1"}
        attachment = recorder.one("SharedVPCServiceProject")
        assert attachment.inputs == {"hostProject": "p1", "serviceProject": "s1"}
        assert {"net-host", "net-service-s1-container-api"} <= attachment.depends_on
        grant = recorder.one("IAMMember")
        assert "net-service-s1" in grant.depends_on
        waits = recorder.one("Consumer").depends_on
        assert {"net-service-s1-gke-main", "net-service-s1-gke-host-agent"} <= waits

    return consumer.urn, check


@component_test
def test_who_takes_one_subnet_waits_for_no_other():
    """Neither the other subnets nor who may use them hold it up; `subnets` is there after all."""
    recorder = record()
    subnets = [_subnet("a"), _subnet("b", second=1)]
    network = MeshNetwork("net", _args(subnets=subnets, service_projects=[{"project": "s1"}]))

    needs = {"network": network.network_id, "subnet": network.subnet("a")["id"]}
    one = pulumi.CustomResource("test:index:Consumer", "one", needs)
    every = pulumi.CustomResource("test:index:Consumer", "every", {"subnets": network.subnets})

    def check(_):
        waits = recorder.one("Consumer", "one").depends_on
        assert {"net-subnet-a", "net-service-s1-gke-a", "net-service-s1-google-apis-a"} <= waits
        own = {"net-subnet-b", "net-service-s1-gke-b", "net-service-s1-google-apis-b"}
        assert waits.isdisjoint(own)
        assert own <= recorder.one("Consumer", "every").depends_on

    return pulumi.Output.all(one.urn, every.urn), check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"service_projects": [{"project": "p1"}]}, "service_projects[0].project", "own project"),
        ({"service_projects": [{"project": "s"}] * 2}, "service_projects", "twice"),
        (
            {"service_projects": [{"project": "s", "subnets": ["west"]}]},
            "service_projects[0].subnets",
            "'west' is none of the subnets main",
        ),
        (
            {"service_projects": [{"project": "s", "subnets": []}]},
            "service_projects[0].subnets",
            "empty",
        ),
        (
            {"service_projects": [{"project": "s", "subnets": ["main", "main"]}]},
            "service_projects[0].subnets",
            "twice",
        ),
        ({"subnets": []}, "subnets", "at least one subnet"),
        ({"subnets": [_subnet(), _subnet(second=1)]}, "subnets", "'main'"),
        ({"subnets": [_subnet("a"), _subnet("b")]}, "subnets[1].cidr", "overlaps 10.0.0.0/20"),
        ({"subnets": [{**_subnet(), "cidr": "10.0.0.1/20"}]}, "subnets[0].cidr", "host bits"),
        ({"subnets": [{**_subnet(), "cidr": "fd00::/64"}]}, "subnets[0].cidr", "not an IPv4"),
        ({"subnets": [{**_subnet(), "cidr": "10.0.0.1"}]}, "subnets[0].cidr", "such as /32"),
        (
            {"subnets": [{**_subnet(), "cidr": "10.0.0.0/255.255.240.0"}]},
            "subnets[0].cidr",
            "length of its prefix",
        ),
        (
            {"subnets": [{**_subnet(), "region": "europe-west1-b"}]},
            "subnets[0].region",
            "no region",
        ),
        ({"subnets": [_subnet("East_1")]}, "subnets[0].name", "'net-East_1'"),
        ({"subnets": [_subnet("")]}, "subnets[0].name", "empty"),
        ({"control_plane_cidrs": ["172.16.0.0"]}, "control_plane_cidrs[0]", "such as /32"),
        ({"prefix": "x" * 52}, "name", "71 characters"),
        ({"prefix": "x" * 62}, "name", "66 characters"),
        ({"prefix": "Dev"}, "name", "lower-case"),
    ],
)
def test_wrong_subnets_and_names_are_refused(change, path, says):
    """Each mistake is named with its path before anything is registered."""
    recorder = record()

    with pytest.raises(ArgumentError) as raised:
        MeshNetwork("net", _args(**change))

    assert path in dict(raised.value.problems)
    assert says in dict(raised.value.problems)[path]
    assert "MeshNetwork 'net'" in str(raised.value)
    assert recorder.of_type("MeshNetwork") == []
