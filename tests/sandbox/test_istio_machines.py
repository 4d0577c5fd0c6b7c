"""Which of Compute Engine's machines are workloads of an Istio mesh, by their metadata."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pulumi

from meshwright import MeshVmGroup
from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.runtime.null import NullRuntime
from meshwright_sandbox.services import all_services
from meshwright_sandbox.traffic.istio_machines import IstioMachine, find_machines
from tests.sandbox.conftest import GoogleClients
from tests.sandbox.machines import Machines
from tests.sandbox.server import Sandbox
from tests.unit.recording import record
from tests.unit.vm_groups import ISTIO, arguments, template_of


def metadata(**labels: str) -> dict[str, Any]:
    """What MeshVmGroup has machines of an Istio mesh read."""
    recorder = record()

    @pulumi.runtime.test
    def program() -> pulumi.Output[str]:
        joined = {**ISTIO, "labels": labels}
        group = MeshVmGroup("ledger", arguments(mode="workload-group", workload_group=joined))
        return group.instance_group

    program()
    items = template_of(recorder)["metadata"].items()
    return {"items": [{"key": key, "value": value} for key, value in items]}


def found(sandbox: Sandbox, project: str, folder: Path) -> list[IstioMachine]:
    """Those of a project; the server's own state is read and not touched."""
    folder.mkdir()
    with (
        closing(sqlite3.connect(sandbox.home / "state.db")) as held,
        closing(sqlite3.connect(folder / "state.db")) as copy,
    ):
        held.backup(copy)
    place = {"project": project, "project_number": 123456789012}
    cloud = Cloud(folder, all_services(), NullRuntime(), scale=0, **place)
    machines = [one for one in find_machines(cloud) if f"projects/{project}/" in one.name]
    cloud.store.close()
    return machines


def test_machines_of_a_mesh_are_found_by_what_their_template_says(
    machines: Machines, google: GoogleClients, sandbox: Sandbox, project: str, tmp_path: Path
) -> None:
    """With their addresses, accounts and versions; machines of a Mesh are none of them."""
    accounts = google("iam", "v1").projects().serviceAccounts()
    ordered = accounts.create(name=f"projects/{project}", body={"accountId": "ledger-vm"})
    email = ordered.execute()["email"]
    account = {"email": email, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}
    other = {"name": "plain", "versions": [{"instanceTemplate": machines.template("plain")}]}
    machines.group(machines.template(), **other, baseInstanceName="plain")
    assert found(sandbox, project, tmp_path / "before") == []

    joined = machines.template("t2", metadata=metadata(), serviceAccounts=[account])
    machines.group(joined, targetSize=2)
    told = machines.template("t3", metadata=metadata(version="v2"), serviceAccounts=[account])
    machines.group(told, name="next", baseInstanceName="next", targetSize=1)

    there = found(sandbox, project, tmp_path / "after")
    made = {i["name"]: i["networkInterfaces"][0]["networkIP"] for i in machines.instances()}
    assert {m.name.rpartition("/")[2]: m.address for m in there} == {
        name: address for name, address in made.items() if not name.startswith("plain")
    }
    # What a machine tells the mesh, else the name of its group.
    assert sorted(m.version for m in there) == ["v2", "web", "web"]
    assert {m.account for m in there} == {email}
    assert {m.endpoint for m in there} == {ISTIO["cluster_endpoint"]}

    alone = {"name": "alone", "sourceInstanceTemplate": joined}
    machines.single(**alone)
    assert "alone" in {m.version for m in found(sandbox, project, tmp_path / "alone")}
    machines.turn("stop", "alone")
    assert found(sandbox, project, tmp_path / "stopped") == there
