"""The sandbox's one Prometheus: the name that its process has, and where it is reached."""

from __future__ import annotations

from pathlib import Path

from meshwright_sandbox.runtime.private_files import write_private
from meshwright_sandbox.runtime.processes import ProcessTable

PROMETHEUS = "prometheus"
FOLDER = "metrics"
_HOST = "127.0.0.1"
_PORT_FILE = "port"


def url_of(home: Path) -> str:
    """Its address on this machine; empty where nobody asked for it."""
    port = port_of(home)
    return f"http://{_HOST}:{port}" if port else ""


def port_of(home: Path) -> int:
    """Its port on this machine; 0 where nobody asked for it."""
    try:
        return int((home / FOLDER / _PORT_FILE).read_text())
    except (OSError, ValueError):
        return 0


def keep_port(home: Path, port: int) -> None:
    """Remember its port for the next time."""
    write_private(home / FOLDER / _PORT_FILE, str(port))


def running_url(home: Path, processes: ProcessTable) -> str:
    """Its address if it runs, else empty."""
    return url_of(home) if processes.get(PROMETHEUS) else ""
