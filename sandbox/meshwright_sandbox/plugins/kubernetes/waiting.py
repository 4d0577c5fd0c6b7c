"""Wait until an object does what it is for, as the official provider does.

What ready means is told in `readiness`. Annotation: ``pulumi.com/timeoutSeconds``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from meshwright_sandbox.plugins.kubernetes.cluster import ApiError, Cluster, Kind, Unreachable
from meshwright_sandbox.plugins.kubernetes.objects import annotation
from meshwright_sandbox.plugins.kubernetes.readiness import Failed, Live, condition_of, missing
from meshwright_sandbox.plugins.serving import PluginError

DEFAULT_TIMEOUT_SECONDS = 600
_PROGRESS_SECONDS = 15
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0


@dataclass(frozen=True)
class Wait:
    """How long to wait, what ends it early, and whom to tell every 15 seconds."""

    timeout: float
    cancelled: threading.Event
    progress: Callable[[str], None]

    def until(self, lacking: Callable[[], list[str]]) -> str | None:
        """Ask until nothing is lacking; return how the wait ended if it was not so."""
        start = told = time.monotonic()
        pause = _FIRST_PAUSE
        while found := lacking():
            text = "; ".join(found)
            now = time.monotonic()
            if now - start + pause > self.timeout:
                return f"timed out after {self.timeout:.0f} s: {text}"
            if now - told > _PROGRESS_SECONDS:
                self.progress(f"waiting: {text}")
                told = now
            if self.cancelled.wait(pause):
                return f"was cancelled while waiting: {text}"
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return None


def timeout_of(manifest: Live, requested: float) -> float:
    """Return the time limit in seconds: the resource option, the annotation, or the default."""
    return requested or float(
        annotation(manifest, "pulumi.com/timeoutSeconds") or DEFAULT_TIMEOUT_SECONDS
    )


def wait_until_ready(
    cluster: Cluster, kind: Kind, live: dict[str, Any], wait: Wait
) -> tuple[dict[str, Any], list[str]]:
    """Poll the object until it is ready, or time is up, or the update is cancelled.

    Returns:
        The object as last seen, and what it lacks (empty when it is ready).
    """
    metadata = live["metadata"]
    last = live

    def lacking() -> list[str]:
        nonlocal last
        try:
            seen = cluster.get(kind, metadata.get("namespace"), metadata["name"])
        except (ApiError, Unreachable) as error:
            # The object is there, so the wait must not end as if it were not.
            return [str(error)]
        if seen is None:
            raise Failed("it was deleted by someone else while it was being waited for")
        last = seen
        return _asked(cluster, seen)

    try:
        ended = wait.until(lacking) if _asked(cluster, live) else None
    except Failed as failure:
        ended = str(failure)
    return last, [ended, *_pod_reasons(cluster, last)] if ended else []


def _asked(cluster: Cluster, live: Live) -> list[str]:
    """Return what is missing; what cannot be asked now is missing, too, as the object is there."""
    try:
        return missing(cluster, live)
    except (ApiError, Unreachable) as error:
        return [str(error)]


def wait_until_gone(cluster: Cluster, kind: Kind, live: Live, wait: Wait) -> None:
    """Poll until the object, or at least this incarnation of it, exists no more.

    Raises:
        PluginError: time is up; says which finalizers hold the object.
    """
    metadata = live["metadata"]

    def lacking() -> list[str]:
        seen = cluster.get(kind, metadata.get("namespace"), metadata["name"])
        if seen is None or seen["metadata"]["uid"] != metadata["uid"]:
            return []
        of_namespace = (seen.get("spec") or {}).get("finalizers") or []
        finalizers = [*(seen["metadata"].get("finalizers") or []), *of_namespace]
        return [f"held by its finalizers {', '.join(finalizers)}" if finalizers else "still there"]

    ended = wait.until(lacking)
    if ended:
        raise PluginError(
            f"the deletion {ended}. See why with `kubectl describe`, or allow more time with the "
            "resource option customTimeouts.delete."
        )


def _pod_reasons(cluster: Cluster, live: Live) -> list[str]:
    """Return why the object's pods are not running, for the kinds that have pods."""
    labels = ((live.get("spec") or {}).get("selector") or {}).get("matchLabels")
    if live.get("kind") == "Service" or not labels:
        return []
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    path = Kind("v1", "pods", namespaced=True).path(live["metadata"].get("namespace"))
    try:
        pods = cluster.list(path, labelSelector=selector, limit="20")
    except (ApiError, Unreachable) as error:
        return [f"its pods cannot be looked at: {error}"]
    if not pods:
        return ["it has no pods"]
    return [f"pod {pod['metadata']['name']}: {reason}" for pod in pods for reason in _reasons(pod)][
        :10
    ]


def _reasons(pod: Live) -> list[str]:
    status = pod.get("status") or {}
    reasons = []
    for container in status.get("containerStatuses") or []:
        state = container.get("state") or {}
        stopped = state.get("waiting") or state.get("terminated")
        if stopped and not container.get("ready"):
            detail = stopped.get("message") or ""
            reasons.append(f"{container['name']} {stopped.get('reason')} {detail}".strip())
    for name in ("PodScheduled", "Ready"):
        condition = condition_of(pod, name)
        if not reasons and condition.get("status") == "False":
            reasons.append(f"{condition.get('reason')} {condition.get('message', '')}".strip())
    return reasons or ([] if status.get("phase") == "Running" else [f"is {status.get('phase')}"])
