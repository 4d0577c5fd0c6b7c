"""Calls that go on while a test changes something."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.traffic.calls import Answer, Call, call


@contextmanager
def calls_go_on(network: Network, planned: Sequence[Call], at_least: int) -> Iterator[list[Answer]]:
    """Make the calls over and over, ``at_least`` so many; the list is whole at the end."""
    answers: list[Answer] = []
    enough = threading.Event()

    def go_on() -> None:
        while not enough.is_set() or len(answers) < at_least:
            answers.extend(call(network, *planned))

    caller = threading.Thread(target=go_on)
    caller.start()
    try:
        yield answers
    finally:
        enough.set()
        caller.join()
