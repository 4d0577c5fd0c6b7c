"""The engine's plugins are forked by the sandbox, or started where it cannot."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from meshwright_sandbox.forking.client import address, asked
from meshwright_sandbox.runtime.processes import ProcessTable
from tests.sandbox.runtime.conftest import eventually
from tests.sandbox.runtime.shell import Shell

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("runtime")]

Start = Callable[..., "Started"]


class Started:
    """A plugin, once it has told its port."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())
        socket.create_connection(("127.0.0.1", self.port), timeout=10).close()

    def listens(self, process: psutil.Process) -> bool:
        """Whether it is this process that listens on the port."""
        return self.port in {found.laddr.port for found in process.net_connections() if found.laddr}


@pytest.fixture
def start(shell: Shell) -> Iterator[Start]:
    """Starts a plugin as an engine does, in a program's folder; those that still run are ended."""
    running: list[subprocess.Popen[str]] = []
    folder = shell.home.with_name("program")
    folder.mkdir()
    (folder / "grpc.py").write_text("raise SystemExit('a module of the program')\n")

    def start(name: str, *prefix: str) -> Started:
        program = shell.home / "bin" / f"pulumi-resource-{name}"
        command = [*prefix, str(program), "127.0.0.1:1"]
        running.append(
            subprocess.Popen(
                command, cwd=folder, env=shell.environment, stdout=subprocess.PIPE, text=True
            )
        )
        return Started(running[-1])

    yield start
    for process in running:
        process.kill()
        process.communicate(timeout=60)


def server_of(shell: Shell) -> psutil.Process:
    """The process that forks plugins, once it listens."""

    def listens() -> None:
        assert (shell.home / "plugins.socket").exists()

    eventually(listens)
    entry = ProcessTable(shell.home).get("plugins")
    assert entry is not None
    return psutil.Process(entry.pid)


@pytest.mark.parametrize("name", ["gcp", "kubernetes"])
def test_a_plugin_is_forked_from_what_has_loaded_it(shell: Shell, start: Start, name: str) -> None:
    shell.up()
    server = server_of(shell)

    started = start(name)

    (forked,) = server.children()
    assert started.listens(forked)
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(60) == 0
    assert not forked.is_running()


def test_an_engine_that_is_killed_takes_its_forked_plugin_with_it(
    shell: Shell, start: Start
) -> None:
    shell.up()
    server = server_of(shell)
    started = start("kubernetes")
    (forked,) = server.children()

    started.process.kill()

    psutil.wait_procs([forked], timeout=60)
    assert not forked.is_running()


def test_a_plugin_and_who_asked_for_it_may_end_at_once(shell: Shell, start: Start) -> None:
    """The server that learns of both together goes on."""
    shell.up()
    server = server_of(shell)
    with Path(os.devnull).open("r+") as nothing:
        plugin = ["-m", "meshwright_sandbox.plugins.kubernetes", "127.0.0.1:1"]
        streams = [nothing.fileno()] * 3
        asking = asked(str(shell.home / "plugins.socket"), plugin, streams)

    def is_there() -> None:
        assert len(server.children()) == 1

    def has_ended() -> None:
        assert server.children()[0].status() == psutil.STATUS_ZOMBIE

    eventually(is_there)
    server.suspend()
    server.children()[0].kill()
    eventually(has_ended)
    asking.close()
    server.resume()

    started = start("gcp")
    (forked,) = server.children()
    assert started.listens(forked)


def test_who_connects_and_says_nothing_is_not_waited_for(shell: Shell, start: Start) -> None:
    """A launcher that is stopped in its midst would keep every other engine from its plugins."""
    shell.up()
    server = server_of(shell)
    with socket.socket(socket.AF_UNIX) as silent:
        with address(shell.home / "plugins.socket") as name:
            silent.connect(name)

        started = start("gcp")

        (forked,) = server.children()
        assert started.listens(forked)


def test_without_the_server_a_plugin_has_a_python_of_its_own(shell: Shell, start: Start) -> None:
    """It was killed, or the sandbox is down; the next `up` starts it again.

    That Python does not take modules of the program for the plugin's, either.
    """
    shell.up()
    killed = server_of(shell)
    killed.kill()
    psutil.wait_procs([killed], timeout=60)

    started = start("kubernetes")

    assert started.listens(psutil.Process(started.process.pid))
    shell.up()
    assert server_of(shell).pid != killed.pid


def test_an_engine_with_other_files_has_its_plugin_among_them(shell: Shell, start: Start) -> None:
    """In a container, say: what the server would fork sees the server's files, and its network."""
    shell.up()
    server = server_of(shell)

    started = start("kubernetes", "unshare", "--map-root-user", "--mount")

    assert started.listens(psutil.Process(started.process.pid))
    assert server.children() == []


def test_down_ends_the_server_and_leaves_no_plugin(shell: Shell, start: Start) -> None:
    shell.up()
    server = server_of(shell)
    started = start("gcp")
    (forked,) = server.children()

    assert "is down" in shell.run("down").stdout

    psutil.wait_procs([server, forked], timeout=60)
    assert not server.is_running()
    assert not forked.is_running()
    assert started.process.wait(60) != 0
