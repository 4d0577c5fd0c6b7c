"""The real runtime: clusters and meshes as processes of this machine."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime import gateway_api, gke_crds, kube, nodes, storage_classes
from meshwright_sandbox.runtime.api import Api, ApiError
from meshwright_sandbox.runtime.certificates import CertificateAuthority
from meshwright_sandbox.runtime.cluster_parts import ClusterParts
from meshwright_sandbox.runtime.controllers import Controllers
from meshwright_sandbox.runtime.controllers.multicluster_mode import (
    EndpointDiscovery,
    MeshCluster,
)
from meshwright_sandbox.runtime.controllers.service_exports import FleetServices
from meshwright_sandbox.runtime.endpoints import access_token, choose_endpoint, choose_ports
from meshwright_sandbox.runtime.forwarding import Forwards
from meshwright_sandbox.runtime.interface import (
    ClusterAccess,
    ClusterRequest,
    FleetRole,
    LoadBalancing,
    MeshRequest,
    NodePool,
    NoLoadBalancing,
    RuntimeFailure,
)
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.networking import Networking
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.runtime.records import ClusterRecord, Records, cluster_id


class LocalRuntime:
    """Runs clusters below ``home`` with the programs in ``tools``.

    Nothing is started before it is needed. Processes outlive this object on purpose: an emulator
    that is started again calls :meth:`resume` and has them back; :meth:`shutdown` ends them.
    """

    def __init__(self, home: Path, tools: Path) -> None:
        self.home = home.resolve()
        self.processes = ProcessTable(self.home)
        self.records = Records(self.home)
        self.authority = CertificateAuthority.open(self.home / "ca")
        self.tools = tools.resolve()
        self._networking = Networking(self.home, self.processes)
        self._parts = ClusterParts(
            tools=self.tools,
            token=access_token(self.home),
            records=self.records,
            processes=self.processes,
            authority=self.authority,
            networking=self._networking,
        )
        self._locks: dict[str, threading.RLock] = {}
        self._controllers: dict[str, Controllers] = {}
        self._load_balancing: LoadBalancing = NoLoadBalancing()
        self._fleet_services = FleetServices(self._fleet_of)
        self._discovery = EndpointDiscovery(self._mesh_clusters)

    def start(self, request: ClusterRequest) -> ClusterAccess:
        identifier = cluster_id(request.project, request.location, request.name)
        with self._holding(identifier):
            record = self._allocate(request)
            access = self._run(record)
            api = self.connect(record)
            nodes.set_nodes(api, record, nodes.pools_of(request))
            storage_classes.install(api)
            definitions = self._parts.definitions(record)
            if request.gateway_api:
                gateway_api.install(self._parts.kubectl(record), definitions, self.tools)
            definitions.install(gke_crds.manifests(gke_crds.kinds_of(request)))
            return replace(access, signing_keys=api.signing_keys())

    def stop(self, project: str, location: str, name: str) -> None:
        identifier = cluster_id(project, location, name)
        with self._holding(identifier):
            self._end(identifier)
            self.records.remove(identifier)
            self._write_kubeconfig()

    def set_node_pools(
        self, project: str, location: str, name: str, pools: tuple[NodePool, ...]
    ) -> None:
        with self._known(project, location, name) as record:
            record = replace(record, request=replace(record.request, node_pools=pools))
            self.records.put(record)
            nodes.set_nodes(self.connect(record), record, pools)

    def start_mesh(self, project: str, location: str, name: str, mesh: MeshRequest) -> None:
        with self._known(project, location, name) as record:
            record = record.with_mesh(mesh)
            self.records.put(record)
            self._parts.mesh(record).start(mesh)
            self._discovery.sync()

    def stop_mesh(self, project: str, location: str, name: str) -> None:
        with self._holding(cluster_id(project, location, name)):
            record = self.records.get(cluster_id(project, location, name))
            if record is not None and record.mesh is not None:
                self._parts.mesh(record).stop()
                self.records.put(record.with_mesh(None))
                self._discovery.sync()

    def use_load_balancing(self, load_balancing: LoadBalancing) -> None:
        self._load_balancing = load_balancing

    def set_fleet_role(
        self, project: str, location: str, name: str, role: FleetRole | None
    ) -> None:
        with self._holding(cluster_id(project, location, name)):
            record = self.records.get(cluster_id(project, location, name))
            if record is None or record.fleet == role:
                return
            if role is not None and role.services:
                self._parts.definitions(record).install(gke_crds.manifests(gke_crds.FLEET_SERVICES))
            if role is not None and role.config_cluster and record.request.gateway_api:
                gateway_api.install_multi_cluster(self._parts.kubectl(record))
            self.records.put(replace(record, fleet=role))
            self._fleet_services.arrive(record.id)

    def _fleet_of(self, identifier: str) -> dict[str, Callable[[], Api]]:
        """Ways into every cluster of a cluster's fleet, once it has multi-cluster Services."""
        return {r.id: partial(self.connect, r) for r in self.records.fleet_of(identifier)}

    def _mesh_clusters(self) -> list[MeshCluster]:
        """Every cluster that has the managed mesh."""
        return [
            MeshCluster(
                id=record.id,
                mesh=record.mesh.mesh_id,
                name=self._parts.mesh(record).cluster_name,
                address=record.endpoint,
                ca_certificate=self._parts.cluster(record).ca_certificate,
                token=self._parts.token,
                connect=partial(self.connect, record),
            )
            for record in self.records.all()
            if record.mesh is not None
        ]

    def resume(self) -> None:
        """Adopt or restart every cluster on record, side by side.

        Raises :class:`RuntimeFailure` naming each one that could not be run.
        """
        records = self.records.all()
        with ThreadPoolExecutor(max(len(records), 1)) as pool:
            outcomes = [(r, pool.submit(self._resume, r)) for r in records]
        failures = [f"{r.request.name}: {o.exception()}" for r, o in outcomes if o.exception()]
        if failures:
            raise RuntimeFailure("; ".join(failures))

    def close(self) -> None:
        """Stop watching; the clusters keep running."""
        for controllers in list(self._controllers.values()):
            controllers.stop()
        self._controllers.clear()

    def shutdown(self) -> None:
        """End every process of the runtime, keep all data."""
        self.close()
        records = self.records.all()
        with ThreadPoolExecutor(max(len(records), 1)) as pool:
            list(pool.map(lambda record: self._parts.cluster(record).stop(), records))
        self._networking.shutdown()

    @property
    def network(self) -> Network:
        """The sandbox's network, made at the first use."""
        return self._networking.network

    @property
    def forwards(self) -> Forwards:
        """What leads from this machine into the network."""
        return self._networking.forwards

    def connect(self, record: ClusterRecord) -> Api:
        """A way to a cluster's API server, as its administrator."""
        return self._parts.connect(record)

    def kubeconfig(self, record: ClusterRecord) -> Path:
        """A kubeconfig of a cluster's administrator that works on this machine."""
        return self._parts.kubeconfig(record)

    def inner_kubeconfig(self, record: ClusterRecord) -> Path:
        """A kubeconfig of a cluster's administrator that works inside the network."""
        return self._parts.inner_kubeconfig(record)

    def _resume(self, record: ClusterRecord) -> None:
        """Run again what has its data; a start that was cut off is the emulator's to repeat."""
        with self._holding(record.id):
            self._run(record)
            if record.mesh is not None:
                self._parts.mesh(record).resume(record.mesh)

    def _run(self, record: ClusterRecord) -> ClusterAccess:
        """The cluster's processes, the way to them, and the controllers."""
        self._parts.cluster(record).start()
        self._open_endpoint(record)
        access = self._parts.access(record)
        kube.write_admin_kubeconfig(self._parts.kubeconfig(record), access)
        self._control(record)
        self._write_kubeconfig()
        return access

    def _end(self, identifier: str) -> None:
        controllers = self._controllers.pop(identifier, None)
        if controllers is not None:
            controllers.stop()
        if (record := self.records.get(identifier)) is not None:
            self._parts.cluster(record).stop()
            self.forwards.remove(record.host, record.port)
            self.forwards.remove(record.private_address, 443)

    def _allocate(self, request: ClusterRequest) -> ClusterRecord:
        with self.records.lock:
            known = self.records.get(cluster_id(request.project, request.location, request.name))
            if known is not None:
                record = replace(known, request=request)
            else:
                slot = self.records.free_slot()
                host, port = choose_endpoint(self.home, slot, {r.port for r in self.records.all()})
                ports = choose_ports(slot, shared=self.network.kind == "host")
                part = self.records.free_part(request.pod_range)
                record = ClusterRecord(request, slot, host, port, ports, part=part)
            self.records.put(record)
            return record

    def _open_endpoint(self, record: ClusterRecord) -> None:
        port = record.ports.api_server
        self.forwards.add(record.host, record.port, "127.0.0.1", port)
        if self.network.kind != "host":
            # Other clusters' control planes look for it at its private endpoint, or as we do.
            self.forwards.add_inside(record.private_address, 443, port)
            self.forwards.add_inside(record.host, record.port, port)

    def _control(self, record: ClusterRecord) -> None:
        if record.id not in self._controllers:
            connect, istiods = partial(self.connect, record), self._parts.istiods(record)
            balancing = self._load_balancing
            controllers = Controllers(record, connect, self.authority, istiods, balancing)
            controllers.add_fleet(self._fleet_services, self._discovery)
            controllers.start()
            self._controllers[record.id] = controllers

    def _write_kubeconfig(self) -> None:
        with self.records.lock:
            running = [(r, self._parts.cluster(r)) for r in self.records.all()]
            ready = [(r, c.ca_certificate) for r, c in running if c.ca_file.exists()]
            kube.write_user_kubeconfig(self.home / "kubeconfig", ready)

    @contextmanager
    def _holding(self, identifier: str) -> Iterator[None]:
        """One thread at a time per cluster; whatever fails is told in the interface's terms."""
        with self.records.lock:
            lock = self._locks.setdefault(identifier, threading.RLock())
        try:
            with lock:
                yield
        except (ApiError, HTTPError, OSError, subprocess.SubprocessError) as error:
            raise RuntimeFailure(f"cluster {identifier}: {error}") from error

    @contextmanager
    def _known(self, project: str, location: str, name: str) -> Iterator[ClusterRecord]:
        identifier = cluster_id(project, location, name)
        with self._holding(identifier):
            record = self.records.get(identifier)
            if record is None:
                raise RuntimeFailure(f"cluster {name} ({location}) of project {project} is not run")
            yield record
