"""All that one proxy is told: resources of each type of Envoy's discovery services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.config.endpoint.v3 import ClusterLoadAssignment
from envoy_data_plane.envoy.config.listener.v3 import Listener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration

from meshwright_sandbox.trafficdirector import clusters, listeners, routes
from meshwright_sandbox.trafficdirector.meshes import Mesh

Json = dict[str, Any]
# The library finds a type that is named in the JSON of another only once its module is loaded.
_EXTENSIONS = (
    "access_loggers.file",
    "filters.http.cors",
    "filters.http.fault",
    "filters.http.router",
    "filters.http.stateful_session",
    "filters.listener.http_inspector",
    "filters.listener.original_dst",
    "filters.network.http_connection_manager",
    "filters.network.tcp_proxy",
    "http.stateful_session.cookie",
    "upstreams.http",
)
for _extension in _EXTENSIONS:
    import_module(f"envoy_data_plane.envoy.extensions.{_extension}.v3")
_PREFIX = "type.googleapis.com/envoy.config"
CLUSTERS = f"{_PREFIX}.cluster.v3.Cluster"
ENDPOINTS = f"{_PREFIX}.endpoint.v3.ClusterLoadAssignment"
LISTENERS = f"{_PREFIX}.listener.v3.Listener"
ROUTES = f"{_PREFIX}.route.v3.RouteConfiguration"
_MESSAGES = {
    CLUSTERS: Cluster,
    ENDPOINTS: ClusterLoadAssignment,
    LISTENERS: Listener,
    ROUTES: RouteConfiguration,
}
# Written forms by type and name.
Resources = dict[str, dict[str, bytes]]


@dataclass(frozen=True)
class Proxy:
    """What a proxy said of itself that its listeners follow."""

    port: int
    serving_ports: tuple[int, ...]
    access_log: str
    region: str = ""

    @classmethod
    def of(cls, metadata: Mapping[str, str], region: str = "") -> Proxy:
        """https://cloud.google.com/service-mesh/legacy/load-balancing-apis/per-proxy-config"""
        ports = metadata.get("TRAFFICDIRECTOR_INBOUND_BACKEND_PORTS", "")
        return cls(
            int(metadata.get("TRAFFICDIRECTOR_INTERCEPTION_PORT", 15001)),
            tuple(int(port) for port in ports.split(",") if port),
            metadata.get("TRAFFICDIRECTOR_ACCESS_LOG_PATH", ""),
            region,
        )


def shared(mesh: Mesh) -> Resources:
    """What every proxy of the Mesh is told."""
    backends = mesh.backends.values()
    return {
        CLUSTERS: _written(CLUSTERS, [*map(clusters.cluster, backends), clusters.passthrough()]),
        ROUTES: _written(ROUTES, [routes.route_table(mesh)]),
    }


def own(mesh: Mesh, proxy: Proxy) -> Resources:
    """What only this proxy is told, for its ports are its own, and what is near it."""
    ports = proxy.serving_ports
    listening = [listeners.outbound(mesh, proxy.port, proxy.access_log)]
    if ports:
        listening.append(listeners.inbound(ports, proxy.access_log))
    local = [clusters.inbound(port, grpc=grpc) for port in ports for grpc in (False, True)]
    near = [clusters.load_assignment(b, proxy.region) for b in mesh.backends.values()]
    return {
        LISTENERS: _written(LISTENERS, listening),
        CLUSTERS: _written(CLUSTERS, local),
        ENDPOINTS: _written(ENDPOINTS, near, key="clusterName"),
    }


def _written(kind: str, resources: Any, key: str = "name") -> dict[str, bytes]:
    message = _cluster if kind == CLUSTERS else _MESSAGES[kind].from_dict
    return {resource[key]: bytes(message(resource)) for resource in resources}


def _cluster(resource: Json) -> Cluster:
    """The library does not find fields with a digit in their names by these."""
    outliers = dict(resource.get("outlierDetection", {}))
    odd = {name: outliers.pop(name) for name in tuple(outliers) if "5xx" in name}
    made = Cluster.from_dict(resource | ({"outlierDetection": outliers} if outliers or odd else {}))
    for name, value in odd.items():
        setattr(made.outlier_detection, name, value)
    return made
