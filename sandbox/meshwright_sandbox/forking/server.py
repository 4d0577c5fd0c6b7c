"""A Python that has loaded what programs need, and forks for each program that is asked for.

Loading the clouds' libraries is most of what a short program costs, and each of an update's
processes would do it anew. What is forked is the same program, with the arguments, environment,
folder and standard streams of the process that asked (`client.py`), which ends as it ends.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
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

from meshwright_sandbox.forking.client import address

_LONGEST_REQUEST = 1 << 20
# Others wait while one asks; who is stopped in its midst is not waited for.
_REQUEST_SECONDS = 5.0
_STREAMS = 3


def serve(path: Path, load: Callable[[], None], *, while_open: int | None = None) -> None:
    """Listen, load, fork for each request; a forked child goes on from here as its program.

    Args:
        path: the socket, for this user alone.
        load: loads what programs need. What a program may find changed is not to be among it.
        while_open: a file that is open for writing elsewhere while the server is needed. Once it is
            not, the server kills what it has forked, and returns. Default: until it is killed.
    """
    atexit.register(_leave)  # the first to be registered is the last to be called
    listener = _listening(path)
    load()
    gc.collect()
    gc.freeze()  # the collector is never to look at it again
    program = _Server(listener, while_open).serve()
    if program is not None:
        _run(program)


def _listening(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    others = os.umask(0o177)
    with address(path) as name:
        listener.bind(name)
    os.umask(others)
    listener.listen(64)
    return listener


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

    def __init__(self, listener: socket.socket, while_open: int | None) -> None:
        self._listener = listener
        self._while_open = while_open
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._fork)
        if while_open is not None:
            self._selector.register(while_open, selectors.EVENT_READ, self._stop)
        self._children: dict[int, int] = {}
        self._stopped = False

    def serve(self) -> Callable[[], None] | None:
        """Fork for each request. Returns in each child what it is to run, in the server nothing."""
        while not self._stopped:
            for key, _ in self._selector.select():
                # What came before it in this round may have ended it: a closed file is asked for
                # by its number, which another one may have by now.
                if self._selector.get_map().get(key.fd) is not key:
                    continue
                program = key.data()
                if program is not None:
                    return program
        for pid in self._children.values():
            os.kill(pid, signal.SIGKILL)
        return None

    def _stop(self) -> None:
        assert self._while_open is not None
        self._stopped = not os.read(self._while_open, 1)

    def _fork(self) -> Callable[[], None] | None:
        connection, _ = self._listener.accept()
        asked, streams = _read(connection)
        if not asked.endswith(b"\n"):  # who asked was killed meanwhile, or stopped
            for stream in streams:
                os.close(stream)
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
    connection.settimeout(_REQUEST_SECONDS)
    with contextlib.suppress(ConnectionError, TimeoutError):
        asked, streams, _, _ = socket.recv_fds(connection, _LONGEST_REQUEST, _STREAMS)
        while not asked.endswith(b"\n") and (more := connection.recv(_LONGEST_REQUEST)):
            asked += more
    connection.settimeout(None)
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
