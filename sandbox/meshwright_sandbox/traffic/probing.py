"""Asks, once, whether addresses answer, from inside the network in which they are."""

from __future__ import annotations

import urllib.request
from collections.abc import Sequence

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network

_SECONDS = 2


def answers_well(network: Network, addresses: Sequence[str]) -> bool:
    """Whether each of these URLs answers well, asked from ``network``."""
    try:
        return bool(run_inside(network, __name__, list(addresses)))
    except RuntimeFailure:
        # The network itself may be gone.
        return False


def answer(addresses: list[str]) -> bool:
    """What :func:`answers_well` does, once inside the network."""
    try:
        for address in addresses:
            urllib.request.urlopen(address, timeout=_SECONDS).close()  # noqa: S310 - the sandbox's own
    except OSError:
        return False
    return True
