"""Stands for `python ARGUMENTS`: has the fork server run it, passes signals on, ends as it ends.

python -I -S fork_client.py SOCKET ARGUMENTS
"""

import json
import os
import select
import signal
import socket
import sys
from collections.abc import Sequence


def main() -> int:
    """Exit status of what ran elsewhere."""
    server, *arguments = sys.argv[1:]
    passed_on = (signal.SIGINT, signal.SIGTERM)
    # What comes before there is somebody to pass it to waits until there is.
    signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
    connection = asked(server, arguments, [0, 1, 2])
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
    """Ask for a program with these streams. What is sent on as bytes are signals for it."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(server)
    folder = os.getcwd()  # noqa: PTH109
    asked = {"arguments": arguments, "folder": folder, "environment": dict(os.environ)}
    request = json.dumps(asked).encode() + b"\n"
    sent = socket.send_fds(connection, [request], streams)
    connection.sendall(request[sent:])
    return connection


def ended(connection: socket.socket) -> int:
    """Exit status of the program, once it has ended; that of a signal is below 0."""
    return int.from_bytes(connection.recv(2) or b"\1", "big", signed=True)


if __name__ == "__main__":
    sys.exit(main())
