"""Waiting for long-running operations, of each kind that Google's APIs have."""

from __future__ import annotations

import re
import time
from typing import Any

import grpc

from meshwright_sandbox.plugins.gcp.cloud import Cloud, CloudError
from meshwright_sandbox.plugins.gcp.schema import method_of
from meshwright_sandbox.plugins.serving import PluginError

_FIRST, _GROWTH, _LONGEST = 0.1, 1.4, 5.0
# How often an operation that was just started may be unknown to the service.
_UNSEEN = 5


class OperationFailed(PluginError):
    """The operation ended in an error."""


class NotEnded(PluginError):
    """The operation did not end in time, or the engine asked to stop."""


def run(
    cloud: Cloud,
    api: str,
    method: str,
    parameters: dict[str, Any],
    body: Any,
    deadline: float,
    what: str,
) -> dict[str, Any]:
    """Call a method, wait for the operation it starts, and return what came of it.

    Raises:
        CloudError: if the call is refused, with ``what`` in front of its text.
    """
    try:
        answer = cloud.call(api, method, parameters, body, deadline)
    except CloudError as error:
        error.args = (f"{what}: {error}",)
        raise
    if is_operation(api, method):
        return wait(cloud, api, answer, deadline, what)
    return answer


def is_operation(api: str, method: str) -> bool:
    """Whether the method answers with an operation rather than with the resource."""
    return method_of(api, method).get("response", {}).get("$ref", "").endswith("Operation")


def wait(
    cloud: Cloud, api: str, operation: dict[str, Any], deadline: float, what: str
) -> dict[str, Any]:
    """Poll an operation until it is done and return its response, if it has one.

    Raises:
        OperationFailed: if it ended in an error.
        NotEnded: if ``deadline`` (``time.monotonic``) passed, or the engine asked to stop.
    """
    pause, unseen, started = _FIRST, 0, time.monotonic()
    while not (operation.get("done") or operation.get("status") == "DONE"):
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise NotEnded(
                f"{what}: still {operation.get('status') or 'not done'} after"
                f" {time.monotonic() - started:.0f} s (operation {operation['name']}); run again to"
                " go on waiting, or give it more time with the resource option `custom_timeouts`"
            )
        if cloud.cancelled.wait(min(pause, remaining)):
            raise NotEnded(f"{what}: stopped by the engine", grpc.StatusCode.CANCELLED)
        pause = min(pause * _GROWTH, _LONGEST)
        try:
            operation = cloud.call(api, *_poll(operation), deadline=deadline)
        except CloudError as error:
            unseen += 1
            if error.status != 404 or unseen > _UNSEEN:
                raise
    if error := operation.get("error"):
        several = [f"{e.get('code')}: {e.get('message')}" for e in error.get("errors", [])]
        told = "; ".join(several) or error.get("message")
        name = operation["name"]
        raise OperationFailed(
            f"{what}: the operation {name} failed: {told}; mend the cause and run again"
        )
    return operation.get("response", {})


def _poll(operation: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the method that reads an operation, and its parameters."""
    name, link = operation["name"], operation.get("selfLink", "")
    if operation.get("kind") == "compute#operation":
        match = re.search(r"projects/([^/]+)/(?:global|(zone|region)s/([^/]+))/operations", link)
        project, scope, place = match.groups() if match else ("", None, None)
        found = {"project": project, "operation": name, str(scope): place}
        return f"{scope or 'global'}Operations.get", found
    if "/" not in name:  # GKE gives the bare name, and the place only in the link
        place = re.sub(r"^.*?projects/([^/]+)/(?:locations|zones)/([^/]+)/.*", r"\1/\2", link)
        name = "projects/{}/locations/{}/operations/{}".format(*place.split("/"), name)
    collection = "operations" if name.startswith("operations/") else "projects.locations.operations"
    return f"{collection}.get", {"name": name}
