"""Runs the workloads of meshes: the echo service beside an Envoy that the sandbox configures."""

from __future__ import annotations

import json
from pathlib import Path

from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.traffic.machines import (
    APP,
    NETWORK,
    PROXY,
    Place,
    app_command,
    app_probe,
)
from meshwright_sandbox.traffic.pod_network import Capture, open_pod_network
from meshwright_sandbox.traffic.waiting import wait_until_it_answers
from meshwright_sandbox.trafficdirector import proxies
from meshwright_sandbox.trafficdirector.clusters import MARK
from meshwright_sandbox.trafficdirector.listeners import INBOUND_PORT
from meshwright_sandbox.trafficdirector.workloads import Workload

GROUP = "cluster/machines"


def run(workload: Workload, place: Place, envoy: Path, socket: Path) -> None:
    """Start its processes, and return once they answer.

    ``socket`` is the control plane's.
    """
    network = open_pod_network(
        place.network,
        place.processes,
        place.name(NETWORK),
        device=f"vm-{workload.id[:8]}",
        address=workload.address,
        captured=["0.0.0.0/0"],
        capture=Capture(workload.proxy_port, INBOUND_PORT, workload.serving_ports, MARK),
    )
    app = app_command(grpc=workload.grpc)
    place.processes.spawn(place.name(APP), network.command(app), environment=workload.environment)
    first = place.folder / "envoy.json"
    write_private(first, json.dumps(proxies.bootstrap(workload, place.folder, socket)))
    command = [str(envoy), "--config-path", str(first), "--concurrency", "1"]
    command += ["--disable-hot-restart", "--log-level", "warning"]
    place.processes.spawn(place.name(PROXY), network.command(command), directory=place.folder)
    own = app_probe(workload.port, grpc=workload.grpc)
    wait_until_it_answers(network, f"http://127.0.0.1:{proxies.ADMIN_PORT}/ready", own)
