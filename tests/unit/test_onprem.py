"""OnPremCluster: what is made of machines, what is only registered, and what cannot be."""

import pulumi
import pytest
import yaml

from meshwright import ArgumentError, BareMetalClusterArgs, OnPremCluster, OnPremClusterArgs
from tests.unit.recording import PROJECT_NUMBER, component_test, record

_ADMIN = "projects/p1/locations/global/memberships/admin"


def _machines(**more: object) -> BareMetalClusterArgs:
    return {
        "admin_cluster_membership": _ADMIN,
        "version": "1.33.0-gke.790",
        "control_plane_nodes": ["10.200.0.11"],
        "control_plane_vip": "10.200.0.10",
        "ingress_vip": "10.200.0.50",
        "load_balancer_pools": [{"name": "main", "addresses": ["10.200.0.50-10.200.0.70"]}],
        "node_pools": [{"name": "workers", "nodes": ["10.200.0.21", "10.200.0.22"]}],
        **more,
    }  # type: ignore[typeddict-item]


def _args(**more: object) -> OnPremClusterArgs:
    return {"project": "p1", "location": "europe-west1", **more}  # type: ignore[typeddict-item]


@component_test
def test_a_cluster_is_made_of_machines():
    """Control plane, load balancer, volumes and pools; the membership waits for the pools."""
    recorder = record()
    taint = {"key": "mesh", "value": "only", "effect": "NO_SCHEDULE"}
    pools = [{"name": "workers", "nodes": ["10.200.0.21"], "taints": [taint]}]
    machines = _machines(
        node_pools=pools,
        admin_users=["ann@example.com"],
        proxy_uri="http://proxy:3128",
        no_proxy=["10.0.0.0/8"],
    )

    cluster = OnPremCluster("factory", _args(bare_metal=machines, prefix="dev"))
    consumer = pulumi.CustomResource("test:index:Reader", "reader", {"x": cluster.membership})

    def check(values):
        membership = f"projects/{PROJECT_NUMBER}/locations/global/memberships/dev-factory"
        assert values[:3] == [membership, "dev-factory", "10.200.0.10"]
        made = recorder.one("BareMetalCluster").inputs
        assert made["adminClusterMembership"] == _ADMIN
        control = made["controlPlane"]["controlPlaneNodePoolConfig"]["nodePoolConfig"]
        assert control["nodeConfigs"] == [{"nodeIp": "10.200.0.11"}]
        island = made["networkConfig"]["islandModeCidr"]
        assert island["podAddressCidrBlocks"] == ["192.168.0.0/16"]
        assert made["loadBalancer"]["vipConfig"]["ingressVip"] == "10.200.0.50"
        (addresses,) = made["loadBalancer"]["metalLbConfig"]["addressPools"]
        assert addresses["addresses"] == ["10.200.0.50-10.200.0.70"]
        users = made["securityConfig"]["authorization"]["adminUsers"]
        assert users == [{"username": "ann@example.com"}]
        assert made["proxy"] == {"uri": "http://proxy:3128", "noProxies": ["10.0.0.0/8"]}
        pool = recorder.one("BareMetalNodePool").inputs
        assert pool["bareMetalCluster"] == "dev-factory"
        assert pool["nodePoolConfig"]["nodeConfigs"] == [{"nodeIp": "10.200.0.21"}]
        assert pool["nodePoolConfig"]["taints"] == [taint]
        assert "factory-pool-workers" in recorder.one("Reader").depends_on
        assert recorder.one("Service").inputs["service"] == "gkeonprem.googleapis.com"
        assert recorder.of_type("Membership") == []

    outputs = (cluster.membership, cluster.membership_id, cluster.endpoint, consumer.urn)
    return pulumi.Output.all(*outputs), check


@component_test
def test_a_cluster_that_exists_is_only_registered():
    """With its issuer; the way in is the Connect gateway of the membership's location."""
    recorder = record()

    cluster = OnPremCluster(
        "factory",
        _args(existing={"issuer_url": "https://issuer.example"}, labels={"team": "shop"}),
    )

    def check(values):
        assert values[:2] == ["projects/p1/locations/europe-west1/memberships/factory", ""]
        context = yaml.safe_load(values[2])["clusters"][0]["cluster"]
        path = f"projects/{PROJECT_NUMBER}/locations/europe-west1/memberships/factory"
        host = "europe-west1-connectgateway.googleapis.com"
        assert context["server"] == f"https://{host}/v1/{path}"
        made = recorder.one("Membership").inputs
        assert made["authority"] == {"issuer": "https://issuer.example"}
        assert made["labels"] == {"team": "shop"}
        assert recorder.of_type("BareMetalCluster") == []

    return pulumi.Output.all(cluster.membership, cluster.endpoint, cluster.kubeconfig), check


