"""What a sandbox runs, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from meshwright_sandbox.daemon.home import EMULATOR, Home
from meshwright_sandbox.daemon.surface import healthy
from meshwright_sandbox.runtime.launcher import HOLDER, read_note
from meshwright_sandbox.runtime.prometheus import running_url
from meshwright_sandbox.runtime.records import MANAGED, ClusterRecord, Records


def status(home: Home) -> dict[str, Any]:
    """The emulator, clusters, meshes, network and memory; JSON types only."""
    records = Records(home.path).all()
    entries = home.processes.entries()
    return {
        "home": str(home.path),
        "emulator": _emulator(home),
        "network": _network(home),
        "metrics": running_url(home.path, home.processes),
        "clusters": [_cluster(home, record) for record in records],
        "processes": [
            {"name": e.name, "pid": e.pid, "alive": e.alive, "memory": e.memory()} for e in entries
        ],
        "memory": sum(e.memory() for e in entries),
    }


def _emulator(home: Home) -> dict[str, Any]:
    settings, entry = home.settings, home.emulator()
    if settings is None:
        return {"state": "never started"}
    state = "stopped" if entry is None else "running" if healthy(settings) else "not answering"
    return {
        "state": state,
        "url": settings.url,
        "pid": entry.pid if entry else None,
        "memory": entry.memory() if entry else 0,
        "scale": settings.scale,
        "clusters": settings.clusters,
        "project": settings.project,
        "log": str(home.processes.log_path(EMULATOR)),
    }


def _network(home: Home) -> dict[str, Any]:
    holder = home.processes.get(HOLDER)
    return {**read_note(home.path), "holder": holder.pid if holder else None}


def _cluster(home: Home, record: ClusterRecord) -> dict[str, Any]:
    request = record.request
    entries = home.processes.entries(f"cluster/{record.id}/")
    api_server = home.processes.get(f"cluster/{record.id}/kube-apiserver")
    istiod = home.processes.get(f"cluster/{record.id}/{MANAGED}")
    mesh = record.mesh
    return {
        "project": request.project,
        "location": request.location,
        "name": request.name,
        "version": request.version,
        "mode": "Autopilot" if request.autopilot else "Standard",
        "state": "running" if api_server else "stopped",
        "endpoint": f"https://{record.endpoint}",
        "nodes": sum(pool.count for pool in request.node_pools),
        "memory": sum(e.memory() for e in entries),
        "mesh": {
            "revision": mesh.revision,
            "state": "running" if istiod else "stopped",
            "memory": istiod.memory() if istiod else 0,
        }
        if mesh
        else None,
        "data": str(Path("clusters") / record.id),
    }
