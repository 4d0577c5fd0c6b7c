"""MeshVmGroup in an Istio mesh: what machines register as, and what they may ask for."""

import json

import pulumi

from meshwright import MeshVmGroup
from tests.unit.recording import component_test, record
from tests.unit.vm_groups import ISTIO, arguments, template_of


@component_test
def test_machines_of_an_istio_mesh_register_in_a_workload_group():
    """A Service picks them by their label, and they may ask for their own token alone."""
    recorder = record()
    group = MeshVmGroup(
        "ledger",
        arguments(
            mode="workload-group",
            workload_group={**ISTIO, "labels": {"version": "v1"}, "revision": "1-28"},
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
        metadata = template_of(recorder)["metadata"]
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
    joined = {**ISTIO, "service": "checkout", "with_pods": True}
    group = MeshVmGroup("checkout-vm", arguments(mode="workload-group", workload_group=joined))

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
        config = json.loads(template_of(recorder)["metadata"]["istio-mesh"])["defaultConfig"]
        told = config["proxyMetadata"]
        assert told["ISTIO_META_AUTO_REGISTER_GROUP"] == "checkout-vm"
        assert told["CANONICAL_SERVICE"] == told["SERVICE_ACCOUNT"] == "checkout"

    return group.host, check
