"""Arguments that a component only hands on: each stands where the resource has it.

What is given here is never the default, so that an argument that is dropped shows.
"""

import copy
from typing import Any

import pulumi
import pytest

import meshwright
from tests.unit.recording import component_test, record

_PLACE = {"project": "p1", "location": "europe-west1"}
_ADMIN = "projects/p1/locations/global/memberships/admin"
_ON_PREM = {
    "admin_cluster_membership": _ADMIN,
    "version": "1.33.0-gke.790",
    "control_plane_vip": "10.200.0.10",
    "ingress_vip": "10.200.0.50",
    "load_balancer_pools": [{"name": "main", "addresses": ["10.200.0.50-10.200.0.70"]}],
}
_METAL = {
    **_ON_PREM,
    "control_plane_nodes": ["10.200.0.11"],
    "node_pools": [{"name": "workers", "nodes": ["10.200.0.21"]}],
}
_VMWARE = {
    **_ON_PREM,
    "gateway": "10.200.0.1",
    "netmask": "255.255.255.0",
    "control_plane_addresses": ["10.200.0.11"],
    "dns_servers": ["10.200.0.2"],
    "ntp_servers": ["10.200.0.3"],
    "node_pools": [{"name": "workers"}],
}
_CLUSTER = {
    **_PLACE,
    "network": "projects/p1/global/networks/n",
    "subnetwork": "projects/p1/regions/europe-west1/subnetworks/west",
    "pod_range_name": "pods",
    "service_range_name": "services",
    "node_pools": [{"name": "general"}],
}
_DOOR = {
    "namespace": "shop-ingress",
    "hosts": ["shop.example.com"],
    "tls_secret": "shop-example-com",
    "load_balancer": {"certificate_map": "shop-example-com"},
}
_SINK = {"project": "p1", "filter": "severity>=ERROR"}
_JWT = {
    "name": "users",
    "namespace": "shop",
    "issuers": [
        {
            "issuer": "https://i.example.com",
            "jwks_uri": "https://i.example.com/keys",
            "audiences": ["shop"],
        }
    ],
}
_AUTHORITY = {**_PLACE, "workload_pool": "fleet.svc.id.goog", "organization": "Example"}
_MACHINES = {
    "project": "p1",
    "region": "europe-west1",
    "subnetwork": "projects/p1/regions/europe-west1/subnetworks/west",
    "port": 8080,
}

# Component and its arguments; the argument's path and value; the resource's type and path.
_METAL_ONE = ("OnPremCluster", {**_PLACE, "bare_metal": _METAL})
_VMWARE_ONE = ("OnPremCluster", {**_PLACE, "vmware": _VMWARE})
CASES = [
    (*_METAL_ONE, "bare_metal.application_logs", False,
     "BareMetalCluster", "clusterOperations.enableApplicationLogs"),
    (*_METAL_ONE, "bare_metal.control_plane_port", 6443,
     "BareMetalCluster", "loadBalancer.portConfig.controlPlaneLoadBalancerPort"),
    (*_METAL_ONE, "bare_metal.login_user", "ops",
     "BareMetalCluster", "nodeAccessConfig.loginUser"),
    (*_METAL_ONE, "bare_metal.node_mounts_path", "/mnt/disks",
     "BareMetalCluster", "storage.lvpNodeMountsConfig.path"),
    (*_METAL_ONE, "bare_metal.share_path", "/mnt/share",
     "BareMetalCluster", "storage.lvpShareConfig.lvpConfig.path"),
    (*_VMWARE_ONE, "vmware.auto_repair", False, "VMwareCluster", "autoRepairConfig.enabled"),
    (*_VMWARE_ONE, "vmware.control_plane_cpus", 8, "VMwareCluster", "controlPlaneNode.cpus"),
    (*_VMWARE_ONE, "vmware.control_plane_memory_mb", 9000,
     "VMwareCluster", "controlPlaneNode.memory"),
    (*_VMWARE_ONE, "vmware.node_pools.0.memory_mb", 9000, "VMwareNodePool", "config.memoryMb"),
    (*_VMWARE_ONE, "vmware.node_pools.0.image_type", "cos_cgv2",
     "VMwareNodePool", "config.imageType"),
    ("GkeCluster", _CLUSTER, "node_pools.0.disk_type", "pd-ssd",
     "NodePool", "nodeConfig.diskType"),
    ("IngressGateway", _DOOR, "load_balancer.security_policy", "armor",
     "GCPBackendPolicy", "spec.default.securityPolicy"),
    ("LogSink", _SINK | {"bigquery": {"location": "EU"}}, "bigquery.delete_contents_on_destroy",
     True, "Dataset", "deleteContentsOnDestroy"),
    ("LogSink", _SINK | {"storage": {"location": "EU"}}, "storage.delete_contents_on_destroy",
     True, "Bucket", "forceDestroy"),
    ("MeshSecurity", {"jwt": [_JWT]}, "jwt.0.issuers.0.from_headers", ["x-token"],
     "RequestAuthentication", "spec.jwtRules.0.fromHeaders.0.name"),
    ("MeshCertificateAuthority", _AUTHORITY, "common_name", "ledger",
     "Authority", "config.subjectConfig.subject.commonName"),
    ("MeshVmGroup", _MACHINES, "boot_disk_kms_key", "projects/p1/key",
     "InstanceTemplate", "disks.0.diskEncryptionKey.kmsKeySelfLink"),
]  # fmt: skip


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[int(step) if step.isdigit() else step]
    return value


@pytest.mark.parametrize(
    ("component", "args", "argument", "given", "kind", "place"),
    CASES,
    ids=[f"{case[0]}-{case[2]}" for case in CASES],
)
@component_test
def test_an_argument_stands_where_the_resource_has_it(
    component: str, args: dict[str, Any], argument: str, given: Any, kind: str, place: str
):
    args = copy.deepcopy(args)
    *steps, last = argument.split(".")
    (_at(args, ".".join(steps)) if steps else args)[last] = given
    recorder = record()

    getattr(meshwright, component)("given", args)

    def check(_):
        (found, *_others) = recorder.of_type(kind)
        expected = given[0] if isinstance(given, list) else given
        assert _at(found.inputs, place) == expected

    return pulumi.Output.from_input(None), check


@component_test
def test_machines_of_vmware_may_share_a_host():
    recorder = record()

    component, args = _VMWARE_ONE
    machines = _VMWARE | {"spread_over_hosts": False}
    getattr(meshwright, component)("given", {**args, "vmware": machines})

    def check(_):
        groups = recorder.one("VMwareCluster").inputs["antiAffinityGroups"]
        assert groups == {"aagConfigDisabled": True}

    return pulumi.Output.from_input(None), check
