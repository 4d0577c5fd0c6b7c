"""Where a new cluster is reached on this machine, and by which token."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Set
from pathlib import Path

from meshwright_sandbox.runtime.forwarding import may_bind
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.records import Ports


def choose_endpoint(home: Path, slot: int, taken: Set[int]) -> tuple[str, int]:
    """A loopback address with port 443 as GKE has it; a plain port where 443 is refused.

    ``taken`` are the ports of the sandbox's other clusters, which may not listen yet.
    """
    digest = hashlib.sha256(str(home).encode()).digest()
    for step in range(8):
        host = f"127.{64 + (digest[0] + step) % 128}.{digest[1]}.{slot}"
        if may_bind(host, 443):
            return host, 443
    for port in range(32443, 32999):
        if port not in taken and may_bind("127.0.0.1", port):
            return "127.0.0.1", port
    raise RuntimeFailure("no free port was found between 32443 and 32999 on 127.0.0.1")


def choose_ports(slot: int, *, shared: bool) -> Ports:
    """Ports of the cluster's processes; ``shared`` ones must be free on this machine."""
    if not shared:
        return Ports.of_slot(slot)
    for base in range(21000, 31000, 500):
        ports = Ports.of_slot(slot, base)
        if all(may_bind("127.0.0.1", port) for port in vars(ports).values()):
            return ports
    raise RuntimeFailure("no free block of ports was found between 21000 and 31000")


def access_token(home: Path) -> str:
    """The sandbox's bearer token, made once; ``gke-gcloud-auth-plugin`` prints it."""
    file = home / "token"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32))
    return file.read_text()
