"""Stands for `python ARGUMENTS`: has a fork server run it, passes signals on, ends as it ends.

python -I -S client.py SOCKET ARGUMENTS

Where no server answers, or it has another network or other files than who asks, a Python of its own
runs it.
"""

import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_CREDENTIALS = struct.Struct("3i")
_NAMESPACES = ("mnt", "net", "pid")


def main() -> int:
    """Exit status of what ran elsewhere."""
    server, *arguments = sys.argv[1:]
    passed_on = (signal.SIGINT, signal.SIGTERM)
    # What comes before there is somebody to pass it to waits until there is.
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
    try:
        connection = asked(server, arguments, [0, 1, 2])
    except OSError:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
    for number in passed_on:
        signal.signal(number, lambda number, _: connection.send(bytes([number])))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
    # What was started for a process ends with it: here that is who asked, not the server's child.
    if connection not in select.select([connection, os.pidfd_open(os.getppid())], [], [])[0]:
        return 1
    status = ended(connection)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


def asked(server: str, arguments: Sequence[str], streams: Sequence[int]) -> socket.socket:
    """Ask for a program with these streams. What is sent on as bytes are signals for it.

    Raises OSError where no server can be asked.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with address(server) as name:
        connection.connect(name)
    _refuse_another_world(connection)
    folder = os.getcwd()  # noqa: PTH109
    asked = {"arguments": arguments, "folder": folder, "environment": dict(os.environ)}
    request = json.dumps(asked).encode() + b"\n"
    sent = socket.send_fds(connection, [request], streams)
    connection.sendall(request[sent:])
    return connection


def ended(connection: socket.socket) -> int:
    """Exit status of the program, once it has ended; that of a signal is below 0."""
    return int.from_bytes(connection.recv(2) or b"\1", "big", signed=True)


@contextmanager
def address(path: "str | os.PathLike[str]") -> Iterator[str]:
    """A name for a socket's path, which the kernel takes up to 107 bytes of."""
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)  # noqa: PTH120
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"  # noqa: PTH119
    finally:
        os.close(folder)


def _refuse_another_world(connection: socket.socket) -> None:
    """What is forked is in the server's namespaces, where our files and ports may be others."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    server, user, _ = _CREDENTIALS.unpack(credentials)
    if user != os.geteuid() or any(
        os.readlink(f"/proc/self/ns/{name}") != os.readlink(f"/proc/{server}/ns/{name}")  # noqa: PTH115
        for name in _NAMESPACES
    ):
        connection.close()
        raise ConnectionRefusedError("the fork server is another user's, or elsewhere")


if __name__ == "__main__":
    sys.exit(main())
