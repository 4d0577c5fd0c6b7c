"""What single resource types need beyond the table: last changes to bodies and outputs."""

from __future__ import annotations

import json
from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import put


def switch_log_on(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    """The API has a switch where Pulumi has the presence of the block."""
    log = body.get("logConfig") or {}
    body["logConfig"] = {**log, "enable": bool(inputs.get("logConfig"))}


def hide_log_off(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    if not (answer.get("logConfig") or {}).get("enable"):
        outputs.pop("logConfig", None)


def hub_link(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    """A membership's cluster is named with its service in front."""
    cluster = (body.get("endpoint") or {}).get("gkeCluster") or {}
    link = cluster.get("resourceLink", "")
    if link and not link.startswith("//"):
        cluster["resourceLink"] = f"//container.googleapis.com/{link}"


def feature_states(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    if state := answer.get("state"):
        outputs["states"] = [{"states": [state.get("state") or {}]}]
    if state := answer.get("resourceState"):
        outputs["resourceStates"] = [state]


def fleet_state(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    outputs["states"] = [answer.get("state") or {}]


def dashboard_body(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    body.clear()
    body.update(json.loads(inputs["dashboardJson"]))


def dashboard_json(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    kept = {key: value for key, value in answer.items() if key not in ("etag", "name")}
    outputs["dashboardJson"] = json.dumps(kept, sort_keys=True)


def bucket_lifecycle(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    for rule in (body.get("lifecycle") or {}).get("rule") or []:
        states = {"LIVE": True, "ARCHIVED": False}
        state = rule.get("condition", {}).pop("withState", None)
        if state in states:
            put(rule, "condition.isLive", states[state])
