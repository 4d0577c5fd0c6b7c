"""InClusterMesh: Google's control plane in the cluster; what it renders is compared elsewhere."""

import logging

import pulumi
import pytest

from meshwright import ArgumentError, InClusterMesh, InClusterMeshArgs
from tests.unit.recording import component_test, record


def _args(**more: object) -> InClusterMeshArgs:
    return {
        "project": "fleet",
        "project_number": "123",
        "cluster": "store-7",
        "location": "global",
        "charts": "charts",
        "version": "1.28.5-asm.12",
        **more,
    }  # type: ignore[typeddict-item]


@component_test
def test_a_revision_is_named_after_its_version_as_asmcli_names_it():
    """Namespaces name it in `istio.io/rev`; objects without a revision are checked by it."""
    recorder = record()

    mesh = InClusterMesh("mesh", _args())

    def check(values):
        assert values == ["asm-1285-12", "proj-123", "fleet.svc.id.goog", "istio-system"]
        istiod = recorder.one("Release", "mesh-istiod-asm-1285-12").inputs
        assert istiod["name"] == "istiod-asm-1285-12"
        assert istiod["values"]["global"]["tag"] == "1.28.5-asm.12"
        base = recorder.one("Release", "mesh-base").inputs
        assert base["values"]["defaultRevision"] == "asm-1285-12"

    found = [mesh.revision, mesh.mesh_id, mesh.trust_domain, mesh.root_namespace]
    return pulumi.Output.all(*found), check


@component_test
def test_an_upgrade_stands_beside_the_old_revision_with_its_own_charts():
    """Namespaces on the old one are left where they are."""
    recorder = record()
    old, new = {"version": "1.27.8-asm.9"}, {"version": "1.28.5-asm.12", "charts": "new"}

    mesh = InClusterMesh(
        "mesh", _args(revisions=[old, new], default_revision="asm-1278-9", replicas=1)
    )

    def check(revisions):
        assert list(revisions) == ["asm-1278-9", "asm-1285-12"]
        charts = {
            name: recorder.one("Release", f"mesh-istiod-{name}").inputs["chart"]
            for name in revisions
        }
        assert charts["asm-1278-9"] == "charts/istio-control/istio-discovery"
        assert charts["asm-1285-12"] == "new/istio-control/istio-discovery"
        assert recorder.one("Release", "mesh-base").inputs["chart"] == "new/base"

    return mesh.revisions, check


@component_test
def test_off_google_cloud_the_membership_is_the_identity_provider():
    """There is no GKE cluster to ask; CNI plugins stand where distributions keep them."""
    recorder = record()

    mesh = InClusterMesh("mesh", _args())

    def check(_):
        values = recorder.one("Release", "mesh-istiod-asm-1285-12").inputs["values"]
        place = "https://gkehub.googleapis.com/projects/fleet/locations/global"
        assert values["env"]["GKE_CLUSTER_URL"] == f"{place}/memberships/store-7"
        assert values["global"]["network"] == "default"
        cni = recorder.one("Release", "mesh-cni").inputs["values"]
        assert cni["cniBinDir"] == "/opt/cni/bin"
        assert "gke-system" in cni["excludeNamespaces"]
        labels = recorder.one("Namespace").inputs["metadata"]["labels"]
        assert labels["topology.istio.io/network"] == "default"

    return mesh.revision, check


@pytest.mark.parametrize(
    ("template", "address"),
    [(None, "projects/p/caPools/c"), ("templates/t", "projects/p/caPools/c:templates/t")],
)
@component_test
def test_a_ca_pool_may_issue_by_a_template(template, address):
    """Certificate Authority Service is named by its pool, and its template after a colon."""
    recorder = record()

    mesh = InClusterMesh(
        "mesh", _args(ca="ca_service", ca_pool="projects/p/caPools/c", ca_template=template)
    )

    def check(_):
        values = recorder.one("Release", "mesh-istiod-asm-1285-12").inputs["values"]
        assert values["global"]["caAddress"] == address

    return mesh.revision, check


@pytest.mark.parametrize(("platform", "warns"), [("gke", True), ("other", False)])
def test_on_gke_its_end_of_support_is_told(platform, warns, caplog):
    """The managed control plane takes its place there."""
    record()

    @pulumi.runtime.test
    def program():
        return InClusterMesh("mesh", _args(platform=platform)).revision

    with caplog.at_level(logging.WARNING):
        program()

    assert ("2028-03-01" in caplog.text) is warns


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"version": "1.28.5"}, "version", "such as `1.28.5-asm.12`"),
        ({"version": None}, "revisions[0].version", "missing"),
        ({"charts": None}, "revisions[0].charts", "missing"),
        ({"revisions": [{"version": "1.31.1"}]}, "revisions[0].version", "'1.31.1'"),
        ({"ca": "meshca"}, "ca", "did you mean 'mesh_ca'"),
        ({"ca": "ca_service"}, "ca_pool", "missing"),
        ({"ca_pool": "p"}, "ca_pool", "has no effect"),
        ({"ca_template": "t"}, "ca_template", "has no effect"),
        ({"platform": "onprem"}, "platform", "must be one of gke, other"),
        ({"project_number": "fleet"}, "project_number", "must be the project's number"),
        ({"clusterr": "c"}, "clusterr", "did you mean `cluster`"),
    ],
)
def test_wrong_arguments_are_refused_by_name(change, path, says):
    """Each mistake names its argument and its mend, before anything is registered."""
    recorder = record()

    with pytest.raises(ArgumentError) as raised:
        InClusterMesh("mesh", _args(**change))

    assert says in dict(raised.value.problems)[path]
    assert recorder.registrations == []
