"""Waits, inside a workload's network, until every address that it is given answers.

An address is a URL, which must answer well, or one that must take connections: `HOST:PORT`, or a
bare port of the workload's.
"""

from __future__ import annotations

import socket
import urllib.request
from http.client import HTTPException
from typing import Any

from tenacity import RetryError, retry, retry_if_exception_type, stop_after_delay, wait_fixed

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network

_SECONDS = 2
_READY_SECONDS = 180


def wait_until_it_answers(
    network: Network, *addresses: str, seconds: float = _READY_SECONDS
) -> None:
    """Until each of these answers inside ``network``.

    Raises :class:`RuntimeFailure` if that takes more than ``seconds``; default: three minutes.
    """
    if not run_inside(network, __name__, {"addresses": addresses, "seconds": seconds}):
        raise RuntimeFailure(f"it did not answer within {seconds:g} seconds")


def answer(asked: dict[str, Any]) -> bool:
    """What :func:`wait_until_it_answers` does, once inside the network."""
    wait = retry(
        retry=retry_if_exception_type((OSError, HTTPException)),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(asked["seconds"]),
    )
    try:
        wait(_all_answer)(asked["addresses"])
    except RetryError:
        return False
    return True


def _all_answer(addresses: list[str]) -> None:
    for address in addresses:
        if "://" in address:
            urllib.request.urlopen(address, timeout=_SECONDS).close()  # noqa: S310 - the sandbox's own
        else:
            host, _, port = address.rpartition(":")
            socket.create_connection((host or "127.0.0.1", int(port)), timeout=_SECONDS).close()
