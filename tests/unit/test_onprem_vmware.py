"""OnPremCluster on VMware: what is asked of the admin cluster, and what cannot be."""

import pulumi
import pytest

from meshwright import ArgumentError, OnPremCluster, OnPremClusterArgs, VmwareClusterArgs
from tests.unit.recording import PROJECT_NUMBER, component_test, record

_ADMIN = "projects/p1/locations/global/memberships/admin"


def _machines(**more: object) -> VmwareClusterArgs:
    return {
        "admin_cluster_membership": _ADMIN,
        "version": "1.33.0-gke.790",
        "gateway": "10.210.0.1",
        "netmask": "255.255.255.0",
        "control_plane_addresses": ["10.210.0.11", "10.210.0.12", "10.210.0.13"],
        "dns_servers": ["10.210.0.2"],
        "ntp_servers": ["10.210.0.3"],
        "control_plane_vip": "10.210.0.10",
        "ingress_vip": "10.210.0.50",
        "load_balancer_pools": [{"name": "main", "addresses": ["10.210.0.50-10.210.0.70"]}],
        "node_pools": [{"name": "workers"}],
        **more,
    }  # type: ignore[typeddict-item]


def _args(**more: object) -> OnPremClusterArgs:
    return {"project": "p1", "location": "europe-west1", **more}  # type: ignore[typeddict-item]


@component_test
def test_a_cluster_is_made_in_vcenter():
    """A control plane of its own, DHCP for workers; the membership waits for the pools."""
    recorder = record()
    cluster = OnPremCluster(
        "campus", _args(vmware=_machines(admin_users=["ann@example.com"]), prefix="dev")
    )
    consumer = pulumi.CustomResource("test:index:Reader", "reader", {"x": cluster.membership})

    def check(values):
        membership = f"projects/{PROJECT_NUMBER}/locations/global/memberships/dev-campus"
        assert values[:3] == [membership, "dev-campus", "10.210.0.10"]
        made = recorder.one("VMwareCluster").inputs
        assert made["adminClusterMembership"] == _ADMIN
        assert made["enableControlPlaneV2"] is True
        assert made["controlPlaneNode"] == {"cpus": 4, "memory": 8192, "replicas": 3}
        network = made["networkConfig"]
        assert network["dhcpIpConfig"] == {"enabled": True}
        assert network["hostConfig"] == {
            "dnsServers": ["10.210.0.2"], "ntpServers": ["10.210.0.3"],
        }  # fmt: skip
        block = network["controlPlaneV2Config"]["controlPlaneIpBlock"]
        assert [entry["ip"] for entry in block["ips"]] == [
            "10.210.0.11", "10.210.0.12", "10.210.0.13",
        ]  # fmt: skip
        assert (block["gateway"], block["netmask"]) == ("10.210.0.1", "255.255.255.0")
        assert "antiAffinityGroups" not in made  # spread, since nothing else is said
        assert made["dataplaneV2"] == {"dataplaneV2Enabled": True}
        assert made["authorization"] == {"adminUsers": [{"username": "ann@example.com"}]}
        assert "campus-pool-workers" in recorder.one("Reader").depends_on
        assert recorder.one("Service").inputs["service"] == "gkeonprem.googleapis.com"
        assert recorder.of_type("Membership") == []

    outputs = (cluster.membership, cluster.membership_id, cluster.endpoint, consumer.urn)
    return pulumi.Output.all(*outputs), check


@component_test
def test_pools_have_a_size_or_limits():
    """A pool of one size has that many machines; of another the autoscaler has the say."""
    recorder = record()
    taint = {"key": "mesh", "value": "only", "effect": "NO_SCHEDULE"}
    pools = [
        {"name": "fixed", "min_nodes": 4, "labels": {"tier": "mesh"}, "taints": [taint]},
        {"name": "elastic", "min_nodes": 2, "max_nodes": 5, "load_balancer": False},
    ]
    cluster = OnPremCluster("campus", _args(vmware=_machines(node_pools=pools)))

    def check(_):
        fixed = recorder.one("VMwareNodePool", "campus-pool-fixed").inputs
        assert fixed["vmwareCluster"] == "campus"
        assert (fixed["config"]["replicas"], fixed.get("nodePoolAutoscaling")) == (4, None)
        assert fixed["config"]["labels"] == {"tier": "mesh"}
        assert fixed["config"]["taints"] == [taint]
        assert fixed["config"]["enableLoadBalancer"] is True
        elastic = recorder.one("VMwareNodePool", "campus-pool-elastic").inputs
        assert elastic["nodePoolAutoscaling"] == {"minReplicas": 2, "maxReplicas": 5}
        assert "replicas" not in elastic["config"]
        assert elastic["config"]["enableLoadBalancer"] is False

    return pulumi.Output.all(cluster.membership), check


