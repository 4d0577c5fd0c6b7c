"""Which machines an emulator finds running, and which of them it ends."""

from dataclasses import dataclass
from pathlib import Path

from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.traffic.machines import APP, NETWORK, PROXY, Machines, Place


@dataclass(frozen=True)
class Machine:
    """A machine by its name alone."""

    name: str
    address: str = "10.0.0.1"

    @property
    def id(self) -> str:
        return f"id-{self.name}"


def test_what_was_removed_while_no_emulator_was_there_is_ended(tmp_path: Path) -> None:
    """What is still wanted runs on, and so does what is no machine of theirs."""
    processes = ProcessTable(tmp_path)
    place = Place(tmp_path / "machines", Network("host", 1), processes, "cluster/machines")
    machines: Machines[Machine] = Machines(place, lambda machine, place: None)
    stays, goes = Machine("stays"), Machine("goes")
    for machine in (stays, goes):
        machines.place_of(machine).folder.mkdir(parents=True)
        for kind in (NETWORK, APP, PROXY):
            processes.spawn(machines.place_of(machine).name(kind), ["sleep", "600"])
    processes.spawn("cluster/machines-of-others/app", ["sleep", "600"])

    try:
        machines.end_others({stays.name: stays})

        running = {entry.name.removeprefix("cluster/") for entry in processes.entries()}
        assert running == {
            *(f"machines/id-stays/{kind}" for kind in (NETWORK, APP, PROXY)),
            "machines-of-others/app",
        }
        assert [folder.name for folder in (tmp_path / "machines").iterdir()] == ["id-stays"]
    finally:
        machines.close()
        processes.stop(*processes.entries())
