"""Where the sandbox's servers run, and how this machine reaches them."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from meshwright_sandbox.daemon import lifecycle
from meshwright_sandbox.daemon.home import Home
from meshwright_sandbox.runtime.forwarding import Forwards
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import HOLDER, Network, open_network, read_note
from meshwright_sandbox.runtime.processes import Entry, ProcessTable
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.xdist_group("runtime")]

# Answers every connection with the address that it came to.
SERVER = """
import socket, sys
with socket.create_server((sys.argv[1], int(sys.argv[2]))) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(connection.getsockname()[0].encode())
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[ProcessTable]:
    table = ProcessTable(tmp_path)
    yield table
    table.stop(*table.entries())


@pytest.fixture
def network(tmp_path: Path, processes: ProcessTable) -> Network:
    return open_network(tmp_path, processes)


def ask(host: str, port: int) -> str:
    with socket.create_connection((host, port), timeout=60) as connection:
        return connection.recv(100).decode()


def serve(processes: ProcessTable, network: Network, address: str, port: int) -> Entry:
    command = network.command([sys.executable, "-I", "-c", SERVER, address, str(port)])
    return processes.spawn(f"cluster/server-{address}", command)


def free_address() -> tuple[str, int]:
    """An address of this machine that nothing listens on, nor comes to: others use 127.0.0.1."""
    with socket.create_server(("127.91.0.1", 0)) as probe:
        return probe.getsockname()


def wait_for(host: str, port: int, answer: str) -> None:
    def answers() -> None:
        assert ask(host, port) == answer

    eventually(answers)


def test_an_address_of_a_pod_range_is_served_and_forwarded(
    tmp_path: Path, network: Network, processes: ProcessTable
) -> None:
    if network.kind == "host":
        # Such a machine cannot have pod addresses, and must say so.
        assert "pod addresses cannot be bound" in network.limits
        return
    network.add_range("10.77.0.0/16")
    serve(processes, network, "10.77.3.4", 8080)
    forwards = Forwards(tmp_path, network, processes)
    host, port = free_address()
    forwards.add(host, port, "10.77.3.4", 8080)
    wait_for(host, port, "10.77.3.4")
    assert forwards.listing() == {f"{host}:{port}": "10.77.3.4:8080"}

    serve(processes, network, "10.77.9.9", 9090)
    forwards.add(host, port, "10.77.9.9", 9090)
    wait_for(host, port, "10.77.9.9")

    forwards.remove(host, port)
    with pytest.raises(ConnectionRefusedError):
        ask(host, port)


def test_forwards_outlive_the_one_who_asked_for_them(
    tmp_path: Path, network: Network, processes: ProcessTable
) -> None:
    host, port = free_address()
    serve(processes, network, "127.0.0.1", 8181)
    Forwards(tmp_path, network, processes).add(host, port, "127.0.0.1", 8181)
    later = Forwards(tmp_path, open_network(tmp_path, processes), processes)
    later.add(host, port, "127.0.0.1", 8181)
    wait_for(host, port, "127.0.0.1")


def test_an_address_that_is_taken_is_named(
    tmp_path: Path, network: Network, processes: ProcessTable
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeFailure, match=rf"127\.0\.0\.1:{port}.*in use"):
            Forwards(tmp_path, network, processes).add("127.0.0.1", port, "127.0.0.1", 1)


def test_the_network_is_found_again_and_gone_with_its_holder(
    tmp_path: Path, network: Network, processes: ProcessTable
) -> None:
    again = open_network(tmp_path, processes)
    assert again.found
    assert again.holder == network.holder
    if network.kind != "host":
        assert not network.found
        processes.stop(*processes.entries(HOLDER))
        fresh = open_network(tmp_path, processes)
        assert not fresh.found
        assert fresh.holder != network.holder


def test_without_a_namespace_it_says_what_does_not_work(
    tmp_path: Path, processes: ProcessTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    network = open_network(tmp_path, processes)
    assert network.kind == "host"
    assert "install util-linux and iproute2" in network.limits
    assert "traffic through the mesh cannot be tried" in network.limits
    assert read_note(tmp_path) == {"kind": "host", "limits": network.limits}
    assert network.command(["true"]) == ["true"]


def test_only_the_process_that_was_started_is_ended(processes: ProcessTable) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        recorded = processes.record("cluster/x", stranger.pid)
        reused = replace(recorded, started=recorded.started - 3600)
        assert recorded.alive
        assert not reused.alive
        assert not replace(recorded, boot="another").alive
        processes.stop(reused)
        assert stranger.poll() is None
        assert processes.get("cluster/x") is None
    finally:
        stranger.communicate(b"\n", timeout=30)


def test_processes_are_known_after_the_clock_was_set(
    tmp_path: Path, processes: ProcessTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel counts a start from the boot, and says when that was by the clock as it is."""
    entry = processes.spawn("cluster/x", ["sleep", "600"])
    clock = psutil.Process(entry.pid).create_time()
    earlier = {"pid": entry.pid, "started": clock}
    (tmp_path / "run/cluster/earlier.json").write_text(json.dumps(earlier))
    assert processes.get("cluster/earlier"), "what an earlier version wrote is read"

    booted = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + 3600)
    assert psutil.Process(entry.pid).create_time() == clock + 3600
    assert processes.get("cluster/x")


def test_what_outlived_its_folder_is_found_and_ended(tmp_path: Path) -> None:
    """As after `git clean -fdx`; a folder that was moved has its processes with it."""
    home = tmp_path / "home"
    moved = ProcessTable(home).spawn("emulator", ["sleep", "600"])
    home.rename(tmp_path / "moved")
    lost = ProcessTable(home).spawn("cluster/x", ["sleep", "600"], environment={})
    stranger = subprocess.Popen(["sleep", "600"], cwd=home)
    try:
        assert ProcessTable(home).end_lost() == 0
        shutil.rmtree(home)

        assert lifecycle.down(Home(home)) == 1
        assert not lost.alive
        assert moved.alive
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        assert lifecycle.down(Home(tmp_path / "moved")) == 1


def test_a_process_that_ignores_sigterm_is_killed(processes: ProcessTable) -> None:
    script = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); signal.pause()"
    )
    entry = processes.spawn("cluster/stubborn", [sys.executable, "-u", "-c", script])
    log = processes.log_path("cluster/stubborn")

    def ignores_it() -> None:
        assert log.read_text()

    eventually(ignores_it)
    processes.stop(entry, grace=0.1)
    assert not entry.alive
    assert processes.entries() == []
