"""IstioMesh and IstioRemoteSecret: Istio's charts, revision by revision, and clusters joined."""

import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

from meshwright import ArgumentError, IstioMesh, IstioMeshArgs, IstioRemoteSecret
from tests.unit.recording import Recorder, Registration, component_test, record

CHARTS = "https://charts.example.com/istio"


def _args(**more: object) -> IstioMeshArgs:
    return {"charts": CHARTS, "version": "1.31.1", **more}  # type: ignore[typeddict-item]


def _release(recorder: Recorder, name: str) -> dict:
    return recorder.one("Release", name).inputs


@component_test
def test_the_charts_come_from_the_repository_that_is_named():
    """Every chart has the version that was asked for, and so have the images."""
    recorder = record()

    mesh = IstioMesh("mesh", _args(hub="registry.example.com/istio"))

    def check(revision):
        assert revision == "default"
        releases = {item.inputs["name"]: item.inputs for item in recorder.of_type("Release")}
        assert {name: item["chart"] for name, item in releases.items()} == {
            "istio-base": "base",
            "istio-cni": "cni",
            "istiod": "istiod",
        }
        for item in releases.values():
            assert item["repositoryOpts"] == {"repo": CHARTS}
            assert item["version"] == "1.31.1"
        for name in ("istio-cni", "istiod"):
            shared = releases[name]["values"]["global"]
            assert shared["tag"] == "1.31.1"
            assert shared["hub"] == "registry.example.com/istio"
            assert shared["platform"] == "gke"

    return mesh.revision, check


@pytest.mark.parametrize(
    ("charts", "path"),
    [
        ("oci://registry.example.com/charts", "oci://registry.example.com/charts/istiod"),
        ("charts/", "charts/istio-control/istio-discovery"),
    ],
)
@component_test
def test_charts_may_stand_in_a_registry_or_in_a_folder(charts, path):
    """A folder has one version, so that none is asked for there."""
    recorder = record()

    mesh = IstioMesh("mesh", _args(charts=charts))

    def check(_):
        istiod = _release(recorder, "mesh-istiod-default")
        assert istiod["chart"] == path
        assert ("version" in istiod) == charts.startswith("oci://")
        assert "repositoryOpts" not in istiod

    return mesh.revision, check


@component_test
def test_revisions_stand_side_by_side_and_are_known_once_their_istiod_answers():
    """Each has its own release, version and charts; CRDs are those of the newest."""
    recorder = record()
    mesh = IstioMesh(
        "mesh",
        _args(
            revisions=[{"name": "1-30-2", "version": "1.30.2"}, {"name": "1-31-1"}],
            default_revision="1-30-2",
        ),
    )

    moved = pulumi.CustomResource("test:index:Inside", "moved", {"x": mesh.revisions["1-31-1"]})

    def check(values):
        assert values == ["1-30-2", {"1-30-2": "1-30-2", "1-31-1": "1-31-1"}]
        for name, version in (("1-30-2", "1.30.2"), ("1-31-1", "1.31.1")):
            release = recorder.one("Release", f"mesh-istiod-{name}")
            assert release.inputs["name"] == f"istiod-{name}"
            assert release.inputs["values"]["revision"] == name
            assert release.inputs["version"] == version
            assert {"mesh-base", "mesh-cni"} <= release.depends_on
        assert _release(recorder, "mesh-base")["version"] == "1.31.1"
        assert _release(recorder, "mesh-base")["values"]["defaultRevision"] == "1-30-2"
        assert "mesh-istiod-1-31-1" in recorder.one("Inside").depends_on

    outputs = pulumi.Output.all(mesh.revision, mesh.revisions, moved.urn)
    return outputs.apply(lambda found: found[:2]), check


