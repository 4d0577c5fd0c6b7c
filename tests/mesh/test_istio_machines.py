"""One service of pods and of a machine: what MeshVmGroup makes, on a real istiod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pulumi
import pytest
from kubernetes import client

from meshwright import MeshVmGroup
from meshwright_sandbox.traffic.calls import Answer, Call, call
from meshwright_sandbox.traffic.echo import PORT
from meshwright_sandbox.traffic.istio_machines import IstioMachine, machine_of
from meshwright_sandbox.traffic.machines import NETWORK
from tests.mesh.harness import MeshCluster, caller_of, identity, statuses, versions
from tests.mesh.shared_routes import assert_shared_out
from tests.sandbox.runtime.conftest import MESH, PROJECT, eventually
from tests.unit.recording import Recorder, record

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

DEPOT, SERVICE, CALLER = "depot", "stock", "web"
BATCH = 40
# No cluster has it among its ranges.
ADDRESS = "10.96.0.7"
PODS, MACHINES = "west", "bare"


def group_of(cluster: MeshCluster) -> Recorder:
    """What MeshVmGroup makes of machines that serve beside the pods."""
    recorder = record()

    @pulumi.runtime.test
    def program() -> None:
        MeshVmGroup(
            "stock-vm",
            {
                "project": PROJECT,
                "region": "europe-west1",
                "subnetwork": "projects/p/regions/europe-west1/subnetworks/west",
                "port": PORT,
                "mode": "workload-group",
                "workload_group": {
                    "namespace": DEPOT,
                    "service": SERVICE,
                    "with_pods": True,
                    "cluster_endpoint": cluster.private_address,
                    "cluster_ca_certificate": "Q0E=",
                    "discovery_address": cluster.istiod,
                    "istio_version": "1.31.1",
                    "revision": MESH.revision,
                    "cluster_id": f"cn-{PROJECT}-europe-west1-{cluster.name}",
                    "mesh_id": MESH.mesh_id,
                    "trust_domain": MESH.trust_domain,
                    "labels": {"version": MACHINES},
                },
            },
        )

    program()
    return recorder


def machine(made: Recorder) -> IstioMachine:
    """An instance of the group, as Compute Engine would show it."""
    template = made.one("InstanceTemplate").inputs
    items = [{"key": key, "value": value} for key, value in template["metadata"].items()]
    instance = {
        "metadata": {"items": items},
        "networkInterfaces": [{"networkIP": ADDRESS}],
        "serviceAccounts": [template["serviceAccount"]],
    }
    found = machine_of("projects/p/zones/z/instances/stock-vm-1", instance, "stock-vm")
    assert found is not None
    return found


def apply(cluster: MeshCluster, made: Recorder) -> None:
    """The group's objects, and no others: what it lacks the machine would not get."""
    access = client.RbacAuthorizationV1Api(cluster.api)
    access.create_namespaced_role(DEPOT, made.one("Role").inputs)
    access.create_namespaced_role_binding(DEPOT, made.one("RoleBinding").inputs)
    group = made.one("WorkloadGroup").body()
    cluster.create(DEPOT, "WorkloadGroup", group["metadata"]["name"], group["spec"])


def assert_ready(cluster: MeshCluster) -> None:
    """The sandbox asks a machine too, and may learn later than the mesh that it answers."""
    (told,) = cluster.traffic.machines_report()
    assert (told["state"], told["version"]) == ("ready", MACHINES)


@pytest.fixture(scope="module")
def joined(west: MeshCluster) -> Iterator[IstioMachine]:
    """The machine, which answers beside the service's pods; nobody is let in but by mutual TLS."""
    west.namespace(DEPOT)
    west.create(DEPOT, "PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
    west.deploy(DEPOT, SERVICE, account=SERVICE)
    west.serve(DEPOT, SERVICE)
    west.deploy(DEPOT, CALLER, account=CALLER)
    made = group_of(west)
    apply(west, made)
    west.wait(DEPOT, SERVICE, CALLER)
    west.machines.append(machine(made))
    answered_by(west, PODS, MACHINES)
    eventually(lambda: assert_ready(west))
    yield west.machines[0]
    west.machines.clear()
    west.core.delete_namespace(DEPOT)


def test_pods_and_a_machine_share_the_calls_of_one_service(
    west: MeshCluster, joined: IstioMachine
) -> None:
    """Each proxy knows its caller, and is known, by a certificate that istiod issued."""
    answers: list[Answer] = []

    def batch() -> list[Answer]:
        answers.extend(made := west.call(DEPOT, CALLER, SERVICE, 200))
        return made

    assert_shared_out(batch, 200, 0.5, MACHINES)
    of_machine = next(a for a in answers if a.json()["version"] == MACHINES)
    assert of_machine.json()["pod"] == "stock-vm-1"
    assert caller_of(of_machine) == identity(DEPOT, CALLER)
    certificate = of_machine.json()["headers"]["x-forwarded-client-cert"]
    assert certificate.startswith(f"By={identity(DEPOT, SERVICE)};")


def test_a_machine_takes_no_plaintext(west: MeshCluster, joined: IstioMachine) -> None:
    (answer,) = call(west.network, Call(f"http://{joined.address}:{PORT}/"))
    assert answer.status == 0


def test_a_machine_calls_services_as_itself(west: MeshCluster, joined: IstioMachine) -> None:
    place = west.traffic.machines.place_of(joined)
    holder = place.processes.get(place.name(NETWORK))
    assert holder is not None
    url, host = f"http://{west.address(DEPOT, SERVICE)}/", f"{SERVICE}.{DEPOT}"
    planned = Call(url, headers={"host": host}, count=BATCH)
    answers = call(replace(west.network, holder=holder.pid), planned)
    assert set(statuses(answers)) == {200}
    by_pod = next(a for a in answers if a.json()["version"] == PODS)
    assert caller_of(by_pod) == identity(DEPOT, SERVICE)


def test_no_call_is_lost_when_the_pods_go_and_come(west: MeshCluster, joined: IstioMachine) -> None:
    west.scale(DEPOT, SERVICE, 0)
    gone = answered_by(west, MACHINES)
    west.scale(DEPOT, SERVICE, 1)
    back = answered_by(west, PODS, MACHINES)
    assert set(statuses(gone + back)) == {200}


def answered_by(cluster: MeshCluster, *versions_: str) -> list[Answer]:
    """Call until a whole batch is answered by these; all answers until then."""
    answers: list[Answer] = []

    def only() -> None:
        batch = cluster.call(DEPOT, CALLER, SERVICE, BATCH)
        answers.extend(batch)
        assert set(versions(batch)) == set(versions_)
        assert set(statuses(batch)) == {200}

    eventually(only)
    return answers
