"""The Pulumi schema of the resource `Rollout`."""

from __future__ import annotations

from typing import Any

_PREFIX = "meshwright:index:Rollout"


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _number(description: str) -> dict[str, Any]:
    return {"type": "number", "description": description}


def _whole(description: str) -> dict[str, Any]:
    return {"type": "integer", "description": description}


def _list(kind: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": kind, "description": description}


def _type(name: str) -> dict[str, Any]:
    return {"type": "object", "$ref": f"#/types/{_PREFIX}{name}"}


_STRING: dict[str, Any] = {"type": "string"}

STEP: dict[str, Any] = {
    "weight": _whole("Share of the target in percent, 0 to 100; never below the step before."),
    "durationSeconds": _number("How long the step lasts at least, seconds. Default: 0."),
    "pause": {
        "type": "boolean",
        "description": "Whether it ends only with `meshwright rollout promote`. Default: false.",
    },
    "analyses": _list(_STRING, "Names of the analyses that judge it. Default: all."),
}
ANALYSIS: dict[str, Any] = {
    "name": _text("Name, unique in the rollout."),
    "query": _text(
        "PromQL that gives one number. `{{service}}`, `{{namespace}}`, `{{stable}}`, `{{target}}` "
        "and `{{interval}}` (such as `60s`) are filled in."
    ),
    "min": _number("Least value that passes. Default: no limit."),
    "max": _number("Greatest value that passes. Default: no limit."),
    "intervalSeconds": _number("Time between two measurements, seconds. Default: 60."),
    "failuresAllowed": _whole(
        "How many measurements of one step may fail; one more ends the rollout. Default: 0."
    ),
    "minSamples": _number("How many calls a measurement needs to count. Default: 0."),
    "samplesQuery": _text("PromQL that counts them; required with minSamples. Default: none."),
    "onTooFewSamples": _text(
        "What a measurement with too few calls, or without an answer, means: `wait` or `fail`. "
        "Default: `wait`."
    ),
}
METRICS: dict[str, Any] = {
    "url": _text(
        "Base address of a Prometheus API, the part before `/api/v1/query`; an address below "
        "https://monitoring.googleapis.com/ is asked with Google credentials."
    ),
}
INPUTS: dict[str, Any] = {
    "service": _text("Name of the service, `NAMESPACE/NAME` where it has a namespace."),
    "versions": _list(_STRING, "Names of all its versions."),
    "target": _text("The version that shall serve in the end; another one starts a new rollout."),
    "targetRevision": _text(
        "What tells one content of the target from the next, such as its image: another one "
        "starts the rollout anew. Default: none."
    ),
    "steps": _list(_type("Step"), "The steps to 100 percent, at least one."),
    "analyses": _list(_type("Analysis"), "What judges the target. Default: nothing."),
    "metrics": {**_type("Metrics"), "description": "Whom the analyses ask. Default: nobody."},
}
_SHARES: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer"}}
_POSITION: dict[str, Any] = {
    "phase": _text("`Healthy`, `Pending`, `Progressing`, `Paused` or `Degraded`."),
    "stable": _text("Version that serves, and gets every call back if the target is bad."),
    "target": _text("Version that the rollout goes to."),
    "targetRevision": _text("Content of the target."),
    "weight": _whole("Share of the target in percent."),
    "step": _whole("Number of the step, from 1; 0 outside of steps."),
    "since": _text("When this position was taken, UTC."),
    "reason": _text("Why it was taken."),
    "by": _text("Who gave the order."),
    "pausedBy": _text("`step` or `user` while it is paused."),
    "generation": _whole("Number of moves so far."),
}
_OUTPUTS: dict[str, Any] = {
    "weights": {**_SHARES, "description": "Share of each version in percent; together 100."},
    "matchedWeights": {
        **_SHARES,
        "description": "Shares for the callers who try the target first (A/B test, testers): all "
        "to the target while it is tried, else as `weights`.",
    },
    "phase": _POSITION["phase"],
    "stable": _POSITION["stable"],
    "weight": _POSITION["weight"],
    "step": _POSITION["step"],
    "position": {**_type("Position"), "description": "Where the rollout stands, and why."},
}


def _object(description: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": required,
    }


TYPES: dict[str, Any] = {
    f"{_PREFIX}Step": _object("A step of a rollout.", STEP, ["weight"]),
    f"{_PREFIX}Analysis": _object("A judgement of the target.", ANALYSIS, ["name", "query"]),
    f"{_PREFIX}Metrics": _object("A source of metrics.", METRICS, ["url"]),
    f"{_PREFIX}Position": _object("Where a rollout stands.", _POSITION, sorted(_POSITION)),
}
_REQUIRED = ["service", "steps", "target", "versions"]
RESOURCE: dict[str, Any] = {
    "description": "A rollout's position in the stack's state: the weights of a service's "
    "versions, moved step by step by `meshwright rollout` and kept by every other update.",
    "inputProperties": INPUTS,
    "requiredInputs": _REQUIRED,
    "properties": {**INPUTS, **_OUTPUTS},
    "required": sorted([*_REQUIRED, *_OUTPUTS]),
}
