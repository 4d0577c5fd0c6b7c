"""Starts and stops the emulator and everything that runs for it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from tenacity import RetryError, retry, retry_if_result, stop_after_delay, wait_fixed

from meshwright_sandbox.daemon.home import EMULATOR, PLUGIN_SERVER, Home, SandboxError, Settings
from meshwright_sandbox.daemon.shims import write_shims
from meshwright_sandbox.daemon.surface import healthy
from meshwright_sandbox.runtime.forwarding import bind, may_bind
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.kube import write_user_kubeconfig
from meshwright_sandbox.runtime.launcher import read_note
from meshwright_sandbox.runtime.local import LocalRuntime
from meshwright_sandbox.runtime.records import ClusterRecord, Records

_START_SECONDS = 180
_FIRST_PORT, _PORTS = 8470, 1000
# What `reset` removes; the development CA and the token stay, so that trust given to them holds.
_STATE = ("clusters", "gcloud", "state", "logs", "metrics", "pods", "traffic", "kubeconfig")
_DATABASE = "state.db*"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Started:
    """What `up` found or made.

    ``plugins`` says for each provider: official or stand-in; ``limits`` is a sentence on what
    this machine does not allow, if there is anything. ``stopped`` names clusters that do not run.
    """

    settings: Settings
    already_running: bool
    plugins: Mapping[str, str]
    limits: str
    stopped: tuple[str, ...] = ()


def up(
    home: Home,
    *,
    tools: Path | None,
    project: str,
    scale: float,
    port: int | None,
    clusters: str,
    progress: Progress,
    charts: Path | None = None,
) -> Started:
    """Start the sandbox, or find that it runs; returns once it answers.

    ``charts`` is a folder of Istio's Helm charts; it is shown as ``HOME/charts``, so that a stack
    can name it by a path that is the same everywhere.

    ``port`` None takes the port of the last time if it is free, else another. Clusters that ran
    before are adopted, or started again. Raises :class:`SandboxError`.
    """
    home.prepare()
    if clusters == "real":
        _require_programs(tools)
    progress("waiting for another command on this sandbox")
    with home.exclusive():
        if charts is not None:
            _link(home.path / "charts", charts)
        running, settings = home.emulator(), home.settings
        if running is not None and settings is not None and healthy(settings):
            limits = read_note(home.path)["limits"]
            return Started(settings, True, _plugins(home), limits, _stopped(home, settings))
        home.processes.stop(*home.processes.entries(EMULATOR))
        home.processes.end_lost()
        settings = Settings(_port(home, port), scale, clusters, project)
        # The runtime makes what the environment refers to: the CA, the token.
        runtime = LocalRuntime(home.path, tools or Path(sys.prefix) / "bin")
        runtime.authority.check()
        home.pulumi_state.mkdir(exist_ok=True)
        if not home.kubeconfig.exists():
            write_user_kubeconfig(home.kubeconfig, [])
        plugins = _plugins(home)
        limits = runtime.network.limits if clusters == "real" else ""
        home.keep(settings)
        number = len(runtime.records.all())
        progress(f"starting, with {number} cluster(s) to run again" if number else "starting")
        _spawn(home, settings, tools)
        return Started(settings, False, plugins, limits, _stopped(home, settings))


def down(home: Home) -> int:
    """End everything that this sandbox started, keep its state; returns how many processes."""
    if not home.path.exists():
        return home.processes.end_lost()
    with home.exclusive():
        return _end(home)


def reset(home: Home) -> bool:
    """End everything and forget all state, the Pulumi state of this sandbox included.

    Returns whether it was running, so that the caller starts it again.
    """
    if not home.path.exists():
        return bool(home.processes.end_lost())
    with home.exclusive():
        was_running = home.emulator() is not None
        _end(home)
        paths = [home.path / name for name in _STATE] + list(home.path.glob(_DATABASE))
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        return was_running


def _stopped(home: Home, settings: Settings) -> tuple[str, ...]:
    """The clusters that should run and do not; the emulator's log says why."""
    if settings.clusters != "real":
        return ()

    def runs(record: ClusterRecord) -> bool:
        # kwokctl is there while one is being started.
        names = (f"cluster/{record.id}/{program}" for program in ("kube-apiserver", "kwokctl"))
        return any(home.processes.get(name) for name in names)

    return tuple(r.request.name for r in Records(home.path).all() if not runs(r))


