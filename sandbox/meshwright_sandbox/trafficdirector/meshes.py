"""What a Mesh of the service routing API is made of, read from the emulated cloud."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.services.machines.instances import instances_of
from meshwright_sandbox.trafficdirector.workloads import Workload

Json = dict[str, Any]
_SELF_MANAGED = "INTERNAL_SELF_MANAGED"
_BACKEND = re.compile(r"projects/([^/]+)/(?:locations/)?global/backendServices/([^/]+)$")
_KINDS = {"http": "httpRoutes", "grpc": "grpcRoutes", "tcp": "tcpRoutes"}


@dataclass(frozen=True)
class Endpoint:
    """Where one workload of a backend service serves."""

    address: str
    port: int
    region: str
    zone: str


@dataclass(frozen=True)
class Backend:
    """A backend service and the workloads that can serve it now."""

    name: str
    document: Json
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True)
class Mesh:
    """The routes of a Mesh, by kind and name, and the backend services that they may name."""

    routes: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    backends: dict[str, Backend] = field(default_factory=dict[str, Backend])


def find_meshes(cloud: Cloud, ready: Mapping[str, Workload]) -> dict[str, Mesh]:
    """Every Mesh by its resource name; endpoints are those of workloads that are ``ready``."""
    names = [
        row.name for row in cloud.store.of_type("networkservices", "projects.locations.meshes")
    ]
    backends = {backend.name: backend for backend in _backends(cloud, ready)} if names else {}
    routes = {kind: _routes(cloud, plural) for kind, plural in _KINDS.items()} if names else {}
    return {
        name: Mesh(
            {kind: [r for r in found if name in r["meshes"]] for kind, found in routes.items()},
            backends,
        )
        for name in names
    }


def backend_name(cloud: Cloud, link: str) -> str:
    """The resource name of the backend service that a route names."""
    match = _BACKEND.search(link)
    return (
        f"projects/{cloud.projects.id(match[1])}/global/backendServices/{match[2]}" if match else ""
    )


def _routes(cloud: Cloud, plural: str) -> list[Json]:
    """Routes with the names of their meshes and backend services in one form."""
    rows = cloud.store.of_type("networkservices", f"projects.locations.{plural}")
    return [
        row.doc
        | {
            "name": row.name,
            "meshes": [_mesh_name(cloud, mesh) for mesh in row.doc.get("meshes", [])],
            "rules": [_named(cloud, rule) for rule in row.doc["rules"]],
        }
        for row in sorted(rows, key=lambda row: row.name)
    ]


def _mesh_name(cloud: Cloud, link: str) -> str:
    parts = link.partition("projects/")[2].split("/")
    return "/".join(("projects", cloud.projects.id(parts[0]), *parts[1:]))


def _named(cloud: Cloud, value: Any) -> Any:
    if isinstance(value, list):
        return [_named(cloud, item) for item in value]
    if not isinstance(value, dict):
        return value
    named = {key: _named(cloud, item) for key, item in value.items()}
    if "serviceName" in named:
        named["serviceName"] = backend_name(cloud, named["serviceName"])
    return named


def _backends(cloud: Cloud, ready: Mapping[str, Workload]) -> Iterator[Backend]:
    for row in cloud.store.of_type("compute", "backendServices"):
        if row.doc.get("loadBalancingScheme") == _SELF_MANAGED:
            endpoints = tuple(_endpoints(cloud, row.doc, ready))
            yield Backend(row.name, row.doc, endpoints)


def _endpoints(cloud: Cloud, backend: Json, ready: Mapping[str, Workload]) -> Iterator[Endpoint]:
    for entry in backend.get("backends", []):
        if entry.get("capacityScaler") == 0:
            continue  # drained: https://cloud.google.com/load-balancing/docs/backend-service#capacity_scaler
        group = "projects/" + entry["group"].rpartition("projects/")[2]
        document = cloud.store.get("compute", group) or {}
        if "/instanceGroups/" in group:
            port = _named_port(document, backend)
            manager = group.replace("/instanceGroups/", "/instanceGroupManagers/")
            names = [row.name for row in instances_of(cloud, manager)]
        else:
            port = 0
            names = [_service(group, document)]
        for name in names:
            if name in ready:
                workload = ready[name]
                place = (workload.region, workload.zone)
                yield Endpoint(workload.address, port or workload.port, *place)


def _named_port(group: Json, backend: Json) -> int:
    """The port that the group has under the name that the backend service gives."""
    wanted = backend.get("portName", "http")
    ports = [int(p["port"]) for p in group.get("namedPorts", []) if p.get("name") == wanted]
    return ports[0] if ports else int(backend.get("port", 80))


def _service(group: str, document: Json) -> str:
    """The Cloud Run service that a serverless endpoint group stands for."""
    parts = group.split("/")
    service = document.get("cloudRun", {}).get("service", "")
    return f"projects/{parts[1]}/locations/{parts[3]}/services/{service}"
