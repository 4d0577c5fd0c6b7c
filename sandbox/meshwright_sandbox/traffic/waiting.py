"""Waits, inside a workload's network, until every address that it is given answers.

An address is a URL, which must answer well, or a bare port of the workload's, which must be open.
"""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException

from tenacity import RetryError, retry, retry_if_exception_type, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network

_SECONDS = 2
_READY_SECONDS = 180


def wait_until_it_answers(network: Network, *addresses: str) -> None:
    """Until each of these answers inside ``network``.

    Raises :class:`RuntimeFailure` if that takes more than three minutes.
    """
    if not run_inside(network, __name__, addresses):
        raise RuntimeFailure(f"it did not answer within {_READY_SECONDS} seconds")


def answer(addresses: Sequence[str]) -> bool:
    """What :func:`wait_until_it_answers` does, once inside the network."""
    wait = retry(
        retry=retry_if_exception_type((OSError, HTTPException)),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(_READY_SECONDS),
    )
    try:
        wait(_all_answer)(addresses)
    except RetryError:
        return False
    return True


def _all_answer(addresses: Sequence[str]) -> None:
    for address in addresses:
        if address.isdecimal():
            socket.create_connection(("127.0.0.1", int(address)), timeout=_SECONDS).close()
        else:
            urllib.request.urlopen(address, timeout=_SECONDS).close()  # noqa: S310 - the sandbox's own
