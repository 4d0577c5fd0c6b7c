"""What stands on a cluster's record: its processes, its mesh, its istiods, and ways into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshwright_sandbox.runtime import kube
from meshwright_sandbox.runtime.api import Api
from meshwright_sandbox.runtime.certificates import CertificateAuthority
from meshwright_sandbox.runtime.clusters import Cluster
from meshwright_sandbox.runtime.definitions import Definitions
from meshwright_sandbox.runtime.interface import ClusterAccess
from meshwright_sandbox.runtime.istiod import Istiods
from meshwright_sandbox.runtime.mesh import Mesh
from meshwright_sandbox.runtime.networking import Networking
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.runtime.records import ClusterRecord, Records
from meshwright_sandbox.runtime.store import Store


@dataclass(frozen=True)
class ClusterParts:
    """Makes each of them from a record, with what all clusters of a runtime share.

    They keep nothing: what they know is in the record, in its folder and in the process table.
    """

    tools: Path
    token: str
    records: Records
    processes: ProcessTable
    authority: CertificateAuthority
    networking: Networking

    def cluster(self, record: ClusterRecord) -> Cluster:
        """The processes of the cluster itself."""
        return Cluster(
            record,
            self.records.folder(record.id),
            tools=self.tools,
            token=self.token,
            network=lambda: self.networking.network,
            processes=self.processes,
        )

    def mesh(self, record: ClusterRecord) -> Mesh:
        """The mesh on it."""
        return Mesh(
            record,
            self.records.folder(record.id),
            tools=self.tools,
            kubectl=self.kubectl(record),
            definitions=self.definitions(record),
            authority=self.authority,
            network=self.networking.network,
            istiods=self.istiods(record),
        )

    def istiods(self, record: ClusterRecord) -> Istiods:
        """Its control planes of Istio."""
        return Istiods(
            f"cluster/{record.id}",
            self.records.folder(record.id) / "istiods",
            tools=self.tools,
            kubeconfig=self.inner_kubeconfig(record),
            authority=self.authority,
            network=self.networking.network,
            processes=self.processes,
        )

    def definitions(self, record: ClusterRecord) -> Definitions:
        """What installs kinds of objects on it."""
        store = Store(self.networking.network, record.ports.etcd)
        return Definitions(self.kubectl(record), self.connect(record), store, self.tools)

    def access(self, record: ClusterRecord) -> ClusterAccess:
        """What a client has to know of it."""
        return ClusterAccess(
            endpoint=record.endpoint,
            ca_certificate=self.cluster(record).ca_certificate,
            private_endpoint=record.private_address,
            token=self.token,
        )

    def connect(self, record: ClusterRecord) -> Api:
        """A way to its API server, as its administrator."""
        access = self.access(record)
        return Api(access.endpoint, access.ca_certificate, access.token)

    def kubectl(self, record: ClusterRecord) -> kube.Kubectl:
        """kubectl, as its administrator."""
        return kube.Kubectl(self.tools, self.kubeconfig(record))

    def kubeconfig(self, record: ClusterRecord) -> Path:
        """A kubeconfig of its administrator that works on this machine."""
        return self.records.folder(record.id) / "kubeconfig"

    def inner_kubeconfig(self, record: ClusterRecord) -> Path:
        """A kubeconfig of its administrator that works inside the network."""
        return self.cluster(record).admin_kubeconfig
