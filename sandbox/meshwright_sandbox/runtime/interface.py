"""What the emulated GKE API asks of whatever runs the clusters.

The emulator decides what exists; a :class:`ClusterRuntime` makes it run. Two runtimes implement
the protocol: ``LocalRuntime`` (real API servers with simulated nodes, real istiod) and
``NullRuntime`` (no processes, for tests of the API surface).

Every method may be called from any thread, and several clusters may be started side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class RuntimeFailure(Exception):
    """A cluster or mesh could not be run; the text says what failed, where, and how to mend it."""


@dataclass(frozen=True)
class Taint:
    """One node taint; ``effect`` is NoSchedule, PreferNoSchedule or NoExecute."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True)
class NodePool:
    """The nodes of one pool.

    ``count`` is the number of nodes in the whole pool (all zones), ``labels`` and ``taints`` are
    the user's own; the labels that GKE sets on every node are added by the runtime.
    ``zones`` are the zones the nodes are spread over; empty means the cluster's location.
    """

    name: str
    count: int
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    taints: tuple[Taint, ...] = ()
    machine_type: str = "e2-standard-4"
    zones: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterRequest:
    """A cluster to run. ``location`` is a region or a zone, the ranges are CIDRs,
    ``version`` is the GKE version string, ``gateway_api`` asks for the Gateway API's CRDs.
    """

    project: str
    project_number: int
    location: str
    name: str
    version: str
    pod_range: str
    service_range: str
    autopilot: bool
    node_pools: tuple[NodePool, ...] = ()
    gateway_api: bool = False

    @property
    def issuer(self) -> str:
        """The issuer of its service accounts' tokens."""
        return issuer_of(f"projects/{self.project}/locations/{self.location}/clusters/{self.name}")


def issuer_of(cluster: str) -> str:
    """The issuer of the service accounts' tokens of a cluster, by its resource name."""
    return f"https://container.googleapis.com/v1/{cluster}"


@dataclass(frozen=True)
class ClusterAccess:
    """How to reach a running cluster.

    ``endpoint`` is a host or ``host:port`` such that ``https://{endpoint}`` works on this machine,
    ``ca_certificate`` the PEM its certificate verifies against, ``private_endpoint`` the address
    inside the sandbox's network, ``token`` a bearer token with cluster-admin rights,
    ``signing_keys`` the JSON Web Keys that its service accounts' tokens verify against.
    """

    endpoint: str
    ca_certificate: str
    private_endpoint: str
    token: str
    signing_keys: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class MeshRequest:
    """A mesh control plane. ``mesh_id`` is ``proj-<fleet project number>``, ``revision`` one of
    ``asm-managed``, ``asm-managed-rapid``, ``asm-managed-stable``, ``channel`` the release channel
    (``regular``, ``rapid``, ``stable``), ``trust_domain`` is ``<project>.svc.id.goog``.
    """

    mesh_id: str
    project_number: int
    revision: str
    channel: str
    trust_domain: str


@dataclass(frozen=True)
class LoadBalancer:
    """What a controller of a cluster has Google Cloud make for one object.

    ``kind`` is ``service`` or ``gateway``, ``owner`` the object's uid, ``name`` its
    ``namespace/name``; ``scheme`` is the load balancing scheme, and ``is_global`` tells a global
    load balancer from a regional one.
    """

    project: str
    location: str
    cluster: str
    kind: str
    owner: str
    name: str
    address: str
    ports: tuple[int, ...]
    scheme: str = "EXTERNAL"
    is_global: bool = False


class LoadBalancing(Protocol):
    """The compute API, as controllers of clusters use it. All methods are idempotent."""

    def publish(self, balancer: LoadBalancer) -> None:
        """Bring about the load balancer's resources."""
        ...

    def withdraw(self, project: str, location: str, cluster: str, owner: str) -> None:
        """Remove all that was made for one object."""
        ...

    def keep_only(
        self, project: str, location: str, cluster: str, kind: str, owners: set[str]
    ) -> None:
        """Remove what was made for objects of ``kind`` that are gone."""
        ...


class NoLoadBalancing:
    """For a runtime on its own, without an emulated cloud."""

    def publish(self, balancer: LoadBalancer) -> None:
        return None

    def withdraw(self, project: str, location: str, cluster: str, owner: str) -> None:
        return None

    def keep_only(
        self, project: str, location: str, cluster: str, kind: str, owners: set[str]
    ) -> None:
        return None


@dataclass(frozen=True)
class FleetRole:
    """What a cluster's fleet brings into it: ``fleet`` is the fleet's project, ``services`` whether
    it has multi-cluster Services, ``config_cluster`` whether the Gateways across clusters are read
    from this cluster.
    """

    fleet: str
    services: bool = False
    config_cluster: bool = False


class ClusterRuntime(Protocol):
    """Runs clusters and their meshes. All methods block and are idempotent."""

    def start(self, request: ClusterRequest) -> ClusterAccess:
        """Start the cluster, or adopt it if it runs; return once its API server is ready.

        Raises :class:`RuntimeFailure` when it cannot be run.
        """
        ...

    def stop(self, project: str, location: str, name: str) -> None:
        """End the cluster's processes and forget its data; nothing happens if there is none."""
        ...

    def set_node_pools(
        self, project: str, location: str, name: str, pools: tuple[NodePool, ...]
    ) -> None:
        """Make the cluster's nodes those of ``pools``: missing ones are added, others removed."""
        ...

    def start_mesh(self, project: str, location: str, name: str, mesh: MeshRequest) -> None:
        """Run the mesh's control plane for the cluster; return once injection answers and the
        ControlPlaneRevision is Reconciled.
        """
        ...

    def stop_mesh(self, project: str, location: str, name: str) -> None:
        """End the cluster's control plane and remove its webhooks; Istio's CRDs stay."""
        ...

    def set_fleet_role(
        self, project: str, location: str, name: str, role: FleetRole | None
    ) -> None:
        """Make the cluster what its fleet's features say; None: it is in no fleet. Nothing happens
        if there is no such cluster.
        """
        ...

    def resume(self) -> None:
        """Adopt or restart what ran before; raises :class:`RuntimeFailure` naming what failed."""
        ...

    def close(self) -> None:
        """The emulator ends: stop watching. What runs keeps running."""
        ...

    def use_load_balancing(self, load_balancing: LoadBalancing) -> None:
        """Tell where the controllers of clusters make load balancers; called once, before any
        cluster starts.
        """
        ...
