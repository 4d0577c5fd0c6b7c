"""Runs functions of the sandbox's own inside one of its networks, each in a process of its own.

A new Python takes longer to import what it needs than to make a call or to set up a pod's network,
and it is made for every one of them. So one process is started that imports, and each function
runs in a fork of it: alone, as in a new program, and inside the network that is asked for.

That process lives as long as the one that started it, which alone can speak to it.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network

_LONGEST_SECONDS = 600
# What the one at the other end may take longer, for a machine that is busy.
_PATIENCE_SECONDS = 60
_PACKET = 4096


def run_inside(network: Network, module: str, argument: Any) -> Any:
    """What the function ``answer`` of ``module`` returns for ``argument``, run in ``network``.

    Both are JSON. Raises :class:`RuntimeFailure` with its words if it fails.
    """
    wanted = {"module": module, "kind": network.kind, "holder": network.holder}
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            _server.send(json.dumps(wanted).encode(), theirs)
        ours.settimeout(_LONGEST_SECONDS + _PATIENCE_SECONDS)
        try:
            ours.sendall(json.dumps(argument).encode())
            ours.shutdown(socket.SHUT_WR)
            answer = json.loads(_all_of(ours) or "{}")
        except (OSError, ValueError) as error:
            raise RuntimeFailure(f"{module} did not come to its end: {error}") from error
    if "result" not in answer:
        raise RuntimeFailure(answer.get("error") or f"{module} ended without an answer")
    return answer["result"]


@dataclass
class _Running:
    owner: int
    process: subprocess.Popen[bytes]
    channel: socket.socket


class _Server:
    """The process that forks; started when first needed, and again if it has ended."""

    def __init__(self) -> None:
        self._running: _Running | None = None
        self._lock = threading.Lock()

    def send(self, wanted: bytes, connection: socket.socket) -> None:
        """Have ``wanted`` run in a fork that reads and writes at ``connection``."""
        with self._lock:
            for _ in range(2):
                running = self._ensure()
                try:
                    socket.send_fds(running.channel, [wanted], [connection.fileno()])
                except OSError:
                    # It was killed: what it had begun is lost, and what is asked now is not.
                    self._end()
                else:
                    return
        raise RuntimeFailure("the process that works in the sandbox's networks does not start")

    def _ensure(self) -> _Running:
        if self._running is not None and self._running.owner != os.getpid():
            # This is a fork of its owner, whose connection it must not share.
            self._running = None
        if self._running is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-m", __name__],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._running = _Running(os.getpid(), process, ours)
        return self._running

    def _end(self) -> None:
        if self._running is not None and self._running.owner == os.getpid():
            self._running.channel.close()
            self._running.process.kill()
            self._running.process.wait()
        self._running = None

    def close(self) -> None:
        """End it; what it has forked comes to its own end."""
        with self._lock:
            self._end()


_server = _Server()
atexit.register(_server.close)


def _all_of(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as file:
        return file.read()


def _serve(channel: socket.socket) -> None:
    # Nobody waits for the forks: the kernel forgets them by itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        text, handed, _, _ = socket.recv_fds(channel, _PACKET, 1)
        if not text:
            return
        with contextlib.ExitStack() as ours:
            (connection,) = (ours.enter_context(socket.socket(fileno=fd)) for fd in handed)
            wanted = json.loads(text)
            # One that cannot be imported fails in its fork, which can tell.
            with contextlib.suppress(Exception):
                importlib.import_module(wanted["module"])
            # What is imported is shared by all forks, unless a collection writes to it.
            gc.collect()
            gc.freeze()
            if os.fork() == 0:
                channel.close()
                _answer(connection, **wanted)


def _answer(connection: socket.socket, module: str, kind: str, holder: int) -> None:
    """The fork's whole life."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.alarm(_LONGEST_SECONDS)
        argument = json.loads(_all_of(connection))
        try:
            if kind != "host":
                _enter(holder, user=kind == "user-namespace")
            answer = {"result": importlib.import_module(module).answer(argument)}
        except Exception as error:  # whatever it is, it is told to who asked
            answer = {"error": f"{type(error).__name__}: {error}"}
        connection.sendall(json.dumps(answer).encode())
    finally:
        os._exit(0)


def _enter(holder: int, *, user: bool) -> None:
    """Go where the process ``holder`` is, as ``nsenter`` does."""
    libc = ctypes.CDLL(None, use_errno=True)
    for name in ("user", "net") if user else ("net",):
        with Path(f"/proc/{holder}/ns/{name}").open() as namespace:
            if libc.setns(namespace.fileno(), 0):
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), namespace.name)


if __name__ == "__main__":
    _serve(socket.socket(fileno=sys.stdin.fileno()))
