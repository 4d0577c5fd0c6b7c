"""Google's controllers, played for one cluster: what GKE does where kwok does nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from meshwright_sandbox.runtime.api import Api
from meshwright_sandbox.runtime.certificates import CertificateAuthority
from meshwright_sandbox.runtime.controllers.certificates import CertificateSource
from meshwright_sandbox.runtime.controllers.gateways import GatewayClasses, GatewayController
from meshwright_sandbox.runtime.controllers.istiods import IstiodHost, IstiodPods
from meshwright_sandbox.runtime.controllers.load_balancer import AddressPool, LoadBalancers
from meshwright_sandbox.runtime.controllers.multicluster_mode import (
    EndpointDiscovery,
    MulticlusterMode,
)
from meshwright_sandbox.runtime.controllers.network_resources import (
    GatewayResources,
    ServiceResources,
)
from meshwright_sandbox.runtime.controllers.routes import RouteController
from meshwright_sandbox.runtime.controllers.service_exports import (
    FleetServices,
    ImportingNamespaces,
    ServiceExports,
)
from meshwright_sandbox.runtime.controllers.volumes import VolumeClaims, Volumes
from meshwright_sandbox.runtime.controllers.watching import Controller, Watcher
from meshwright_sandbox.runtime.interface import LoadBalancing
from meshwright_sandbox.runtime.pod_range import control_plane_addresses
from meshwright_sandbox.runtime.records import ClusterRecord

# What one object may take, at most; a controller that hangs does not hold the sandbox's end back.
_SETTLE_SECONDS = 5.0


class Controllers:
    """The controllers of one cluster; each watches one kind of object in a thread of its own."""

    def __init__(
        self,
        record: ClusterRecord,
        connect: Callable[[], Api],
        authority: CertificateAuthority,
        istiods: IstiodHost,
        load_balancing: LoadBalancing,
    ) -> None:
        self._stopped = threading.Event()
        self._cluster, self._connect = record.id, connect
        addresses = AddressPool(record)
        for_istiods = partial(control_plane_addresses, record.request.pod_range, record.part)
        controllers = [
            LoadBalancers(addresses),
            GatewayClasses(),
            GatewayController(addresses),
            RouteController(),
            ServiceResources(record, load_balancing),
            GatewayResources(record, load_balancing),
            CertificateSource(authority),
            VolumeClaims(record),
            Volumes(),
            IstiodPods(istiods, for_istiods),
        ]
        self._watchers = [Watcher(record.id, c, connect, self._stopped) for c in controllers]

    def add_fleet(self, services: FleetServices, discovery: EndpointDiscovery) -> None:
        """Play what spans clusters too: multi-cluster Services, and the mesh's discovery.

        It is called before `start`.
        """
        added: list[Controller] = [
            ServiceExports(self._cluster, services),
            ImportingNamespaces(self._cluster, services),
            MulticlusterMode(self._cluster, discovery),
        ]
        self._watchers += [Watcher(self._cluster, c, self._connect, self._stopped) for c in added]

    def start(self) -> None:
        for watcher in self._watchers:
            watcher.start()

    def stop(self) -> None:
        """Stop all: afterwards none starts anything more.

        A thread that waits for the API server ends at its next answer.
        """
        self._stopped.set()
        for watcher in self._watchers:
            watcher.settle(_SETTLE_SECONDS)
