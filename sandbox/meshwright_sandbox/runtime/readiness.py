"""Asks, once, whether an API server is ready, from inside the sandbox's network."""

from __future__ import annotations

import ssl
import urllib.request
from http.client import HTTPException

from meshwright_sandbox.runtime.inside import run_inside
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network

_SECONDS = 30


def is_ready(network: Network, port: int, ca_certificate: str, token: str) -> bool:
    """Whether the API server at ``port`` of ``network`` says that it is ready."""
    asked = {"port": port, "ca_certificate": ca_certificate, "token": token}
    try:
        return bool(run_inside(network, __name__, asked))
    except RuntimeFailure:
        # The network itself may be gone.
        return False


def answer(asked: dict[str, str]) -> bool:
    """What :func:`is_ready` does, once inside the network."""
    request = urllib.request.Request(f"https://127.0.0.1:{asked['port']}/readyz")
    request.add_header("Authorization", f"Bearer {asked['token']}")
    context = ssl.create_default_context(cadata=asked["ca_certificate"])
    try:
        urllib.request.urlopen(request, timeout=_SECONDS, context=context).close()  # noqa: S310 - the sandbox's own
    except (OSError, HTTPException):
        return False
    return True
