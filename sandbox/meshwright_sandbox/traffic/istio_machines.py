"""Machines of Istio meshes: pilot-agent and Envoy as Istio's package for machines starts them.

What a machine's start script does on Compute Engine is done here in its place: by what stands in
the metadata it asks the cluster, in the name of the machine's Google account, for its token and
the mesh's root, and writes the files that pilot-agent reads. The machine then registers itself in
its WorkloadGroup. https://istio.io/latest/docs/setup/install/virtual-machine/
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.runtime.api import Api
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.records import ClusterRecord
from meshwright_sandbox.services.machines.instances import running
from meshwright_sandbox.traffic import proxies
from meshwright_sandbox.traffic.machines import (
    APP,
    NETWORK,
    PROXY,
    Machines,
    Place,
    app_command,
    app_probe,
)
from meshwright_sandbox.traffic.pod_network import Capture, open_pod_network
from meshwright_sandbox.traffic.pod_processes import Programs
from meshwright_sandbox.traffic.waiting import wait_until_it_answers

Json = dict[str, Any]
_KEY = "istio-cluster-env"
_NEEDED = (
    _KEY, "istio-cluster-endpoint", "istio-mesh", "istio-namespace", "istio-service-account",
    "istio-token-request",
)  # fmt: skip
_SETTINGS = (
    "ISTIO_INBOUND_PORTS", "ISTIO_META_POD_PORTS", "ISTIO_METAJSON_LABELS", "ISTIO_NAMESPACE",
    "ISTIO_SERVICE",
)  # fmt: skip

_READY = "http://127.0.0.1:15021/healthz/ready"


@dataclass(frozen=True)
class IstioMachine:
    """A machine of Compute Engine that joins an Istio mesh by its ``metadata``.

    ``account`` is the e-mail of the Google account that it runs as.
    """

    name: str
    address: str
    account: str
    version: str
    metadata: tuple[tuple[str, str], ...]

    @property
    def id(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()[:12]

    @property
    def endpoint(self) -> str:
        """Where the machine reaches its cluster's API server."""
        return dict(self.metadata)["istio-cluster-endpoint"].removeprefix("https://")


def machine_of(name: str, instance: Json, group: str) -> IstioMachine | None:
    """The machine of an instance as the API shows it, if it joins an Istio mesh.

    Its version is what it tells the mesh, else the name of its group.
    """
    items = instance.get("metadata", {}).get("items", [])
    metadata = {str(item["key"]): str(item.get("value", "")) for item in items}
    addresses = [i["networkIP"] for i in instance.get("networkInterfaces", []) if "networkIP" in i]
    accounts = [account["email"] for account in instance.get("serviceAccounts", [])]
    if not all(key in metadata for key in _NEEDED) or not addresses or not accounts:
        return None
    try:
        settings = _settings(metadata)
        told = json.loads(settings["ISTIO_METAJSON_LABELS"])
    except (KeyError, ValueError):  # what pilot-agent cannot read either
        return None
    version = told.get("version", group)
    return IstioMachine(name, addresses[0], accounts[0], version, tuple(sorted(metadata.items())))


def find_machines(cloud: Cloud) -> Iterator[IstioMachine]:
    """Those of the emulated Compute Engine."""
    for row in running(cloud):
        group = str(row.doc.get("_manager", "")).rpartition("/")[2]
        machine = machine_of(row.name, row.doc, group or row.doc["name"])
        if machine is not None:
            yield machine


def machines_of_cluster(
    record: ClusterRecord, place: Place, programs: Programs, connect: Callable[[], Api]
) -> Machines[IstioMachine]:
    """What runs the machines of one cluster's mesh."""
    run = partial(_run, programs=programs, connect=connect, services=record.request.service_range)
    return Machines(place, run)


