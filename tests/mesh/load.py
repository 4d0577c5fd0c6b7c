"""Calls that go on while a test changes something."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.traffic.calls import Answer, Call, call
from meshwright_sandbox.traffic.load import Load


@contextmanager
def calls_go_on(network: Network, planned: Sequence[Call], at_least: int) -> Iterator[list[Answer]]:
    """Make the calls over and over, ``at_least`` so many; the list is whole at the end.

    The first have been answered when the block begins.
    """
    answers: list[Answer] = []
    begun, enough = threading.Event(), threading.Event()

    def go_on() -> None:
        try:
            while not enough.is_set() or len(answers) < at_least:
                answers.extend(call(network, *planned))
                begun.set()
        finally:
            begun.set()

    caller = threading.Thread(target=go_on)
    caller.start()
    begun.wait()
    try:
        yield answers
    finally:
        enough.set()
        caller.join()


@contextmanager
def driven(network: Network, planned: Load) -> Iterator[dict[str, Any]]:
    """Load as `meshwright sandbox traffic` drives it, as long as the block lasts.

    What is yielded is the newest tally of it, up to a quarter of a second old.
    """
    tally: dict[str, Any] = {}
    command = network.command([sys.executable, "-m", "meshwright_sandbox.traffic.load"])
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdin is not None
        assert driver.stdout is not None
        output = driver.stdout
        driver.stdin.write(json.dumps(asdict(planned)))
        driver.stdin.close()

        def read() -> None:
            for line in output:
                tally.update(json.loads(line))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield tally
        finally:
            driver.terminate()
            reader.join()
