"""What a fleet's features bring into its clusters: exports, imports, Gateways across clusters."""

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from meshwright_sandbox.runtime.interface import ClusterAccess, FleetRole
from meshwright_sandbox.runtime.local import LocalRuntime
from tests.sandbox.runtime.conftest import LOCATION, NAME, PROJECT, connect, eventually, request_for

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]
MCS = ("net.gke.io", "v1")
POLICIES = ("networking.gke.io", "v1")
GATEWAYS = ("gateway.networking.k8s.io", "v1")


@pytest.fixture
def config_cluster(runtime: LocalRuntime, access: ClusterAccess) -> Iterator[None]:
    """The shared cluster, in a fleet with both features, as its config cluster."""
    role = FleetRole(PROJECT, services=True, config_cluster=True)
    runtime.set_fleet_role(PROJECT, LOCATION, NAME, role)
    yield
    runtime.set_fleet_role(PROJECT, LOCATION, NAME, None)


@pytest.fixture
def other(runtime: LocalRuntime) -> Iterator[client.ApiClient]:
    """Another cluster of the same fleet."""
    request = request_for("other", 40)
    access = runtime.start(request)
    role = FleetRole(PROJECT, services=True)
    runtime.set_fleet_role(PROJECT, request.location, request.name, role)
    yield connect(access, runtime.home / "other-ca.pem")
    runtime.stop(PROJECT, request.location, request.name)


def service(name: str) -> dict[str, Any]:
    ports = [{"name": "http", "port": 8080}]
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports}}


def gateway(name: str, gateway_class: str) -> dict[str, Any]:
    listeners = [{"name": "http", "port": 80, "protocol": "HTTP"}]
    return {
        "apiVersion": "/".join(GATEWAYS),
        "kind": "Gateway",
        "metadata": {"name": name},
        "spec": {"gatewayClassName": gateway_class, "listeners": listeners},
    }


@pytest.mark.usefixtures("config_cluster")
def test_what_one_cluster_exports_every_cluster_imports(
    api: client.ApiClient, other: client.ApiClient, make_namespace: Any
) -> None:
    namespace = make_namespace()
    here, there = client.CustomObjectsApi(api), client.CustomObjectsApi(other)
    client.CoreV1Api(api).create_namespaced_service(namespace, service("cart"))
    export = {"apiVersion": "/".join(MCS), "kind": "ServiceExport", "metadata": {"name": "cart"}}
    here.create_namespaced_custom_object(*MCS, namespace, "serviceexports", export)

    def imported(objects: Any) -> Any:
        return objects.get_namespaced_custom_object(*MCS, namespace, "serviceimports", "cart")

    (port,) = eventually(lambda: imported(here))["spec"]["ports"]
    assert port["port"] == 8080
    # Elsewhere it comes with the namespace: names mean the same in all clusters of a fleet.
    client.CoreV1Api(other).create_namespace({"metadata": {"name": namespace}})

    def imported_there() -> None:
        # An object's status comes by a request of its own, after it.
        assert len(imported(there).get("status", {}).get("clusters", [])) == 1

    eventually(imported_there)

    here.delete_namespaced_custom_object(*MCS, namespace, "serviceexports", "cart")

    def gone() -> None:
        for objects in (here, there):
            listing = objects.list_namespaced_custom_object(*MCS, namespace, "serviceimports")
            assert listing["items"] == []

    eventually(gone)


@pytest.mark.usefixtures("config_cluster")
def test_gateways_across_clusters_are_programmed_in_the_config_cluster(
    api: client.ApiClient, make_namespace: Any
) -> None:
    namespace, objects = make_namespace(), client.CustomObjectsApi(api)
    place = (*GATEWAYS, namespace, "gateways")
    wanted = gateway("global", "gke-l7-global-external-managed-mc")
    objects.create_namespaced_custom_object(*place, wanted)
    unknown = gateway("unknown", "gke-l7-of-tomorrow")
    objects.create_namespaced_custom_object(*place, unknown)

    def programmed() -> None:
        status = objects.get_namespaced_custom_object(*place, "global")["status"]
        assert status.get("addresses")
        assert {"Accepted", "Programmed"} <= {
            c["type"] for c in status["conditions"] if c["status"] == "True"
        }

    eventually(programmed)
    waiting = objects.get_namespaced_custom_object(*place, "unknown")["status"]
    assert not waiting.get("addresses")


def test_googles_policies_refuse_fields_that_they_do_not_have(
    api: client.ApiClient, make_namespace: Any
) -> None:
    namespace, objects = make_namespace(), client.CustomObjectsApi(api)
    place = (*POLICIES, namespace, "gcpbackendpolicies")
    target = {"group": "", "kind": "Service", "name": "web"}

    def policy(name: str, **default: Any) -> dict[str, Any]:
        return {
            "apiVersion": "/".join(POLICIES),
            "kind": "GCPBackendPolicy",
            "metadata": {"name": name},
            "spec": {"default": default, "targetRef": target},
        }

    taken = policy("taken", iap={"enabled": True}, securityPolicy="edge")
    objects.create_namespaced_custom_object(*place, taken, field_validation="Strict")

    wrong = policy("wrong", iap={"on": True})
    with pytest.raises(client.ApiException, match="unknown field"):
        objects.create_namespaced_custom_object(*place, wrong, field_validation="Strict")
    session = policy("session", sessionAffinity={"type": "COOKIE"})
    with pytest.raises(client.ApiException, match="Unsupported value"):
        objects.create_namespaced_custom_object(*place, session)
