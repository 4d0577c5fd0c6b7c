"""Reads addresses, once, from inside the network in which they are."""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence
from http.client import HTTPException

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network

_SECONDS = 5


def answers_well(network: Network, addresses: Sequence[str]) -> bool:
    """Whether each of these URLs answers well, asked from ``network``."""
    return read(network, addresses) is not None


def read(network: Network, addresses: Sequence[str]) -> list[str] | None:
    """What these URLs answer, asked from ``network``; None if one does not answer well."""
    try:
        found: list[str] | None = run_inside(network, __name__, list(addresses))
    except RuntimeFailure:
        # The network itself may be gone.
        return None
    return found


def answer(addresses: list[str]) -> list[str] | None:
    """What :func:`read` does, once inside the network."""
    try:
        return [_read(address) for address in addresses]
    except (OSError, HTTPException):
        return None


def _read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=_SECONDS) as response:  # noqa: S310 - the sandbox's own
        return str(response.read().decode())