@component_test
def test_a_cluster_that_is_a_member_already_is_left_alone():
    """Its tools registered it; here it is only known."""
    recorder = record()

    cluster = OnPremCluster("admin", _args(existing={"membership": _ADMIN}, project_number="42"))

    def check(values):
        assert values[:2] == [_ADMIN, "admin"]
        server = yaml.safe_load(values[2])["clusters"][0]["cluster"]["server"]
        assert server.endswith("/v1/projects/42/locations/global/memberships/admin")
        assert [item.type for item in recorder.registrations if item.parent == "admin"] == []

    return pulumi.Output.all(cluster.membership, cluster.membership_id, cluster.kubeconfig), check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({}, "bare_metal", "none of them is given"),
        (
            {"bare_metal": _machines(), "existing": {}},
            "bare_metal",
            "metal and existing are given",
        ),
        ({"bare_metal": _machines(), "location": "global"}, "location", "from a region"),
        ({"bare_metal": _machines(), "labels": {"a": "b"}}, "labels", "leave them out"),
        ({"existing": {"issuer_url": "issuer"}}, "existing.issuer_url", "https://"),
        ({"existing": {"membership": "admin"}}, "existing.membership", "must have the form"),
        (
            {"existing": {"membership": _ADMIN, "issuer_url": "https://i"}},
            "existing.issuer_url",
            "leave it out",
        ),
        (
            {"existing": {"membership": _ADMIN}, "labels": {"a": "b"}},
            "labels",
            "leave them out",
        ),
        ({"existing": {}, "prefix": "UP"}, "name", "lower-case"),
        ({"existing": {"issuer": "x"}}, "existing.issuer", "did you mean `issuer_url`"),
    ],
)
def test_wrong_arguments_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        OnPremCluster("factory", _args(**change))

    assert says in dict(raised.value.problems)[path]


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"control_plane_nodes": ["10.0.0.1", "10.0.0.2"]}, "control_plane_nodes", "1, 3 or 5"),
        ({"control_plane_nodes": ["10.200.0.256"]}, "control_plane_nodes[0]", "IPv4"),
        ({"control_plane_nodes": ["10.200.0.21"]}, "node_pools[0].nodes[0]", "one role"),
        ({"node_pools": []}, "node_pools", "must have an entry"),
        ({"node_pools": [{"name": "a", "nodes": []}]}, "node_pools[0].nodes", "entry"),
        (
            {"node_pools": [{"name": "Pool_1", "nodes": ["10.9.0.1"]}]},
            "node_pools[0].name",
            "lower-case",
        ),
        (
            {"node_pools": [{"name": "a", "nodes": [f"10.9.0.{n}"]} for n in (1, 2)]},
            "node_pools",
            "two node pools are named 'a'",
        ),
        ({"control_plane_vip": "10.200.0.11"}, "control_plane_vip", "address of a machine"),
        ({"control_plane_vip": "10.200.0.60"}, "control_plane_vip", "outside every one"),
        ({"control_plane_vip": "10.200.0.50"}, "ingress_vip", "must differ"),
        ({"ingress_vip": "10.200.0.71"}, "ingress_vip", "inside one"),
        ({"ingress_vip": "vip"}, "ingress_vip", "IPv4"),
        (
            {"load_balancer_pools": [{"name": "a", "addresses": ["10.0.0.9-10.0.0.1"]}]},
            "load_balancer_pools[0].addresses[0]",
            "must be a range",
        ),
        (
            {"load_balancer_pools": [{"name": "a", "addresses": ["10.200.0.50/28"]}] * 2},
            "load_balancer_pools",
            "two address pools",
        ),
        ({"pods_cidr": "192.168.1.1/16"}, "pods_cidr", "host bits set"),
        ({"pods_cidr": "10.96.0.0/12"}, "services_cidr", "overlaps pods_cidr"),
        ({"pods_cidr": "10.200.0.0/16"}, "pods_cidr", "holds"),
        ({"pods_cidr": "192.168.0.0/23"}, "pods_cidr", "3 blocks of 256"),
        ({"max_pods_per_node": 300}, "max_pods_per_node", "32 to 250"),
    ],
)
def test_machines_that_do_not_fit_together_are_refused(change, path, says):
    """Before anything is asked of the admin cluster, which would find out late."""
    record()

    with pytest.raises(ArgumentError) as raised:
        OnPremCluster("factory", _args(bare_metal=_machines(**change)))

    assert any(
        where == f"bare_metal.{path}" and says in text for where, text in raised.value.problems
    ), raised.value.problems
