"""A Python that has loaded the clouds' SDKs once, and forks for each program the engine starts,
and for each cloud that a test starts.

Loading them is most of what a small program's run costs, and each of an update's processes would
do it anew. What is forked is the same program, with the arguments, environment, folder and
standard streams of the process that asked (`fork_client.py`), which ends as it ends. Only modules
that no test changes are loaded beforehand: a program's own are read from its folder, as ever.

    python -P fork_server.py SOCKET    # ends with its standard input
"""

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOADED = (
    "click",
    "google.auth.transport.urllib3",
    "google.oauth2.credentials",
    "googleapiclient.discovery",
    "kubernetes.client",
    "kubernetes.config",
    "meshwright",
    "meshwright_policies.servicer",
    "meshwright_provider.serving",
    "meshwright_sandbox.core.discovery",
    "meshwright_sandbox.daemon.lifecycle",
    "meshwright_sandbox.daemon.status",
    "meshwright_sandbox.plugins.gcp.functions",
    "meshwright_sandbox.plugins.gcp.provider",
    "meshwright_sandbox.plugins.kubernetes.releases",
    "meshwright_sandbox.server",
    "pulumi.policy",
    "pydantic",
    "rich.console",
    "rich.table",
)
# Modules of lazy packages: those that most programs use, others come when they are needed.
SERVICES = ("compute", "container", "gkehub", "logging", "projects", "serviceaccount")
KINDS = ("apps.v1", "core.v1", "rbac.v1", "networking.v1", "apiextensions", "helm.v3")
# Clouds and plugins parse the largest of Google's descriptions of its APIs; the rest takes no time.
DOCUMENTS = ("compute.v1", "compute.beta")
_LONGEST_REQUEST = 1 << 20
_STREAMS = 3


def main() -> None:
    """Serve until standard input is closed; a forked child goes on from here as its program."""
    path = sys.argv[1]
    atexit.register(_leave)  # the first to be registered is the last to be called
    load()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    program = _Server(listener).serve()
    if program is not None:
        _run(program)


def load() -> None:
    """Load what most programs need, and keep the collector from looking at it ever again."""
    for name in LOADED:
        importlib.import_module(name)
    import pulumi_gcp
    import pulumi_kubernetes

    from meshwright_sandbox.core import discovery

    # A lazy module is loaded by the first look into it.
    assert all(getattr(pulumi_gcp, service).outputs for service in SERVICES)
    for kind in KINDS:
        importlib.import_module(f"{pulumi_kubernetes.__name__}.{kind}")
    for document in DOCUMENTS:
        discovery.load(document)
    gc.collect()
    gc.freeze()


_ended: list[int] = []


def _run(program: Callable[[], None]) -> None:
    """Run it, and keep its status if it comes to its end by itself."""
    try:
        program()
    except SystemExit as ended:
        _ended.append(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
        raise
    _ended.append(0)


def _leave() -> None:
    """End at once, after all else that is done at a program's exit.

    An interpreter that ends takes apart all that it has loaded. In a fork that is the server's, and
    each page of it would be copied for it.
    """
    if _ended:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
                stream.flush()
        os._exit(_ended[0])


class _Server:
    """Children by what tells of their end, and the connections of who asked for them."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._fork)
        self._selector.register(sys.stdin, selectors.EVENT_READ, self._stop)
        self._children: dict[int, int] = {}
        self._stopped = False

    def serve(self) -> Callable[[], None] | None:
        """Fork for each request. Returns in each child what it is to run, in the server nothing."""
        while not self._stopped:
            for key, _ in self._selector.select():
                if key.fileobj not in self._selector.get_map():
                    continue  # what came before it in this round has ended it
                program = key.data()
                if program is not None:
                    return program
        for pid in self._children.values():
            os.kill(pid, signal.SIGKILL)
        return None

    def _stop(self) -> None:
        self._stopped = not os.read(sys.stdin.fileno(), 1)

    def _fork(self) -> Callable[[], None] | None:
        connection, _ = self._listener.accept()
        asked, streams = _read(connection)
        if not asked.endswith(b"\n"):  # who asked was killed meanwhile
            connection.close()
            return None
        pid = os.fork()
        if pid == 0:
            connection.close()
            self._forget()
            request = json.loads(asked)
            return lambda: _become(request, streams)
        for stream in streams:
            os.close(stream)
        child = os.pidfd_open(pid)
        self._children[child] = pid
        self._selector.register(
            connection, selectors.EVENT_READ, lambda: self._pass(connection, pid)
        )
        self._selector.register(child, selectors.EVENT_READ, lambda: self._ended(connection, child))
        return None

    def _forget(self) -> None:
        """Leave to the server what is its own: a child must keep nobody's connection open."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, int):
                os.close(key.fileobj)
            elif isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def _pass(self, connection: socket.socket, pid: int) -> None:
        """Signals for the child; who asked for it may also be gone, and then it goes too."""
        try:
            signals = connection.recv(64)
        except ConnectionError:
            signals = b""
        for number in signals or [signal.SIGKILL]:
            os.kill(pid, number)
        if not signals:
            self._selector.unregister(connection)

    def _ended(self, connection: socket.socket, child: int) -> None:
        self._selector.unregister(child)
        os.close(child)
        _, status = os.waitpid(self._children.pop(child), 0)
        if connection in self._selector.get_map():
            self._selector.unregister(connection)
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(ConnectionError):  # who asked was killed meanwhile
                connection.send(code.to_bytes(2, "big", signed=True))
        connection.close()


def _read(connection: socket.socket) -> tuple[bytes, list[int]]:
    """A request, and the standard streams that come with it; cut off if who asked was killed."""
    asked, streams = b"", list[int]()
    with contextlib.suppress(ConnectionError):
        asked, streams, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, _STREAMS)
        while not asked.endswith(b"\n") and (more := connection.recv(_LONGEST_REQUEST)):
            asked += more
    return asked, streams


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Be the program that was asked for, as if it had been started by `python ARGUMENTS`."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    arguments = request["arguments"]
    safe_path = "-P" in arguments[:2]
    while arguments[0] in ("-u", "-P"):
        arguments.pop(0)
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    what = arguments[1] if arguments[0] == "-m" else Path(arguments[0]).name
    Path("/proc/self/comm").write_text(what[-15:])  # what `ps` and `top` call it
    if arguments[0] == "-m":
        if not safe_path:
            sys.path.insert(0, str(Path.cwd()))
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path.insert(0, str(Path(arguments[0]).resolve().parent))
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
