"""Dashboards: one property holds the whole resource as JSON, and an update replaces all of it."""

from __future__ import annotations

import json
from typing import Any

from meshwright_sandbox.plugins.gcp import operations
from meshwright_sandbox.plugins.gcp.kinds import relative
from meshwright_sandbox.plugins.gcp.lifecycle import delete, live_answer
from meshwright_sandbox.plugins.gcp.work import Work

__all__ = ["create", "delete", "read", "update"]
_JSON = "dashboardJson"


def _send(work: Work, verb: str, query: dict[str, Any], body: Any, what: str) -> dict[str, Any]:
    method = f"{work.kind.collection}.{verb}"
    return operations.run(work.cloud, work.kind.api, method, query, body, work.deadline, what)


def create(work: Work) -> tuple[str, dict[str, Any]]:
    """Make the dashboard; its name comes back from the API."""
    parent = {"parent": f"projects/{work.inputs['project']}"}
    body = json.loads(work.inputs[_JSON])
    answer = _send(work, "create", parent, body, work.describe("creating"))
    identifier = relative(answer["name"])
    return identifier, read(work, identifier) or dict(work.inputs)


def read(work: Work, identifier: str) -> dict[str, Any] | None:
    """Return the outputs; what the API adds to the JSON by itself is left out."""
    live = live_answer(work, identifier)
    if live is None:
        return None
    asked = json.loads(work.inputs.get(_JSON) or "{}")
    same = bool(asked) and _like(live, asked) == asked
    found = work.inputs[_JSON] if same else json.dumps(live, sort_keys=True)
    project = work.identity(identifier)["project"]
    return {"deletionPolicy": "DELETE", **work.inputs, "project": project, _JSON: found}


def update(work: Work, identifier: str, outputs: Any, old: Any) -> dict[str, Any]:
    """Replace the dashboard, unless somebody else did so in between."""
    live = live_answer(work, identifier) or {}
    body = {**json.loads(work.inputs[_JSON]), "etag": live.get("etag", "")}
    _send(work, "patch", {"name": identifier}, body, work.describe("updating", identifier))
    return read(work, identifier) or dict(work.inputs)


def _like(live: Any, asked: Any) -> Any:
    """Return the live value without the keys that the program does not name."""
    if isinstance(live, dict) and isinstance(asked, dict):
        return {key: _like(value, asked[key]) for key, value in live.items() if key in asked}
    if isinstance(live, list) and isinstance(asked, list) and len(live) == len(asked):
        return [_like(value, wanted) for value, wanted in zip(live, asked, strict=True)]
    return live
