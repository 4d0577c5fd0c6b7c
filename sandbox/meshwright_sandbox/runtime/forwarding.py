"""Host addresses that lead into the sandbox's network: the client of ``forward.py``."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime import forward
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.processes import ProcessTable

FORWARDER = "forwarder"
_ANSWER_LIMIT = 1 << 16


class Forwards:
    """The forwarding process and what it forwards. Safe to use from several threads."""

    def __init__(self, home: Path, network: Network, processes: ProcessTable) -> None:
        self._control = home / "run" / "forward.sock"
        self._network = network
        self._processes = processes
        self._lock = threading.Lock()

    def add(self, host: str, port: int, target_host: str, target_port: int) -> None:
        """Let ``host:port`` on this machine lead to ``target_host:target_port`` inside.

        A known address only gets its new target. Raises :class:`RuntimeFailure` when another
        program has the address, or the port may not be bound.
        """
        listen = f"{host}:{port}"
        message = {"do": "add", "listen": listen, "host": target_host, "port": target_port}
        with self._lock:
            if listen in self._request({"do": "list"}):
                self._request(message)
                return
            with bind(host, port) as listener:
                self._request(message, [listener])

    def add_inside(self, host: str, port: int, target_port: int) -> None:
        """Let ``host:port`` inside the network lead to the port of its loopback address."""
        message = {"do": "add", "listen": f"{forward.INSIDE}{host}:{port}", "host": "127.0.0.1"}
        with self._lock:
            self._request({**message, "port": target_port})

    def remove(self, host: str, port: int) -> None:
        """Stop listening on ``host:port``, on this machine and inside."""
        with self._lock:
            if self._processes.get(FORWARDER) is not None:
                for side in ("", forward.INSIDE):
                    self._request({"do": "remove", "listen": f"{side}{host}:{port}"})

    def listing(self) -> dict[str, str]:
        """All that is forwarded: host address to inner address."""
        with self._lock:
            return self._request({"do": "list"})

    def _request(self, message: dict[str, Any], sockets: Sequence[socket.socket] = ()) -> Any:
        if self._processes.get(FORWARDER) is None:
            self._start()
        with _connect(self._control) as channel:
            socket.send_fds(channel, [json.dumps(message).encode()], [s.fileno() for s in sockets])
            answer = b""
            while part := channel.recv(_ANSWER_LIMIT):
                answer += part
        if not answer:
            log = self._processes.log_path(FORWARDER)
            raise RuntimeFailure(f"the sandbox's forwarder refused {message}; see {log}")
        return json.loads(answer)

    def _start(self) -> None:
        self._control.parent.mkdir(parents=True, exist_ok=True)
        self._control.unlink(missing_ok=True)
        program = [sys.executable, "-I", forward.__file__, str(self._control)]
        self._processes.spawn(FORWARDER, self._network.command(program))
        try:
            _wait_until_open(self._control)
        except OSError as error:
            log = self._processes.log_path(FORWARDER)
            raise RuntimeFailure(f"the sandbox's forwarder did not start; see {log}") from error


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on this machine; raises :class:`RuntimeFailure` saying why it cannot."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise RuntimeFailure(
            f"the sandbox cannot listen on {host}:{port}: {error.strerror}; "
            "end the program that has the address, or let the sandbox bind it"
        ) from error
    listener.setblocking(False)
    return listener


def may_bind(host: str, port: int) -> bool:
    """Whether ``host:port`` is free and this user may listen on it."""
    try:
        bind(host, port).close()
    except RuntimeFailure:
        return False
    return True


def _connect(control: Path) -> socket.socket:
    """Connect by way of the folder's descriptor: a socket's own path may be 107 bytes at most."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.settimeout(60)
    folder = os.open(control.parent, os.O_RDONLY)
    try:
        channel.connect(f"/proc/self/fd/{folder}/{control.name}")
    except OSError:
        channel.close()
        raise
    finally:
        os.close(folder)
    return channel


@retry(
    retry=retry_if_exception_type(OSError),
    wait=wait_fixed(0.02),
    stop=stop_after_delay(60),
    reraise=True,
)
def _wait_until_open(control: Path) -> None:
    _connect(control).close()
