"""Where the sandbox's servers run: a network namespace of its own, if one can be made.

Inside it whole pod ranges are local addresses (``ip route add local <range> dev lo``), so
anything that has a pod's address can listen on it. The namespace is unnamed: it belongs to one
holder process and is gone when the sandbox's processes are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.processes import Entry, ProcessTable

Kind = Literal["namespace", "user-namespace", "host"]

HOLDER = "network"
NOTE = "network.json"
# Addresses of API servers; the range is reserved for benchmarks, so no VPC uses it (RFC 2544).
CONTROL_PLANE_RANGE = "198.18.0.0/15"
_FLAGS: dict[Kind, list[str]] = {
    "namespace": ["--net"],
    "user-namespace": ["--user", "--map-root-user", "--net"],
}


@dataclass(frozen=True)
class Network:
    """The network that the sandbox's servers share.

    ``kind`` is ``namespace`` (made as root), ``user-namespace``, or ``host`` when neither could
    be made; ``limits`` then says in one sentence what is missing and why. ``found`` tells a network
    that was there from one just made, in which nothing runs yet.
    """

    kind: Kind
    holder: int = 0
    limits: str = ""
    found: bool = False

    def command(self, command: Sequence[str]) -> list[str]:
        """``command`` so that it runs inside the network; its pid stays its own."""
        if self.kind == "host":
            return list(command)
        enter = ["nsenter", "--target", str(self.holder), "--net"]
        if self.kind == "user-namespace":
            enter += ["--user", "--preserve-credentials"]
        return [*enter, "--", *command]

    def add_range(self, cidr: str) -> None:
        """Make every address of ``cidr`` local, so that servers can listen on any of them."""
        if self.kind != "host":
            self.run("ip", "route", "replace", "local", cidr, "dev", "lo")

    def run(self, *command: str) -> None:
        """Run ``command`` inside; raises :class:`RuntimeFailure` with its words if it fails."""
        result = subprocess.run(
            self.command(command), capture_output=True, text=True, timeout=30, check=False
        )
        if result.returncode:
            raise RuntimeFailure(
                f"the sandbox's network namespace refused `{' '.join(command)}`: "
                f"{result.stderr.strip()}"
            )


def open_network(home: Path, processes: ProcessTable) -> Network:
    """The sandbox's network: the one whose holder runs, else a new one.

    The choice is kept in ``HOME/network.json``, so that all parts agree on it.
    ``MESHWRIGHT_NETWORK=host`` asks for host loopback.
    """
    note = home / NOTE
    before = read_note(home)
    holder = processes.get(HOLDER)
    if holder is not None and before["kind"] != "host":
        kind: Kind = "user-namespace" if before["kind"] == "user-namespace" else "namespace"
        return _configured(Network(kind, holder.pid, found=True))
    kind, limits = _decide()
    write_private(note, json.dumps({"kind": kind, "limits": limits}))
    if kind == "host":
        return Network(kind, limits=limits, found=before["kind"] == "host")
    entry = processes.spawn(HOLDER, ["unshare", *_FLAGS[kind], "--", "sleep", "infinity"])
    _wait_until_separate(entry)
    return _configured(Network(kind, entry.pid))


def read_note(home: Path) -> dict[str, str]:
    """The kind of network that was chosen for the sandbox, and its limits, if there are any."""
    try:
        return {"kind": "", "limits": "", **json.loads((home / NOTE).read_text())}
    except (OSError, ValueError, TypeError):
        return {"kind": "", "limits": ""}


def _configured(network: Network) -> Network:
    network.run("ip", "link", "set", "lo", "up")
    network.add_range(CONTROL_PLANE_RANGE)
    return network


def _decide() -> tuple[Kind, str]:
    if os.environ.get("MESHWRIGHT_NETWORK") == "host":
        return "host", f"MESHWRIGHT_NETWORK=host is set, {_WITHOUT}"
    missing = [p for p in ("unshare", "nsenter", "ip") if shutil.which(p) is None]
    if missing:
        return "host", (
            f"{', '.join(missing)} not found (install util-linux and iproute2), {_WITHOUT}"
        )
    kinds: list[Kind] = ["namespace"] if os.geteuid() == 0 else []
    kinds.append("user-namespace")
    refusal = ""
    for kind in kinds:
        probe = subprocess.run(
            ["unshare", *_FLAGS[kind], "--", "ip", "link", "set", "lo", "up"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if probe.returncode == 0:
            return kind, ""
        refusal = probe.stderr.strip()
    return "host", f"this machine allows no network namespace ({refusal}), {_WITHOUT}"


_WITHOUT = (
    "so the control plane runs on host loopback: pod addresses cannot be bound, "
    "and traffic through the mesh cannot be tried here"
)


@retry(
    retry=retry_if_result(lambda separate: not separate),
    wait=wait_fixed(0.01),
    stop=stop_after_delay(60),
)
def _wait_until_separate(entry: Entry) -> bool:
    """``unshare`` starts before it has its namespace; to enter too early is to stay outside."""
    try:
        own = Path("/proc/self/ns/net").readlink()
        command = Path(f"/proc/{entry.pid}/comm").read_text().strip()
        return Path(f"/proc/{entry.pid}/ns/net").readlink() != own and command == "sleep"
    except OSError:
        return False