def _link(shown: Path, folder: Path) -> None:
    staged = shown.with_suffix(".new")
    staged.unlink(missing_ok=True)
    staged.symlink_to(folder)
    staged.replace(shown)


def _end(home: Home) -> int:
    # The emulator first: it would start again what is ended under it.
    before = [e for e in home.processes.entries() if e.alive]
    for name in (EMULATOR, PLUGIN_SERVER):
        home.processes.stop(*home.processes.entries(name))
    runtime = LocalRuntime(home.path, Path(sys.prefix) / "bin")
    runtime.shutdown()
    return len(before) + home.processes.end_lost()


def _plugins(home: Home) -> dict[str, str]:
    """Have the engine find its plugins; says which are official and which stand-ins."""
    chosen = write_shims(home)
    if "stand-in" in chosen.values() and home.processes.get(PLUGIN_SERVER) is None:
        # `up` does not wait for it: until it listens, a plugin has a Python of its own.
        module = "meshwright_sandbox.plugins.preloaded"
        command = [sys.executable, "-P", "-m", module, str(home.plugin_socket)]
        home.processes.spawn(PLUGIN_SERVER, command)
    return chosen


def _spawn(home: Home, settings: Settings, tools: Path | None) -> None:
    log = home.processes.log_path(EMULATOR)
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "meshwright_sandbox.server", f"--home={home.path}"]
    command += [f"--port={settings.port}", f"--scale={settings.scale}"]
    command += [f"--clusters={settings.clusters}", f"--project={settings.project}"]
    command += [f"--tools={tools}"] if tools else []
    # All that it and its clusters call is on this machine, and not to be had of any proxy.
    direct = {name: v for name, v in os.environ.items() if not name.lower().endswith("_proxy")}
    entry = home.processes.spawn(EMULATOR, command, environment=direct, directory=home.path)

    @retry(
        retry=retry_if_result(lambda done: not done),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(_START_SECONDS),
    )
    def wait() -> bool:
        return not entry.alive or healthy(settings)

    try:
        wait()
    except RetryError as error:
        home.processes.stop(entry)
        raise SandboxError(f"the sandbox did not answer in time; see {log}") from error
    if not entry.alive:
        home.processes.stop(entry)
        lines = log.read_text(errors="replace").strip().splitlines() or ["it wrote nothing"]
        raise SandboxError(f"the sandbox ended at its start: {lines[-1]} (all of it: {log})")


def _port(home: Home, wish: int | None) -> int:
    if wish:
        try:
            bind("127.0.0.1", wish).close()
        except RuntimeFailure as error:
            if isinstance(error.__cause__, PermissionError):
                raise SandboxError(
                    f"this user may not listen on port {wish}; name one from 1024 on, "
                    "or leave out --port to have a free one chosen"
                ) from error
            raise SandboxError(
                f"port {wish} on 127.0.0.1 is in use{_owner(wish)}; "
                "end that program, or leave out --port to have a free one chosen"
            ) from error
        return wish
    # Each folder starts its search elsewhere, so that sandboxes side by side keep their ports.
    digest = int.from_bytes(hashlib.sha256(str(home.path).encode()).digest()[:4], "big")
    ports = [_FIRST_PORT + (digest + step) % _PORTS for step in range(_PORTS)]
    if home.settings:
        ports.insert(0, home.settings.port)
    chosen = next((p for p in ports if may_bind("127.0.0.1", p)), None)
    if chosen is None:
        raise SandboxError(
            f"no port between {_FIRST_PORT} and {_FIRST_PORT + _PORTS} is free on 127.0.0.1"
        )
    return chosen


def _owner(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp4")
    except psutil.Error:
        return ""
    for connection in connections:
        address = connection.laddr
        if connection.status == psutil.CONN_LISTEN and address and address.port == port:
            try:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
            except (psutil.Error, TypeError):
                return ""
    return ""


def _require_programs(tools: Path | None) -> None:
    needed = ("kwokctl", "kwok", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    needed += ("kubectl", "istioctl", "pilot-discovery")
    missing = [p for p in needed if tools is None or not (tools / p).exists()]
    if missing:
        raise SandboxError(
            f"{', '.join(missing)} not found in {tools}; run `make tools`, "
            "or start without clusters: `meshwright sandbox up --clusters none`"
        )
