"""The running emulator's own surface, as commands call it."""

from __future__ import annotations

from typing import Any

import urllib3

from meshwright_sandbox.daemon.home import SandboxError, Settings


def request(
    settings: Settings, method: str, path: str, body: Any = None, *, seconds: float = 30
) -> Any:
    """Call the emulator's own surface; raises :class:`SandboxError` with its answer."""
    try:
        with urllib3.PoolManager(retries=False, timeout=seconds) as pool:
            answer = pool.request(method, f"{settings.url}/_sandbox/{path}", json=body)
        content: Any = answer.json() if answer.data else None
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise SandboxError(
            f"the sandbox does not answer at {settings.url}; see `meshwright sandbox status`, and "
            "start it with `meshwright sandbox up`"
        ) from error
    if answer.status >= 400:
        raise SandboxError(f"the sandbox refused: {content['error']['message']}")
    return content


def healthy(settings: Settings) -> bool:
    """Whether the emulator answers."""
    try:
        request(settings, "GET", "health")
    except SandboxError:
        return False
    return True