@component_test
def test_the_node_agent_redirects_traffic_so_that_namespaces_stay_restricted():
    """No proxy needs NET_ADMIN, and istiod itself passes the level that its namespace enforces."""
    recorder = record()

    mesh = IstioMesh("mesh", _args(replicas=3))

    def check(_):
        cni = _release(recorder, "mesh-cni")
        assert cni["namespace"] == "kube-system"
        values = _release(recorder, "mesh-istiod-default")["values"]
        assert values["cni"] == {"enabled": True}
        assert values["seccompProfile"] == {"type": "RuntimeDefault"}
        assert values["global"]["proxy"] == {"seccompProfile": {"type": "RuntimeDefault"}}
        assert values["autoscaleMin"] == 3
        labels = recorder.one("Namespace").inputs["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        normalised = values["meshConfig"]["pathNormalization"]
        assert normalised == {"normalization": "MERGE_SLASHES"}

    return mesh.revision, check


@pytest.mark.parametrize("given", [{}, {"access_log_format": "%START_TIME% mine"}])
@component_test
def test_access_logs_name_the_callers_principal_unless_told_otherwise(given: dict[str, Any]):
    """The provider `envoy` writes what the mesh says; Istio's own line has the address alone."""
    recorder = record()

    mesh = IstioMesh("mesh", _args(**given))

    def check(_):
        line = _release(recorder, "mesh-istiod-default")["values"]["meshConfig"]["accessLogFormat"]
        if given:
            assert line == given["access_log_format"]
        else:
            assert line.startswith('[%START_TIME%] "%REQ(:METHOD)% ')
            assert line.endswith(" %DOWNSTREAM_PEER_URI_SAN%")

    return mesh.revision, check


@component_test
def test_a_cluster_of_a_larger_mesh_has_its_names_and_a_gateway_for_other_networks():
    """The gateway passes mutual TLS through and nothing else; the mesh is open once it stands."""
    recorder = record()

    mesh = IstioMesh(
        "mesh",
        _args(
            mesh_id="shops", cluster_name="west", network="net-1", trust_domain="shops.example.com",
            east_west_gateway=True,
        ),
    )  # fmt: skip
    pulumi.CustomResource("test:index:Inside", "inside", {"x": mesh.revision})

    def check(_):
        values = _release(recorder, "mesh-istiod-default")["values"]
        assert values["global"]["meshID"] == "shops"
        assert values["global"]["multiCluster"] == {"clusterName": "west"}
        assert values["global"]["network"] == "net-1"
        assert values["meshConfig"]["trustDomain"] == "shops.example.com"
        labels = recorder.one("Namespace").inputs["metadata"]["labels"]
        assert labels["topology.istio.io/network"] == "net-1"
        gateway = _release(recorder, "mesh-east-west")
        assert gateway["values"]["networkGateway"] == "net-1"
        assert gateway["values"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        exposed: Registration = recorder.one("Gateway")
        (server,) = exposed.inputs["spec"]["servers"]
        assert server["tls"] == {"mode": "AUTO_PASSTHROUGH"}
        assert server["port"]["number"] == 15443
        assert exposed.inputs["spec"]["selector"].items() <= gateway["values"]["labels"].items()
        assert "mesh-cross-network" in recorder.one("Inside").depends_on

    return mesh.revision, check


@component_test
def test_the_meshs_own_ca_stands_before_istiod_starts_and_its_key_is_secret():
    """istiod takes its CA when it starts; clusters with the same root trust each other."""
    recorder = record()
    authority = {"certificate": "c", "key": "k", "root": "r", "chain": "h"}

    mesh = IstioMesh("mesh", _args(certificate_authority=authority))

    def check(_):
        secret = recorder.one("Secret", "mesh-ca")
        assert secret.inputs["metadata"]["name"] == "cacerts"
        assert rpc.is_rpc_secret(secret.inputs["stringData"])
        assert rpc.unwrap_rpc_secret(secret.inputs["stringData"])["ca-cert.pem"] == "c"
        assert "mesh-ca" in recorder.one("Release", "mesh-istiod-default").depends_on

    return mesh.revision, check


@component_test
def test_another_cluster_looks_in_by_a_token_of_the_reader_account():
    """The kubeconfig is a secret, and goes into the secret that istiod looks for."""
    recorder = record()
    west = IstioMesh("west", _args(api_server="198.51.100.7"))

    joined = IstioRemoteSecret(
        "west-in-east", {"cluster_name": "west", "kubeconfig": west.reader_kubeconfig}
    )

    def check(values):
        kubeconfig, secret = json.loads(values[0]), values[1]
        assert secret
        (cluster,) = kubeconfig["clusters"]
        assert cluster["cluster"] == {
            "server": "https://198.51.100.7",
            "certificate-authority-data": "Q0E=",
        }
        assert kubeconfig["users"][0]["user"] == {"token": "reader-token"}
        token = recorder.one("Secret", "west-reader").inputs
        assert token["type"] == "kubernetes.io/service-account-token"
        remote = recorder.one("Secret", "west-in-east-secret").inputs
        assert remote["metadata"]["labels"] == {"istio/multiCluster": "true"}
        assert remote["metadata"]["annotations"] == {"networking.istio.io/cluster": "west"}
        assert rpc.is_rpc_secret(remote["stringData"])
        assert rpc.unwrap_rpc_secret(remote["stringData"]) == {"west": values[0]}
        assert values[2] == "west"

    found = [west.reader_kubeconfig, west.reader_kubeconfig.is_secret(), joined.cluster_name]
    return pulumi.Output.all(*found), check


@component_test
def test_without_an_address_for_others_no_token_is_made():
    """A token that nobody needs is one that can leak."""
    recorder = record()

    mesh = IstioMesh("mesh", _args())

    def check(kubeconfig):
        assert kubeconfig == ""
        assert recorder.of_type("Secret") == []

    return mesh.reader_kubeconfig, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"platform": "gkee"}, "platform", "did you mean 'gke'"),
        ({"version": None}, "revisions[0].version", "missing"),
        ({"revisions": []}, "revisions", "at least one"),
        ({"revisions": [{"name": "1.31"}]}, "revisions[0].name", "dots become hyphens"),
        ({"revisions": [{"name": "new-"}]}, "revisions[0].name", "inner hyphens"),
        ({"revisions": [{"name": "a" * 47}]}, "revisions[0].name", "46 are the most"),
        (
            {"revisions": [{"name": "a"}, {"name": "a"}], "default_revision": "a"},
            "revisions",
            "two revisions are named 'a'",
        ),
        ({"revisions": [{"name": "a"}, {"name": "b"}]}, "default_revision", "name one of a, b"),
        (
            {"revisions": [{"name": "old"}, {"name": "new"}], "default_revision": "newr"},
            "default_revision",
            "did you mean 'new'",
        ),
        ({"east_west_gateway": True}, "network", "missing"),
        ({"network": ""}, "network", "is empty"),
        ({"replicas": "2"}, "replicas", "a whole number"),
        ({"chart": "x"}, "chart", "did you mean `charts`"),
        ({"certificate_authority": {"key": "k"}}, "certificate_authority.root", "required"),
    ],
)
def test_wrong_arguments_are_refused_by_name(change, path, says):
    """Each mistake names its argument and its mend, before anything is registered."""
    recorder = record()

    with pytest.raises(ArgumentError) as raised:
        IstioMesh("mesh", _args(**change))

    assert says in dict(raised.value.problems)[path]
    assert recorder.registrations == []


def test_a_remote_clusters_name_must_fit_a_secret():
    """The name of the secret is made of it."""
    record()

    with pytest.raises(ArgumentError, match=r"'remote' .*\n  cluster_name: .*West"):
        IstioRemoteSecret("remote", {"cluster_name": "West", "kubeconfig": "{}"})
