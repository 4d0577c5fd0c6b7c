"""What a rollout's inputs must say, whichever language wrote them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard, cast

from pulumi.runtime import rpc

from meshwright_provider.rollout_schema import ANALYSIS, INPUTS, METRICS, STEP

INPUT_NAMES = tuple(INPUTS)
ON_TOO_FEW = ("wait", "fail")

Problem = tuple[str, str]


def problems(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Every mistake: the property's path, and what is wrong with it."""
    yield from _shape(inputs, INPUTS, ("service", "steps", "target", "versions"), "")
    versions = _texts(inputs.get("versions"))
    target = inputs.get("target")
    if isinstance(inputs.get("versions"), list) and len(set(versions)) < len(versions):
        yield "versions", "names a version twice"
    known = isinstance(target, str) and rpc.UNKNOWN not in (target, *versions)
    if known and versions and target not in versions:
        yield "target", f"{target!r} is no version of the service: {', '.join(versions)}"
    names = [str(entry.get("name")) for entry in _maps(inputs.get("analyses"))]
    yield from _steps(_maps(inputs.get("steps")), names)
    for index, analysis in enumerate(_maps(inputs.get("analyses"))):
        yield from _analysis(analysis, f"analyses[{index}]")
        if names.index(names[index]) != index:
            yield f"analyses[{index}].name", "is the name of another analysis too"
    if isinstance(inputs.get("metrics"), Mapping):
        metrics = cast(Mapping[str, Any], inputs["metrics"])
        yield from _shape(metrics, METRICS, ("url",), "metrics.")
        url = metrics.get("url")
        if isinstance(url, str) and not url.startswith(("http://", "https://", rpc.UNKNOWN)):
            yield "metrics.url", "is the address of a Prometheus API, http:// or https://"
    if names and not inputs.get("metrics"):
        yield "metrics", "is required where there are analyses: whom they ask"


def _steps(steps: Sequence[Mapping[str, Any]], names: list[str]) -> Iterator[Problem]:
    if not steps:
        yield "steps", "must name at least one step"
    before = 0
    for index, step in enumerate(steps):
        path = f"steps[{index}]"
        yield from _shape(step, STEP, ("weight",), f"{path}.")
        weight = step.get("weight")
        if _is_number(weight):
            if weight not in range(101):
                yield f"{path}.weight", f"must be a whole number from 0 to 100, not {weight:g}"
            elif weight < before:
                yield f"{path}.weight", f"must not fall: the step before has {before:g}"
            before = max(before, weight)
        duration = step.get("durationSeconds", 0)
        if _is_number(duration) and duration < 0:
            yield f"{path}.durationSeconds", "must not be below 0"
        for name in _texts(step.get("analyses")):
            if name not in names:
                yield f"{path}.analyses", f"{name!r} is no analysis of this rollout"


def _analysis(analysis: Mapping[str, Any], path: str) -> Iterator[Problem]:
    yield from _shape(analysis, ANALYSIS, ("name", "query"), f"{path}.")
    low, high = analysis.get("min"), analysis.get("max")
    if low is None and high is None:
        yield f"{path}.max", "a threshold is required: min, max or both"
    if _is_number(low) and _is_number(high) and low > high:
        yield f"{path}.min", f"{low:g} is above max, {high:g}: nothing could pass"
    for name, least in (("intervalSeconds", 0.1), ("failuresAllowed", 0), ("minSamples", 0)):
        value = analysis.get(name, least)
        if _is_number(value) and value < least:
            yield f"{path}.{name}", f"must be at least {least}"
    if analysis.get("minSamples") and not analysis.get("samplesQuery"):
        yield f"{path}.samplesQuery", "is required with minSamples: the query that counts them"
    word = analysis.get("onTooFewSamples", "wait")
    if word not in ON_TOO_FEW:
        yield f"{path}.onTooFewSamples", f"must be one of {', '.join(ON_TOO_FEW)}, not {word!r}"


_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _shape(
    given: Mapping[str, Any], known: Mapping[str, Any], required: Sequence[str], prefix: str
) -> Iterator[Problem]:
    for name in sorted(given.keys() - known.keys()):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        yield f"{prefix}{name}", f"unknown property; {hint}"
    for name in required:
        if given.get(name) in (None, ""):
            yield f"{prefix}{name}", "is required"
    for name, value in given.items():
        if name not in known or value is None or value == rpc.UNKNOWN:
            continue
        kind = known[name]["type"]
        wrong = not isinstance(value, _KINDS[kind])
        if wrong or (isinstance(value, bool) and kind != "boolean"):
            yield f"{prefix}{name}", f"must be of type {kind}"
        elif kind == "array":
            inner = known[name]["items"]["type"]
            for index, entry in enumerate(cast("list[object]", value)):
                if not isinstance(entry, _KINDS[inner]):
                    yield f"{prefix}{name}[{index}]", f"must be of type {inner}"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _maps(value: object) -> list[Mapping[str, Any]]:
    entries = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, Any]", entry) for entry in entries if isinstance(entry, Mapping)]


def _texts(value: object) -> list[str]:
    entries = cast("list[object]", value) if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, str)]