@component_test
def test_workers_may_have_addresses_of_their_own():
    """Where no DHCP server is, they are given; one more than machines, for upgrades."""
    recorder = record()
    addresses = [f"10.210.0.{last}" for last in range(20, 24)]
    cluster = OnPremCluster("campus", _args(vmware=_machines(node_addresses=addresses)))

    def check(_):
        network = recorder.one("VMwareCluster").inputs["networkConfig"]
        (block,) = network["staticIpConfig"]["ipBlocks"]
        assert [entry["ip"] for entry in block["ips"]] == addresses
        assert "dhcpIpConfig" not in network

    return pulumi.Output.all(cluster.membership), check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"control_plane_addresses": ["10.210.0.11", "10.210.0.12"]}, "control_plane_addresses",
         "1 or 3"),
        ({"control_plane_addresses": ["10.210.0.256"]}, "control_plane_addresses[0]", "IPv4"),
        ({"control_plane_addresses": ["10.211.0.1"]}, "control_plane_addresses[0]", "is outside"),
        ({"control_plane_addresses": ["10.210.0.1"]}, "control_plane_addresses[0]", "the gateway"),
        ({"control_plane_vip": "10.211.0.10"}, "control_plane_vip", "is outside"),
        ({"control_plane_vip": "10.210.0.11"}, "control_plane_vip", "address of a machine"),
        ({"control_plane_vip": "10.210.0.55"}, "control_plane_vip", "outside every one"),
        ({"ingress_vip": "10.210.0.71"}, "ingress_vip", "inside one"),
        ({"gateway": "router"}, "gateway", "does not fit"),
        ({"netmask": "255.0.255.0"}, "netmask", "does not fit"),
        ({"dns_servers": []}, "dns_servers", "must have an entry"),
        ({"ntp_servers": []}, "ntp_servers", "must have an entry"),
        ({"node_addresses": ["10.210.0.20", "10.210.0.21", "10.210.0.22"]}, "node_addresses",
         "may need 4"),
        ({"node_addresses": ["10.210.0.11"] * 1}, "node_addresses[0]", "one role"),
        ({"node_pools": []}, "node_pools", "must have an entry"),
        ({"node_pools": [{"name": "a"}] * 2}, "node_pools", "two node pools are named 'a'"),
        ({"node_pools": [{"name": "a", "max_nodes": 2}]}, "node_pools[0].max_nodes", "less than"),
        ({"node_pools": [{"name": "a", "load_balancer": False}]}, "node_pools", "load_balancer"),
        ({"pods_cidr": "10.210.0.0/16"}, "pods_cidr", "holds"),
        ({"services_cidr": "192.168.4.0/22"}, "services_cidr", "overlaps pods_cidr"),
        ({"worker_addresses": []}, "worker_addresses", "did you mean"),
    ],
)  # fmt: skip
def test_machines_that_do_not_fit_together_are_refused(change, path, says):
    """Before anything is asked of the admin cluster, which would find out late."""
    record()

    with pytest.raises(ArgumentError) as raised:
        OnPremCluster("campus", _args(vmware=_machines(**change)))

    assert any(
        where == f"vmware.{path}" and says in text for where, text in raised.value.problems
    ), raised.value.problems


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"existing": {}}, "bare_metal", "vmware and existing are given"),
        ({"location": "global"}, "location", "from a region"),
        ({"labels": {"a": "b"}}, "labels", "leave them out"),
    ],
)
def test_what_does_not_go_with_vmware_is_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        OnPremCluster("campus", _args(vmware=_machines(), **change))

    assert says in dict(raised.value.problems)[path]
