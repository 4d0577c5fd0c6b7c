"""MeshVmGroup in an Istio mesh: what machines register as, and what they may ask for."""

import json

import pulumi

from meshwright import MeshVmGroup, MeshVmGroupArgs
from tests.unit.recording import Recorder, component_test, record

_ISTIO = {
    "namespace": "shop",
    "cluster_endpoint": "10.0.0.2",
    "cluster_ca_certificate": "Q0E=",
    "discovery_address": "10.0.0.10",
    "istio_version": "1.28.0",
}


def _args(**more: object) -> MeshVmGroupArgs:
    base = {
        "project": "p1",
        "region": "europe-west1",
        "subnetwork": "projects/p1/regions/europe-west1/subnetworks/west",
        "port": 8080,
        "mode": "workload-group",
    }
    return {**base, **more}  # type: ignore[typeddict-item]


def _template(recorder: Recorder) -> dict:
    return recorder.one("InstanceTemplate").inputs


@component_test
def test_machines_of_an_istio_mesh_register_in_a_workload_group():
    """A Service picks them by their label, and they may ask for their own token alone."""
    recorder = record()
    group = MeshVmGroup(
        "ledger",
        _args(
            workload_group={**_ISTIO, "labels": {"version": "v1"}, "revision": "1-28"},
            startup_script="#! /bin/sh\nserve\n",
        ),
    )

    def check(values):
        host, mesh, account = values
        assert host == "ledger.shop.svc.cluster.local"
        assert mesh == ""
        assert recorder.of_type("Mesh") == recorder.of_type("BackendService") == []
        spec = recorder.one("WorkloadGroup").inputs["spec"]
        assert spec["metadata"]["labels"] == {"app": "ledger", "version": "v1"}
        assert spec["template"] == {"serviceAccount": "ledger", "ports": {"http": 8080}}
        assert spec["probe"]["httpGet"] == {"path": "/", "port": 8080}
        service = recorder.one("Service", "ledger-service").inputs["spec"]
        assert service["selector"].items() <= spec["metadata"]["labels"].items()
        assert service["ports"] == [{"name": "http", "port": 8080, "targetPort": 8080}]
        token, root = recorder.one("Role").inputs["rules"]
        assert token["resources"] == ["serviceaccounts/token"]
        assert (token["resourceNames"], token["verbs"]) == (["ledger"], ["create"])
        assert (root["resources"], root["verbs"]) == (["configmaps"], ["get"])
        (subject,) = recorder.one("RoleBinding").inputs["subjects"]
        assert (subject["kind"], subject["name"]) == ("User", account)
        metadata = _template(recorder)["metadata"]
        assert "gce-service-proxy" not in metadata
        assert metadata["workload-startup-script"] == "#! /bin/sh\nserve\n"
        assert metadata["istio-hosts"] == "10.0.0.10 istiod-1-28.istio-system.svc"
        config = json.loads(metadata["istio-mesh"])["defaultConfig"]
        assert config["discoveryAddress"] == "istiod-1-28.istio-system.svc:15012"
        assert config["proxyMetadata"]["ISTIO_META_AUTO_REGISTER_GROUP"] == "ledger"
        assert "ISTIO_INBOUND_PORTS='8080'\n" in metadata["istio-cluster-env"]
        # A machine asks as soon as it starts, so that it starts after what answers it.
        assert recorder.one("InstanceTemplate").depends_on >= {
            "ledger-workload",
            "ledger-account",
            "ledger-join-binding",
        }
        roles = {item.inputs["role"] for item in recorder.of_type("IAMMember")}
        assert "roles/trafficdirector.client" not in roles

    return pulumi.Output.all(group.host, group.mesh, group.service_account), check


@component_test
def test_machines_answer_for_the_service_of_pods():
    """Its Service and account are the pods' own; several groups may do so."""
    recorder = record()
    joined = {**_ISTIO, "service": "checkout", "with_pods": True}
    group = MeshVmGroup("checkout-vm", _args(workload_group=joined))

    def check(host):
        assert host == "checkout.shop.svc.cluster.local"
        made = {item.type.rpartition("kubernetes:")[2] for item in recorder.registrations}
        assert not made & {"core/v1:Service", "core/v1:ServiceAccount"}
        workload = recorder.one("WorkloadGroup").inputs
        assert workload["metadata"]["name"] == "checkout-vm"
        assert workload["spec"]["metadata"]["labels"] == {"app": "checkout"}
        assert workload["spec"]["template"]["serviceAccount"] == "checkout"
        token, _ = recorder.one("Role").inputs["rules"]
        assert token["resourceNames"] == ["checkout"]
        config = json.loads(_template(recorder)["metadata"]["istio-mesh"])["defaultConfig"]
        told = config["proxyMetadata"]
        assert told["ISTIO_META_AUTO_REGISTER_GROUP"] == "checkout-vm"
        assert told["CANONICAL_SERVICE"] == told["SERVICE_ACCOUNT"] == "checkout"

    return group.host, check
