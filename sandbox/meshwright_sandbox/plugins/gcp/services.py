"""APIs of a project: enabling them, and the agents they act as."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import Cancelled, CloudError
from meshwright_sandbox.plugins.gcp.work import Work

_BATCH_WINDOW = 0.3
"""Seconds that a request waits for others, so that many services are enabled by one call."""
_LARGEST_BATCH = 20
_POLL = 0.5

_waiting: dict[str, set[str]] = {}
_waiting_lock = threading.Lock()


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Enable the service, or make its agent."""
    if work.kind.token.endswith("ServiceIdentity"):
        return work.id, _identity(work)
    project, service = work.inputs["project"], work.inputs["service"]
    if service not in _enabled(work):
        with _waiting_lock:
            _waiting.setdefault(project, set()).add(service)
        if work.cloud.cancelled.wait(_BATCH_WINDOW):
            raise Cancelled(work.describe("enabling"))
        _enable_batch(work, project)
        _until_listed(work, service)
    return work.id, dict(work.inputs)


def _enable_batch(work: Work, project: str) -> None:
    """Enable everything that waits; whoever comes first does it for the others."""
    with work.cloud.turn(f"services/{project}"):
        with _waiting_lock:
            batch = sorted(_waiting.pop(project, set()))
        for start in range(0, len(batch), _LARGEST_BATCH):
            chosen = batch[start : start + _LARGEST_BATCH]
            parent = {"parent": f"projects/{project}"}
            what = f"enabling {', '.join(chosen)} in project {project}"
            if len(chosen) == 1:
                parent = {"name": f"projects/{project}/services/{chosen[0]}"}
                method, body = "services.enable", {}
            else:
                method, body = "services.batchEnable", {"serviceIds": chosen}
            try:
                answer = work.cloud.call(
                    "serviceusage.v1", method, parent, body, deadline=work.deadline
                )
            except CloudError as error:
                error.args = (f"{what}: {error}",)
                raise
            operations.wait(work.cloud, "serviceusage.v1", answer, work.deadline, what)


def _until_listed(work: Work, service: str) -> None:
    while service not in _enabled(work):
        if time.monotonic() > work.deadline:
            raise operations.TimedOut(
                f"{work.describe('enabling')}: it was enabled but is not listed; run again", {}
            )
        if work.cloud.cancelled.wait(_POLL):
            raise Cancelled(work.describe("enabling"))


def _enabled(work: Work) -> set[str]:
    project = work.inputs["project"]
    found: set[str] = set()
    query: dict[str, Any] = {
        "parent": f"projects/{project}",
        "filter": "state:ENABLED",
        "fields": "services/name,nextPageToken",
        "pageSize": 200,
    }
    while True:
        page = work.cloud.call("serviceusage.v1", "services.list", query, deadline=work.deadline)
        found |= {item["name"].rpartition("/")[2] for item in page.get("services", [])}
        if not page.get("nextPageToken"):
            return found
        query["pageToken"] = page["nextPageToken"]


def _identity(work: Work) -> dict[str, Any]:
    what = work.describe("generating the identity of")
    query = {"parent": f"projects/{work.inputs['project']}/services/{work.inputs['service']}"}
    answer = work.cloud.call(
        "serviceusage.v1beta1", "services.generateServiceIdentity", query, deadline=work.deadline
    )
    found = operations.wait(work.cloud, "serviceusage.v1", answer, work.deadline, what)
    email = found.get("email", "")
    return {**work.inputs, "email": email, "member": f"serviceAccount:{email}" if email else ""}


def read(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the outputs, or None if the service is not enabled."""
    if work.kind.token.endswith("ServiceIdentity"):
        known = {name: work.inputs.get(name) for name in ("email", "member", "project", "service")}
        return known if known["email"] else _identity(work)
    if work.inputs["service"] not in _enabled(work):
        return None
    settings = ("project", "service", *work.kind.mutable)
    return {name: work.inputs[name] for name in settings if name in work.inputs}


def update(
    work: Work, identifier: str, outputs: Mapping[str, Any], old: Mapping[str, Any]
) -> dict[str, Any]:
    """Take over settings that only matter at deletion."""
    return {**{k: v for k, v in outputs.items() if k not in work.kind.mutable}, **work.inputs}


def delete(work: Work, identifier: str, outputs: Mapping[str, Any]) -> None:
    """Disable the service if it is to be disabled; agents stay for good."""
    if work.kind.token.endswith("ServiceIdentity") or not outputs.get("disableOnDestroy"):
        return
    what = work.describe("disabling")
    body = {"disableDependentServices": bool(outputs.get("disableDependentServices"))}
    name = f"projects/{work.inputs['project']}/services/{work.inputs['service']}"
    try:
        answer = work.cloud.call(
            "serviceusage.v1", "services.disable", {"name": name}, body, deadline=work.deadline
        )
    except CloudError as error:
        if error.status == 404:
            return
        error.args = (f"{what}: {error}",)
        raise
    operations.wait(work.cloud, "serviceusage.v1", answer, work.deadline, what)
