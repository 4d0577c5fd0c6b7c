"""What is known about each running cluster, kept in ``HOME/clusters/<id>/cluster.json``.

Together with the process table it is all a later emulator needs to adopt or restart a cluster.
"""

from __future__ import annotations

import hashlib
import itertools
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from meshwright_sandbox.runtime.interface import ClusterRequest, FleetRole, MeshRequest
from meshwright_sandbox.runtime.private_files import write_private

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MANAGED = "istiod-managed"
"""The managed control plane's name among the istiods of its cluster."""
_FIRST_PORT = 21000
_PORTS_PER_CLUSTER = 10


@dataclass(frozen=True)
class Ports:
    """The ports of one cluster's processes; distinct, since clusters share a network."""

    api_server: int
    etcd: int
    etcd_peer: int
    controller_manager: int
    scheduler: int
    kwok: int

    @classmethod
    def of_slot(cls, slot: int, base: int = _FIRST_PORT) -> Ports:
        """The ports of the cluster in ``slot``."""
        first = base + slot * _PORTS_PER_CLUSTER
        return cls(*range(first, first + 6))


@dataclass(frozen=True)
class ClusterRecord:
    """One cluster: what was asked for, and where it runs.

    ``slot`` numbers the clusters of a sandbox and decides ports and addresses; ``host`` and
    ``port`` are where this machine reaches the API server; ``part`` tells it from those that share
    its pod range.
    """

    request: ClusterRequest
    slot: int
    host: str
    port: int
    ports: Ports
    mesh: MeshRequest | None = None
    fleet: FleetRole | None = None
    part: int = 0

    @property
    def id(self) -> str:
        return cluster_id(self.request.project, self.request.location, self.request.name)

    @property
    def endpoint(self) -> str:
        """The endpoint as GKE shows it: a bare address where the port is 443."""
        return self.host if self.port == 443 else f"{self.host}:{self.port}"

    @property
    def private_address(self) -> str:
        """The API server's address inside the sandbox's network."""
        return f"198.18.{self.slot}.2"

    def with_mesh(self, mesh: MeshRequest | None) -> ClusterRecord:
        return replace(self, mesh=mesh)


def cluster_id(project: str, location: str, name: str) -> str:
    """A short name for a cluster's folder and processes, unique over projects and locations."""
    digest = hashlib.sha256(f"{project}/{location}/{name}".encode()).hexdigest()[:8]
    return f"{name}-{digest}"


@cache
def _adapter() -> TypeAdapter[ClusterRecord]:
    # A quarter of a second, which a command on a sandbox without clusters need not take.
    from pydantic import TypeAdapter

    return TypeAdapter(ClusterRecord)


class Records:
    """The clusters of a sandbox on disk."""

    def __init__(self, home: Path) -> None:
        self._directory = home / "clusters"
        self.lock = threading.RLock()

    def folder(self, identifier: str) -> Path:
        """Where the cluster keeps its data."""
        return self._directory / identifier

    def get(self, identifier: str) -> ClusterRecord | None:
        try:
            return _adapter().validate_json((self.folder(identifier) / "cluster.json").read_text())
        except (OSError, ValueError):  # no such file, or not one of a record
            return None

    def all(self) -> list[ClusterRecord]:
        return sorted(self._read_all(), key=lambda record: record.slot)

    def fleet_of(self, identifier: str) -> list[ClusterRecord]:
        """Every cluster of that cluster's fleet, once it has multi-cluster Services."""
        records = [r for r in self.all() if r.fleet is not None and r.fleet.services]
        fleets = {r.id: r.fleet.fleet for r in records if r.fleet is not None}
        return [r for r in records if fleets[r.id] == fleets.get(identifier)]

    def put(self, record: ClusterRecord) -> None:
        file = self.folder(record.id) / "cluster.json"
        write_private(file, _adapter().dump_json(record, indent=1).decode())

    def remove(self, identifier: str) -> None:
        shutil.rmtree(self.folder(identifier), ignore_errors=True)

    def free_slot(self) -> int:
        """The smallest slot that no cluster has; call it with :attr:`lock` held."""
        taken = {record.slot for record in self._read_all()}
        return next(slot for slot in range(1, 255) if slot not in taken)

    def free_part(self, pod_range: str) -> int:
        """The smallest part of a pod range that no cluster has; with :attr:`lock` held too."""
        taken = {r.part for r in self._read_all() if r.request.pod_range == pod_range}
        return next(part for part in itertools.count() if part not in taken)

    def _read_all(self) -> Iterator[ClusterRecord]:
        for file in self._directory.glob("*/cluster.json"):
            record = self.get(file.parent.name)
            if record is not None:
                yield record
