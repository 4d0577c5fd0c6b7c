"""What staging, prod, istio and hybrid become: which objects, where, from which words."""

import functools
import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from stacks.composition import build
from stacks.spec import load
from tests.inputs.specs import DELETE, edited, spec_of
from tests.unit.recording import Recorder, Registration, component_test, record


def composed(stack: str, edits: dict[str, Any] | None = None) -> Recorder:
    """A stack's registrations; hybrid without EKS, which is read from AWS."""
    return _composed(stack, json.dumps(edits or {}))


@functools.cache
def _composed(stack: str, edits: str) -> Recorder:
    without_aws = {"attached_clusters[0]": DELETE} if stack == "hybrid" else {}
    recorder = record()

    @component_test
    def run() -> tuple[pulumi.Output[Any], Callable[[object], None]]:
        spec = load(edited(json.loads(edits) | without_aws, stack))
        return pulumi.Output.all(build(spec)), lambda _: None

    run()
    return recorder


def _is_istiod(release: Registration) -> bool:
    return "istiod" in release.inputs["name"]


def in_cluster(recorder: Recorder, kind: str, cluster: str) -> list[Registration]:
    """The objects of a kind that go to a cluster."""
    return [item for item in recorder.of_type(kind) if item.provider == cluster]


def test_staging_is_one_mesh():
    """Each cluster's control plane is told to look into the other before it is turned on."""
    recorder = composed("staging")
    options = [item.inputs["data"]["multicluster_mode"] for item in recorder.of_type("ConfigMap")]
    options += [
        item.inputs["data"]["multicluster_mode"] for item in recorder.of_type("ConfigMapPatch")
    ]
    assert options == ["connected", "connected"]
    members = recorder.of_type("FeatureMembership")
    assert {item.name for item in members} == {"mesh-belgium", "mesh-finland"}


def test_only_callers_of_an_outside_host_may_leave():
    """The egress gateway lets the named caller through, and packets go that way."""
    recorder = composed("staging")
    policies = [
        item.inputs["spec"]
        for item in recorder.of_type("AuthorizationPolicy")
        if item.name.startswith("belgium-egress-out")
    ]
    allowed = [spec for spec in policies if spec.get("rules")]
    assert "shop/sa/payments" in str(allowed)
    assert "shop/sa/checkout" not in str(allowed)
    policy = recorder.one("NetworkPolicy", "belgium-shop-network-policy").inputs["spec"]
    assert "egress" in str(policy["egress"])


