"""APIs of a project: enabling them, and the agents they act as."""

from __future__ import annotations

import threading
import time
from typing import Any

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.cloud import CloudError
from meshwright_sandbox.plugins.gcp.work import Work

# Seconds that a request waits for others, so that many services are enabled by one call.
_BATCH_WINDOW = 0.3
_LARGEST_BATCH = 20
_POLL = 0.5
_API = "serviceusage.v1"

_waiting: dict[str, set[str]] = {}
_guard = threading.Lock()


def _is_agent(work: Work) -> bool:
    return work.kind.token.endswith("ServiceIdentity")


def _project(work: Work) -> str:
    return f"projects/{work.inputs['project']}"


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Enable the service, or make its agent."""
    if _is_agent(work):
        return work.id, _agent(work)
    service, what = work.inputs["service"], work.describe("enabling")
    if service not in _enabled(work):
        with _guard:
            _waiting.setdefault(_project(work), set()).add(service)
        work.cloud.cancelled.wait(_BATCH_WINDOW)
        _enable_batch(work)
        while service not in _enabled(work):
            if time.monotonic() > work.deadline or work.cloud.cancelled.wait(_POLL):
                raise operations.NotEnded(f"{what}: enabled, but not listed in time; run again")
    return work.id, dict(work.inputs)


def _enable_batch(work: Work) -> None:
    """Enable everything that waits; whoever comes first does it for the others."""
    parent = _project(work)
    with work.cloud.turn(f"services/{parent}"):
        with _guard:
            batch = sorted(_waiting.pop(parent, set()))
        for start in range(0, len(batch), _LARGEST_BATCH):
            chosen = batch[start : start + _LARGEST_BATCH]
            verb, query, body = ("batchEnable", {"parent": parent}, {"serviceIds": chosen})
            if len(chosen) == 1:
                verb, query, body = ("enable", {"name": f"{parent}/services/{chosen[0]}"}, {})
            what = f"enabling {', '.join(chosen)} in {parent}"
            operations.run(work.cloud, _API, f"services.{verb}", query, body, work.deadline, what)


def _enabled(work: Work) -> set[str]:
    found: set[str] = set()
    query: dict[str, Any] = {
        "parent": _project(work),
        "filter": "state:ENABLED",
        "fields": "services/name,nextPageToken",
        "pageSize": 200,
    }
    while "pageToken" not in query or query["pageToken"]:
        page = work.cloud.call(_API, "services.list", query, deadline=work.deadline)
        found |= {item["name"].rpartition("/")[2] for item in page.get("services", [])}
        query["pageToken"] = page.get("nextPageToken", "")
    return found


def _agent(work: Work) -> dict[str, Any]:
    found = operations.run(
        work.cloud,
        "serviceusage.v1beta1",
        "services.generateServiceIdentity",
        {"parent": f"{_project(work)}/services/{work.inputs['service']}"},
        None,
        work.deadline,
        work.describe("generating the identity of"),
    )
    email = found.get("email", "")
    return {**work.inputs, "email": email, "member": f"serviceAccount:{email}" if email else ""}


def read(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the outputs, or None if the service is not enabled."""
    names = {"project", "service", "email", "member", *work.kind.mutable}
    known = {name: work.inputs[name] for name in names & work.inputs.keys()}
    if _is_agent(work):
        return known if known.get("email") else _agent(work)
    return known if work.inputs["service"] in _enabled(work) else None


def update(work: Work, identifier: str, outputs: Any, old: Any) -> dict[str, Any]:
    """Take over settings that only matter at deletion."""
    return dict(work.inputs)


def delete(work: Work, identifier: str) -> None:
    """Disable the service if it is to be disabled; agents stay for good."""
    if _is_agent(work) or not work.inputs.get("disableOnDestroy"):
        return
    query = {"name": f"{_project(work)}/services/{work.inputs['service']}"}
    body = {"disableDependentServices": bool(work.inputs.get("disableDependentServices"))}
    what = work.describe("disabling")
    try:
        operations.run(work.cloud, _API, "services.disable", query, body, work.deadline, what)
    except CloudError as error:
        if error.status != 404:
            raise
