"""The resource option `ignoreChanges`: fields that others than the program may set."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from meshwright_sandbox.plugins.kubernetes.cluster import Cluster, KindNotServed
from meshwright_sandbox.plugins.kubernetes.objects import to_sdk


def leaving_live(
    cluster: Cluster,
    manifest: dict[str, Any],
    state: Mapping[str, Any],
    ignored: Sequence[str],
) -> dict[str, Any]:
    """Return the manifest with what the API server has now where the program ignores changes.

    So it is neither set back, nor in conflict with who set it.
    """
    metadata = state["metadata"]
    try:
        kind = cluster.kind(manifest["apiVersion"], manifest["kind"]) if ignored else None
        live = kind and cluster.get(kind, metadata.get("namespace"), metadata["name"])
    except KindNotServed:
        live = None
    if not live:
        return manifest
    result = copy.deepcopy(manifest)
    for path in ignored:
        _take(result, to_sdk(live), _steps(path))
    return result


def _take(into: Any, live: Any, steps: Sequence[str | int]) -> None:
    head, *rest = steps
    if head == "*":
        for key in list(into) if isinstance(into, dict) else range(len(into or ())):
            _take(into, live, [key, *rest])
    elif _has(live, head) and (_has(into, head) or (isinstance(into, dict) and not rest)):
        if rest:
            _take(into[head], live[head], rest)
        else:
            into[head] = copy.deepcopy(live[head])


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, Mapping):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _steps(path: str) -> list[str | int]:
    """Return the steps of a property path such as `spec.ports[0]["node port"]`."""
    found = re.findall(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[?(\*)\]?|([^.\[\]]+)', path)
    return [
        int(index) if index else quoted or star or plain for quoted, index, star, plain in found
    ]