def test_the_ways_out_of_a_cluster_share_one_root_sidecar():
    """It is no gateway's own: one that goes would open the mesh, and a second be refused."""
    more = {
        "name": "more",
        "namespace": "egress",
        "hosts": [{"host": "api.other.example.net", "callers": ["shop/payments"]}],
    }
    recorder = composed("staging", {"egress_gateways[+]": more})
    for cluster in ("belgium", "finland"):
        (sidecar,) = [
            item
            for item in in_cluster(recorder, "Sidecar", cluster)
            if item.inputs["metadata"]["namespace"] == "istio-system"
        ]
        assert sidecar.inputs["spec"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
        assert "EgressGateway" not in sidecar.urn


def test_testers_are_matched_before_shares():
    """The A/B rule of the spec is the first rule of the route, and sends all to its version."""
    recorder = composed("staging")
    (first, second) = recorder.one("VirtualService", "belgium-shop-checkout-shares").inputs["spec"][
        "http"
    ]
    assert first["match"][0]["headers"] == {"x-tester": {"exact": "true"}}
    assert [share["destination"]["subset"] for share in first["route"]] == ["v2"]
    assert [share["weight"] for share in second["route"]] == [95, 5]


def test_prod_encrypts_with_keys_of_its_own_region():
    """Each cluster's Secrets and disks, and each log, use the key of their place."""
    recorder = composed("prod")
    for cluster in ("belgium", "finland"):
        made = recorder.one("Cluster", f"{cluster}-cluster").inputs
        assert cluster in made["databaseEncryption"]["keyName"]
        for pool in ("general", "payments"):
            pool_config = recorder.one("NodePool", f"{cluster}-pool-{pool}").inputs
            assert cluster in pool_config["nodeConfig"]["bootDiskKmsKey"]
    logs = recorder.one("ProjectBucketConfig").inputs["cmekSettings"]["kmsKeyName"]
    assert "belgium" in logs


def test_a_key_is_open_to_what_it_encrypts_and_no_more():
    """No log goes by Finland's key, so that logs' agents may not use it."""
    recorder = composed("prod")
    grants: dict[str, int] = {}
    for item in recorder.of_type("CryptoKeyIAMMember"):
        key = item.name.partition("-")[0]
        grants[key] = grants.get(key, 0) + 1
    # GKE and Compute Engine; for Belgium also log buckets and Cloud Storage.
    assert grants == {"belgium": 4, "finland": 2}


def test_blue_green_sends_everything_to_the_active_version():
    """The version that stands ready gets no call, whichever the two are."""
    recorder = composed("prod", {"namespaces[1].services[0].route.active": "green"})
    (rule,) = recorder.one("VirtualService", "finland-shop-checkout-shares").inputs["spec"]["http"]
    shares = {s["destination"]["subset"]: s.get("weight", 100) for s in rule["route"]}
    assert {name for name, weight in shares.items() if weight} == {"green"}


def test_members_gateway_asks_for_a_token():
    """Where the spec names an issuer, the gateway lets nobody in without its token."""
    recorder = composed("prod")
    requests = in_cluster(recorder, "RequestAuthentication", "belgium")
    assert [r.inputs["spec"]["jwtRules"][0]["issuer"] for r in requests] == [
        "https://accounts.example.com"
    ]
    policy = recorder.one("AuthorizationPolicy", "belgium-shop-ingress-members-policy").inputs
    assert "requestPrincipals" in str(policy["spec"]["rules"])
    other = recorder.one("AuthorizationPolicy", "belgium-shop-ingress-public-policy").inputs
    assert "requestPrincipals" not in str(other["spec"]["rules"])


def test_objectives_and_alerts_come_from_the_spec():
    """One objective each, and its goal; whoever is named is told."""
    recorder = composed("prod")
    goals = {
        item.name.removesuffix("-slo"): item.inputs["goal"] for item in recorder.of_type("Slo")
    }
    assert goals == {
        "checkout-available": 0.999, "checkout-fast": 0.99, "payments-available": 0.9995,
    }  # fmt: skip
    (channel,) = recorder.of_type("NotificationChannel")
    assert channel.inputs["labels"]["email_address"] == "on-call@example.com"
    assert {p.name.split("-slo")[0] for p in recorder.of_type("AlertPolicy")}


def test_each_cluster_has_the_control_plane_it_names():
    """Open-source Istio in one, Google's in the other, two revisions of each, none managed."""
    recorder = composed("istio")
    assert recorder.of_type("FeatureMembership") == []
    istiods = {
        cluster: len(
            [r for r in in_cluster(recorder, "Release", cluster) if "istiod" in r.inputs["name"]]
        )
        for cluster in ("open", "google")
    }
    assert istiods == {"open": 2, "google": 2}


@pytest.mark.parametrize(
    ("namespace", "revision"),
    [("open-shop", "stable"), ("open-shop-next", "canary"), ("google-ledger", "asm-1285-12")],
)
def test_a_namespace_is_with_the_revision_it_names(namespace: str, revision: str):
    """Its injection label is that revision, so that namespaces move over one by one."""
    made = composed("istio").one("Namespace", f"{namespace}-namespace")
    labels = made.inputs["metadata"]["labels"]
    assert labels["istio.io/rev"] == revision
    assert "istio-injection" not in labels


def test_machines_are_workloads_of_the_cluster_s_istio():
    """The group's objects stand in the cluster that the spec names."""
    recorder = composed("istio")
    (group,) = recorder.of_type("WorkloadGroup")
    assert (group.provider, group.inputs["metadata"]["namespace"]) == ("open", "shop")


def test_machines_answer_for_a_service_beside_its_pods():
    """As one of its versions, with its account, which is there first; packets may go both ways."""
    vms = "vm_groups[0]"
    edits = {f"{vms}.service": "checkout", f"{vms}.version": "v2"}
    recorder = composed("istio", edits)
    (group,) = recorder.of_type("WorkloadGroup")
    labels = group.inputs["spec"]["metadata"]["labels"]
    assert labels == {"app": "checkout", "version": "v2"}
    assert "open-shop-checkout" in group.depends_on
    service = recorder.one("Service", "open-shop-checkout")
    assert "open-shop-checkout-account" in service.depends_on
    named = {item.inputs["metadata"]["name"] for item in recorder.of_type("ServiceAccount")}
    assert "archive" not in named
    (subnet,) = (s for s in recorder.of_type("Subnetwork") if s.name.endswith("open"))
    block = {"ipBlock": {"cidr": subnet.inputs["ipCidrRange"]}}
    rules = {
        namespace: recorder.one("NetworkPolicy", f"open-{namespace}-network-policy").inputs["spec"]
        for namespace in ("shop", "shop-next")
    }
    assert block in rules["shop"]["ingress"][0]["from"]
    assert block in rules["shop"]["egress"][0]["to"]
    # It may be called from there, and calls nobody.
    assert block in rules["shop-next"]["ingress"][0]["from"]
    assert block not in rules["shop-next"]["egress"][0]["to"]


def test_machines_and_cloud_run_share_one_mesh():
    """What is outside the clusters joins the same Mesh, and the route shares calls there."""
    recorder = composed("hybrid")
    mesh = recorder.one("Mesh")
    (route,) = recorder.of_type("HttpRoute")
    assert route.inputs["meshes"] == [f"{mesh.name}-id"]
    assert recorder.one("Service", "web-service").inputs["template"]["serviceMesh"] == {
        "mesh": f"{mesh.name}-id"
    }
    destinations = route.inputs["rules"][0]["action"]["destinations"]
    assert [share["weight"] for share in destinations] == [90, 10]


def test_plaintext_only_where_cloud_run_calls():
    """The one service that Cloud Run calls takes plaintext on its port, from its subnet."""
    recorder = composed("hybrid")
    modes = {
        item.inputs["metadata"]["name"]: item.inputs["spec"]
        for item in recorder.of_type("PeerAuthentication")
    }
    assert modes.pop("default")["mtls"] == {"mode": "STRICT"}
    (exception,) = modes.values()
    assert exception["selector"]["matchLabels"] == {"app": "orders"}
    assert exception["portLevelMtls"] == {"8080": {"mode": "PERMISSIVE"}}
    policy = recorder.one("NetworkPolicy", "gke-shop-network-policy").inputs["spec"]
    assert "10.0.0.0/22" in str(policy["ingress"])


def test_clusters_in_a_service_project_share_the_host_s_network():
    """The network stands in the host project; each project gets what its own clusters need."""
    recorder = composed(
        "dev", {"networks[0].host_project": "shop-network", "clusters[0].project": "shop-service"}
    )
    assert recorder.one("Network").inputs["project"] == "shop-network"
    assert recorder.one("Cluster", "autopilot-cluster").inputs["project"] == "shop-service"
    assert recorder.one("Cluster", "standard-cluster").inputs["project"] == "meshwright-dev"
    attached = recorder.of_type("SharedVPCServiceProject")
    assert {item.inputs["serviceProject"] for item in attached} == {
        "shop-service",
        "meshwright-dev",
    }
    agents = [
        item.inputs["project"]
        for item in recorder.of_type("IAMMember")
        if item.inputs.get("role") == "roles/anthosservicemesh.serviceAgent"
    ]
    assert sorted(agents) == ["meshwright-dev", "shop-service"]


def test_prod_s_network_belongs_to_those_who_run_networks():
    """The clusters' project may use the subnets, and GKE there manages the host's firewall."""
    recorder = composed("prod")
    owners = {item.inputs["project"] for item in recorder.of_type("Subnetwork")}
    assert owners == {recorder.one("Network").inputs["project"]} == {"meshwright-network"}
    assert {item.inputs["project"] for item in recorder.of_type("Cluster")} == {"meshwright-prod"}
    users = recorder.of_type("SubnetworkIAMMember")
    # GKE and Google's APIs, in each of two subnets.
    assert [item.inputs["role"] for item in users] == ["roles/compute.networkUser"] * 4
    host_agents = [
        item.inputs["project"]
        for item in recorder.of_type("IAMMember")
        if item.inputs["role"] == "roles/container.hostServiceAgentUser"
    ]
    assert host_agents == ["meshwright-network"]


def test_prod_keeps_the_audit_logs_of_its_whole_folder():
    """The network's project is in it too; the archive itself is in the stack's project."""
    recorder = composed("prod")
    sink = recorder.one("FolderSink", "archive-sink").inputs
    assert (sink["folder"], sink["includeChildren"]) == ("123456789012", True)
    (bucket,) = recorder.of_type("Bucket")
    assert bucket.inputs["project"] == "meshwright-prod"
    (writer,) = recorder.of_type("BucketIAMMember")
    assert writer.inputs["role"] == "roles/storage.objectCreator"


def test_machines_in_a_shared_network_may_use_their_subnet():
    """No cluster of the stack's project is there; its group of VMs is."""
    recorder = composed(
        "istio", {"networks[0].host_project": "shop-network", "clusters[0].project": "shop-gke"}
    )
    used = {
        item.inputs["subnetwork"]
        for item in recorder.of_type("SubnetworkIAMMember")
        if "meshwright-istio" in item.name
    }
    assert used == {"ist-mesh-google", "ist-mesh-open"}


def test_a_cluster_on_vmware_is_made_through_the_admin_cluster():
    """It comes after the admin cluster is registered, with workers that scale."""
    recorder = composed("hybrid")
    made = recorder.one("VMwareCluster").inputs
    admin = "projects/meshwright-hybrid/locations/europe-west1/memberships/hyb-data-centre"
    assert made["adminClusterMembership"] == admin
    pool = recorder.one("VMwareNodePool").inputs
    assert pool["nodePoolAutoscaling"] == {"minReplicas": 3, "maxReplicas": 6}


@pytest.mark.parametrize("stack", ["dev", "staging", "prod", "istio", "hybrid"])
def test_everything_is_in_the_stack_s_project(stack: str):
    """No resource of Google Cloud is left to the shell's own project or credentials."""
    everything = composed(stack).registrations
    assert {item.provider for item in everything if item.type.startswith("gcp:")} == {"gcp"}
    clusters = {cluster["name"] for cluster in spec_of(stack)["clusters"]}
    inside = {item.provider for item in everything if item.type.startswith("kubernetes:")}
    assert clusters <= inside <= clusters | {f"mesh-{name}-cluster" for name in clusters}
