"""Waiting for long-running operations, of each kind that Google's APIs have."""

from __future__ import annotations

import re
import time
from typing import Any

from meshwright_sandbox.plugins.gcp.cloud import Cancelled, Cloud, CloudError
from meshwright_sandbox.plugins.gcp.kinds import last_segment
from meshwright_sandbox.plugins.gcp.schema import methods
from meshwright_sandbox.plugins.serving import PluginError

_FIRST, _GROWTH, _LONGEST = 0.1, 1.4, 5.0
_UNSEEN = 5
"""How often an operation that was just started may be unknown to the service."""


class OperationFailed(PluginError):
    """The operation ended in an error."""


class TimedOut(PluginError):
    """The operation did not end in time."""

    def __init__(self, message: str, operation: dict[str, Any]) -> None:
        super().__init__(message)
        self.operation = operation


def is_operation(api: str, method: str) -> bool:
    """Whether the method answers with an operation rather than with the resource."""
    collection, _, verb = method.rpartition(".")
    response = methods(api, collection)[verb].get("response", {})
    return response.get("$ref", "").endswith("Operation")


def wait(cloud: Cloud, api: str, operation: dict[str, Any], deadline: float, what: str) -> Any:
    """Poll an operation until it is done.

    Args:
        cloud: where it runs.
        api: discovery document of the service.
        operation: the answer that started it.
        deadline: moment (``time.monotonic``) to give up.
        what: what is being done, for messages.

    Returns:
        The operation's response, if it has one.

    Raises:
        OperationFailed: if it ended in an error.
        TimedOut: if it was not done in time.
        Cancelled: if the engine asked to stop.
    """
    pause, unseen = _FIRST, 0
    started = time.monotonic()
    while not _done(operation):
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            state = operation.get("status") or "not done"
            raise TimedOut(
                f"{what}: still {state} after {time.monotonic() - started:.0f} s (operation"
                f" {operation.get('name')}); run again to go on waiting, or give it more time with"
                " the resource option `custom_timeouts`",
                operation,
            )
        if cloud.cancelled.wait(min(pause, remaining)):
            raise Cancelled(what)
        pause = min(pause * _GROWTH, _LONGEST)
        try:
            operation = _poll(cloud, api, operation, deadline)
        except CloudError as error:
            unseen += 1
            if error.status != 404 or unseen > _UNSEEN:
                raise
    if failure := _failure(operation):
        raise OperationFailed(
            f"{what}: the operation {operation.get('name')} failed: {failure}; mend the cause and"
            " run again"
        )
    return operation.get("response", {})


def _done(operation: dict[str, Any]) -> bool:
    return bool(operation.get("done")) or operation.get("status") == "DONE"


def _failure(operation: dict[str, Any]) -> str:
    error = operation.get("error") or {}
    several = [f"{e.get('code')}: {e.get('message')}" for e in error.get("errors", [])]
    if several:
        return "; ".join(several)
    return str(error.get("message") or (error and error) or "")


def _poll(cloud: Cloud, api: str, operation: dict[str, Any], deadline: float) -> dict[str, Any]:
    name = operation["name"]
    if operation.get("kind") == "compute#operation":
        link = operation.get("selfLink", "")
        match = re.search(r"projects/([^/]+)/(?:global|(zone|region)s/([^/]+))/operations", link)
        project, scope, place = match.groups() if match else ("", None, None)
        parameters = {"project": project, "operation": name, str(scope): place}
        return cloud.call(api, f"{scope or 'global'}Operations.get", parameters, deadline=deadline)
    if "/" not in name:  # GKE gives the bare name, and the place only in the link
        match = re.search(r"projects/([^/]+)/(?:locations|zones)/([^/]+)/", operation["selfLink"])
        project, place = match.groups() if match else ("", operation.get("zone", ""))
        name = f"projects/{project}/locations/{place}/operations/{last_segment(name)}"
    collection = "operations" if name.startswith("operations/") else "projects.locations.operations"
    return cloud.call(api, f"{collection}.get", {"name": name}, deadline=deadline)
