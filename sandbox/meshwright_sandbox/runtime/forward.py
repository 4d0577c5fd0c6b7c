"""Forwards host loopback addresses into the sandbox's network.

A socket keeps the network namespace it was created in. So listening sockets are made here, on
the host, and handed over a Unix socket to one process inside the sandbox's network, which
accepts on them and dials the target from there. Run as a program, this file is that process:
``python -I forward.py CONTROL_SOCKET`` (the standard library only, which keeps it small).
``forwarding.py`` is its client.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

_CHUNK = 1 << 16
_MESSAGE_LIMIT = 1 << 16
# Stands before an address of this process's own network; the host may have the same one.
INSIDE = "inside "


class _Forwarder:
    def __init__(self) -> None:
        self._servers: dict[str, asyncio.Server] = {}
        self._targets: dict[str, tuple[str, int]] = {}

    async def answer(self, message: dict[str, Any], descriptors: list[int]) -> Any:
        listen = str(message.get("listen", ""))
        if message["do"] == "list":
            return {name: f"{host}:{port}" for name, (host, port) in self._targets.items()}
        if message["do"] == "remove":
            server = self._servers.pop(listen, None)
            self._targets.pop(listen, None)
            if server is not None:
                server.close()
            return {}
        self._targets[listen] = (str(message["host"]), int(message["port"]))
        if listen not in self._servers:
            address = listen.removeprefix(INSIDE).rsplit(":", 1)
            where: dict[str, Any] = {"host": address[0], "port": int(address[1])}
            if descriptors:
                where = {"sock": socket.socket(fileno=descriptors[0])}
            server = await asyncio.start_server(
                lambda reader, writer: self._serve(listen, reader, writer), **where
            )
            self._servers[listen] = server
        return {}

    async def _serve(
        self, listen: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.closing(writer):
            try:
                host, port = self._targets[listen]
                inner_reader, inner_writer = await asyncio.open_connection(host, port)
            except (KeyError, OSError):
                return
            with contextlib.closing(inner_writer):
                await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, then pass the end on, so that half-closed connections work."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


async def _main(control: Path) -> None:
    forwarder = _Forwarder()
    loop = asyncio.get_running_loop()
    control.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        # A Unix socket's path is short by law (108 bytes); a home's path need not be.
        os.chdir(control.parent)
        server.bind(control.name)
        Path(control.name).chmod(0o600)
        server.listen()
        server.setblocking(False)
        while True:
            channel, _ = await loop.sock_accept(server)
            with channel:
                channel.settimeout(5)
                try:
                    data, descriptors, _, _ = socket.recv_fds(channel, _MESSAGE_LIMIT, 4)
                    if not data:
                        continue  # somebody only looked whether we listen
                    answer = await forwarder.answer(json.loads(data), descriptors)
                    channel.sendall(json.dumps(answer).encode())
                except (OSError, ValueError, KeyError) as error:
                    sys.stderr.write(f"forward: {error}\n")


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]).resolve()))
