"""Which machines and Cloud Run services are in a Mesh, and how each one's proxy is set up.

What a machine's proxy is told stands in the metadata of its template:
https://cloud.google.com/service-mesh/legacy/load-balancing-apis/auto-vms-options
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.store import Row
from meshwright_sandbox.services.machines.groups import group_of
from meshwright_sandbox.services.machines.instances import running
from meshwright_sandbox.traffic import echo, images
from meshwright_sandbox.traffic.log_lines import MachineLog

Json = dict[str, Any]
METADATA_KEY = "gce-service-proxy"
_SOFTWARE_KEY = "gce-software-declaration"
# The name of the Ops Agent's pipeline, in the configuration that a recipe's script writes.
_RECEIVER = re.compile(r"google-cloud-ops-agent.*?receivers\W+([a-z-]+)", re.DOTALL)
_PROXY_PORT = 15001
# The part of the sandbox's own range that stands for addresses of serverless instances.
_SERVERLESS_RANGE = ipaddress.IPv4Network("198.19.128.0/17")


@dataclass(frozen=True)
class Workload:
    """One machine, or one instance of a Cloud Run service, with a proxy of the Mesh ``mesh``.

    ``name`` is the resource's; calls to ``serving_ports`` pass through the proxy on their way in.
    """

    name: str
    address: str
    mesh: str
    project_number: str
    port: int
    zone: str
    environment: dict[str, str]
    proxy_port: int = _PROXY_PORT
    serving_ports: tuple[int, ...] = ()
    grpc: bool = False
    labels: dict[str, str] = field(default_factory=dict[str, str])
    log: MachineLog | None = None
    """What becomes of its proxy's access log, if anybody reads it."""

    @property
    def id(self) -> str:
        """Short, and the same each time; no two have the same."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:12]

    @property
    def region(self) -> str:
        return self.zone.rpartition("-")[0] if self.zone.count("-") > 1 else self.zone


def find_workloads(cloud: Cloud) -> dict[str, Workload]:
    """By resource name."""
    return {workload.name: workload for workload in (*_machines(cloud), *_services(cloud))}


def _machines(cloud: Cloud) -> Iterator[Workload]:
    for row in running(cloud):
        items = row.doc.get("metadata", {}).get("items", [])
        given = next((item["value"] for item in items if item["key"] == METADATA_KEY), None)
        address = next((i.get("networkIP") for i in row.doc.get("networkInterfaces", [])), None)
        settings = _parsed(given)
        if settings and address:
            yield _machine(cloud, row, settings, str(address))


def _parsed(given: str | None) -> Json:
    """What the machine's agent reads; it starts no proxy where it cannot read it."""
    try:
        settings = json.loads(given or "{}")
    except ValueError:
        return {}
    proxy = settings.get("proxy-spec") if isinstance(settings, dict) else None
    named = isinstance(proxy, dict) and proxy.get("mesh") and proxy.get("project-number")
    return settings if named else {}


def _machine(cloud: Cloud, row: Row, settings: Json, address: str) -> Workload:
    proxy = settings["proxy-spec"]
    items = row.doc.get("metadata", {}).get("items", [])
    number = str(proxy["project-number"])
    ports = [int(port) for port in settings.get("service", {}).get("serving-ports", [])]
    manager = str(row.doc.get("_manager", ""))
    group = manager.rpartition("/")[2]
    named = (cloud.store.get("compute", group_of(manager)) or {}).get("namedPorts", [])
    host = row.name.rpartition("/")[2]
    labels = row.doc.get("labels", {})
    port = ports[0] if ports else echo.PORT
    return Workload(
        name=row.name,
        address=address,
        mesh=f"projects/{cloud.projects.id(number)}/locations/global/meshes/{proxy['mesh']}",
        project_number=number,
        port=port,
        zone=row.name.split("/")[3],
        # No image says what a machine serves: its label does, else its group's name, or its own.
        environment=_environment(host, port, labels.get("version", group or host)),
        proxy_port=int(proxy.get("proxy-port", _PROXY_PORT)),
        serving_ports=tuple(ports),
        grpc=any(named_port.get("name") == "grpc" for named_port in named),
        labels=settings.get("labels", {}),
        log=_log(row, cloud.projects.id(row.name.split("/")[1]), items),
    )


def _log(row: Row, project: str, items: list[Json]) -> MachineLog | None:
    """As the Ops Agent would send the access log, where the metadata has it installed for that."""
    given = next((item["value"] for item in items if item["key"] == _SOFTWARE_KEY), "")
    receiver = _RECEIVER.search(given)
    if receiver is None:
        return None
    parts = row.name.split("/")
    return MachineLog(project, parts[3], parts[-1], str(row.doc["id"]), receiver[1])


def _services(cloud: Cloud) -> Iterator[Workload]:
    """One instance of each service whose image is one that the sandbox knows."""
    for row in cloud.store.of_type("run", "projects.locations.services"):
        template = row.doc["template"]
        mesh = template.get("serviceMesh", {}).get("mesh", "")
        app = images.app_of({"spec": {"containers": template["containers"]}})
        if not mesh or app is None:
            continue
        project = cloud.projects.id(mesh.split("/")[1])
        ports = app.get("ports") or [{}]
        port = int((ports[0] if isinstance(ports, list) else ports).get("containerPort", echo.PORT))
        tag = app["image"].partition("@")[0].rpartition(":")[2]
        environment = _environment(row.name.rpartition("/")[2], port, tag)
        given = {e["name"]: e["value"] for e in app.get("env", []) if "value" in e}
        yield Workload(
            name=row.name,
            address=_serverless_address(row.name),
            mesh=f"projects/{project}/locations/global/meshes/{mesh.rpartition('/')[2]}",
            project_number=cloud.projects.number(project),
            port=port,
            zone=row.name.split("/")[3],
            environment=environment | given,
        )


def _environment(host: str, port: int, version: str) -> dict[str, str]:
    """As Cloud Run gives it; the rest is the echo service's."""
    return {"HOSTNAME": host, "PORT": str(port), "ECHO_VERSION": version, "PATH": "/usr/bin:/bin"}


def _serverless_address(name: str) -> str:
    number = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return str(_SERVERLESS_RANGE[1 + number % (_SERVERLESS_RANGE.num_addresses - 2)])