def _run(
    machine: IstioMachine,
    place: Place,
    *,
    programs: Programs,
    connect: Callable[[], Api],
    services: str,
) -> None:
    """Start its processes, and return once they answer: istiod has told the proxy by then."""
    settings = _settings(dict(machine.metadata))
    _write_files(connect().as_user(machine.account), machine, place)
    environment = _environment(connect(), machine, settings, place, programs)
    (port,) = json.loads(settings["ISTIO_META_POD_PORTS"])
    network = open_pod_network(
        place.network,
        place.processes,
        place.name(NETWORK),
        device=f"vm-{machine.id[:8]}",
        address=machine.address,
        captured=[services],
        capture=Capture(ports=[int(p) for p in settings["ISTIO_INBOUND_PORTS"].split(",")]),
    )
    number, grpc = int(port["containerPort"]), port["name"] == "grpc"
    place.processes.spawn(
        place.name(APP),
        network.command(app_command(grpc=grpc)),
        environment={
            "HOSTNAME": _host(machine),
            "PORT": str(number),
            "ECHO_VERSION": machine.version,
            "PATH": "/usr/bin:/bin",
        },
    )
    place.processes.spawn(
        place.name(PROXY),
        network.command([str(programs.pilot_agent), "proxy"]),
        environment=environment,
        directory=place.folder,
    )
    wait_until_it_answers(network, _READY, app_probe(number, grpc=grpc))


def _write_files(api: Api, machine: IstioMachine, place: Place) -> None:
    """What the start script writes; ``api`` gives the machine's account what that may have."""
    metadata = dict(machine.metadata)
    namespace = f"/api/v1/namespaces/{metadata['istio-namespace']}"
    root = api.get(f"{namespace}/configmaps/istio-ca-root-cert")["data"]["root-cert.pem"]
    account = f"{namespace}/serviceaccounts/{metadata['istio-service-account']}"
    asked = json.loads(metadata["istio-token-request"])
    token = api.create(f"{account}/token", asked)["status"]["token"]
    for file, text in {
        "etc/certs/root-cert.pem": root,
        "var/run/secrets/tokens/istio-token": token,
        "etc/istio/config/mesh": metadata["istio-mesh"],
    }.items():
        write_private(place.folder / file, text)
    (place.folder / "etc/istio/proxy").mkdir(parents=True, exist_ok=True)


def _environment(
    api: Api, machine: IstioMachine, settings: dict[str, str], place: Place, programs: Programs
) -> dict[str, str]:
    """As `istio-start.sh` sets it; istiod is dialled by its address, since there is no DNS."""
    mesh = json.loads(dict(machine.metadata)["istio-mesh"])["defaultConfig"]
    host = str(mesh["discoveryAddress"]).partition(".")[0]
    istiod = proxies.istiod_of_revision(api, host.removeprefix("istiod").lstrip("-") or "default")
    if not istiod:
        raise RuntimeFailure(f"no control plane of its revision serves it: {host} is not there")
    config = proxies.config(
        istiod, proxies.write_launcher(place.folder, programs.envoy), programs.bootstrap
    )
    return settings | {
        "INSTANCE_IP": machine.address,
        "POD_NAME": _host(machine),
        "POD_NAMESPACE": settings["ISTIO_NAMESPACE"],
        "PROV_CERT": "./etc/certs",
        "OUTPUT_CERTS": "./etc/certs",
        "PROXY_CONFIG": json.dumps({"serviceCluster": settings["ISTIO_SERVICE"], **config}),
        "CA_ADDR": config["discoveryAddress"],
        "HOME": str(place.folder),
        "PATH": "/usr/bin:/bin",
    }


def _settings(metadata: dict[str, str]) -> dict[str, str]:
    """The variables of `cluster.env`, which a shell reads; KeyError where one is missing."""
    lines = (shlex.split(line) for line in metadata[_KEY].splitlines())
    parts = (words[0].partition("=") for words in lines if words)
    found = {name: value for name, _, value in parts}
    return found | {name: found[name] for name in _SETTINGS}


def _host(machine: IstioMachine) -> str:
    return machine.name.rpartition("/")[2]
