"""Calls from a machine of a Mesh, by way of its own proxy."""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.daemon.home import Home, SandboxError
from meshwright_sandbox.daemon.traffic import Door
from meshwright_sandbox.runtime.launcher import Network, read_note

Json = dict[str, Any]
# Names of a Mesh's routes may resolve to any address: the proxy goes by the name.
_ANY_ADDRESS = "192.0.2.1"
_PORT = 80


def find(home: Home, report: Json, named: str) -> tuple[Door, Network, str]:
    """The first machine or Cloud Run service whose name begins so: what it calls, where it calls
    from, and its address.
    """
    found = [m for m in report["machines"] if m["workload"].rpartition("/")[2].startswith(named)]
    if not found:
        listed = ", ".join(m["workload"].rpartition("/")[2] for m in report["machines"])
        raise SandboxError(f"no machine {named} is in a Mesh; there are: {listed or 'none'}")
    machine = found[0]
    holder = home.processes.get(f"{machine['processes']}/network")
    kind = read_note(home.path)["kind"]
    if holder is None or kind not in ("namespace", "user-namespace"):
        raise SandboxError(f"machine {machine['workload']} does not run")
    network = Network("namespace" if kind == "namespace" else "user-namespace", holder.pid)
    door = Door(
        cluster="",
        gateway=machine["workload"].rpartition("/")[2],
        hosts=[],
        tls=False,
        port=_PORT,
        inner_port=_PORT,
        addresses=[_ANY_ADDRESS],
    )
    return door, network, machine["address"]
