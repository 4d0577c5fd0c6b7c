"""Wait until an object does what it is for, as the official provider does.

Which conditions mean ready: https://www.pulumi.com/registry/packages/kubernetes/#await-logic.
Annotations: ``pulumi.com/skipAwait``, ``pulumi.com/waitFor``, ``pulumi.com/timeoutSeconds``.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from meshwright_sandbox.plugins.kubernetes.cluster import ApiError, Cluster, Kind, Unreachable
from meshwright_sandbox.plugins.kubernetes.objects import annotation
from meshwright_sandbox.plugins.serving import PluginError

DEFAULT_TIMEOUT_SECONDS = 600
_PROGRESS_SECONDS = 15
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0

Live = Mapping[str, Any]


class Failed(Exception):
    """The object can never become ready by waiting."""


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


def missing(live: Live) -> list[str]:
    """Return what the object still lacks, one sentence each; empty once it is ready.

    Raises:
        Failed: it has failed for good.
        PluginError: its waitFor annotation cannot be read.
    """
    if annotation(live, "pulumi.com/skipAwait") == "true":
        return []
    if wanted := _wanted(live):
        return [text for expression in wanted for text in _unmet(live, expression)]
    group = str(live.get("apiVersion")).rpartition("/")[0]
    check = _CHECKS.get(f"{group}/{live.get('kind')}")
    return check(live) if check else []


def refuse_unreadable(manifest: Live) -> None:
    """Raise a PluginError where the waitFor annotation cannot be read."""
    for expression in _wanted(manifest):
        _unmet(manifest, expression)


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
        return missing(seen)

    try:
        ended = wait.until(lacking) if missing(live) else None
    except Failed as failure:
        ended = str(failure)
    return last, [ended, *_pod_reasons(cluster, last)] if ended else []


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


def _condition(live: Live, name: str) -> Mapping[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or []
    return next((item for item in conditions if item.get("type") == name), {})


def _needs_condition(name: str) -> Callable[[Live], list[str]]:
    def check(live: Live) -> list[str]:
        condition = _condition(live, name)
        if condition.get("status") == "True":
            return []
        why = " ".join(filter(None, (condition.get("reason"), condition.get("message"))))
        return [
            f"condition {name} is {condition.get('status', 'not there')}" + (why and f": {why}")
        ]

    return check


def _deployment(live: Live) -> list[str]:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    progressing = _condition(live, "Progressing")
    lacking = _observed(live)
    if not lacking and progressing.get("reason") == "ProgressDeadlineExceeded":
        raise Failed(f"the rollout has failed: {progressing.get('message')}")
    lacking += _count(status, "updatedReplicas", wanted, "updated")
    lacking += _count(status, "availableReplicas", wanted, "available")
    if status.get("replicas", 0) > wanted:
        lacking.append(f"{status['replicas'] - wanted} old replicas are still there")
    refused = _condition(live, "ReplicaFailure")
    if lacking and refused.get("status") == "True":
        lacking.append(f"pods cannot be made: {refused.get('message')}")
    return lacking


def _stateful_set(live: Live) -> list[str]:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    lacking = _observed(live) + _count(status, "readyReplicas", wanted, "ready")
    if live["spec"].get("updateStrategy", {}).get("type") != "OnDelete":
        lacking += _count(status, "updatedReplicas", wanted, "updated")
    return lacking


def _daemon_set(live: Live) -> list[str]:
    status = live.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    lacking = _observed(live) + _count(status, "numberAvailable", wanted, "available")
    return lacking + _count(status, "updatedNumberScheduled", wanted, "updated")


def _observed(live: Live) -> list[str]:
    seen = (live.get("status") or {}).get("observedGeneration", 0)
    return [] if seen >= live["metadata"]["generation"] else ["its controller has not seen it yet"]


def _count(status: Live, field: str, wanted: int, word: str) -> list[str]:
    there = status.get(field, 0)
    return [] if there >= wanted else [f"{there} of {wanted} replicas are {word}"]


def _service(live: Live) -> list[str]:
    if live["spec"].get("type") != "LoadBalancer":
        return []
    ingress = ((live.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return [] if ingress else ["the load balancer has no address yet"]


def _secret(live: Live) -> list[str]:
    if live.get("type") != "kubernetes.io/service-account-token":
        return []
    return [] if "token" in (live.get("data") or {}) else ["its token has not been made yet"]


def _job(live: Live) -> list[str]:
    failed = _condition(live, "Failed")
    if failed.get("status") == "True":
        raise Failed(f"the job has failed: {failed.get('reason')} {failed.get('message')}")
    return _needs_condition("Complete")(live)


def _pod(live: Live) -> list[str]:
    phase = (live.get("status") or {}).get("phase")
    if phase == "Failed":
        raise Failed(f"the pod has failed: {(live['status']).get('message', 'no message')}")
    return [] if phase == "Succeeded" else _needs_condition("Ready")(live)


def _phase(wanted: str) -> Callable[[Live], list[str]]:
    def check(live: Live) -> list[str]:
        phase = (live.get("status") or {}).get("phase")
        return [] if phase == wanted else [f"phase is {phase}, not {wanted}"]

    return check


_CHECKS: Mapping[str, Callable[[Live], list[str]]] = {
    "/Namespace": _phase("Active"),
    "/PersistentVolumeClaim": _phase("Bound"),
    "/Pod": _pod,
    "/Secret": _secret,
    "/Service": _service,
    "apiextensions.k8s.io/CustomResourceDefinition": _needs_condition("Established"),
    "apps/DaemonSet": _daemon_set,
    "apps/Deployment": _deployment,
    "apps/StatefulSet": _stateful_set,
    "batch/Job": _job,
    "gateway.networking.k8s.io/Gateway": _needs_condition("Programmed"),
}


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
        condition = _condition(pod, name)
        if not reasons and condition.get("status") == "False":
            reasons.append(f"{condition.get('reason')} {condition.get('message', '')}".strip())
    return reasons or ([] if status.get("phase") == "Running" else [f"is {status.get('phase')}"])


def _wanted(live: Live) -> list[str]:
    text = annotation(live, "pulumi.com/waitFor")
    if not text:
        return []
    if not text.startswith("["):
        return [text]
    try:
        listed = json.loads(text)
    except ValueError as error:
        raise PluginError(f"annotation pulumi.com/waitFor is not a JSON list: {error}") from error
    return [str(item) for item in listed]


def _unmet(live: Live, expression: str) -> list[str]:
    match = re.fullmatch(r"condition=([^=]+)(?:=(.+))?", expression)
    if match:
        name, wanted = match[1], match[2] or "True"
        status = _condition(live, name).get("status")
        return [] if status == wanted else [f"condition {name} is {status}, not {wanted}"]
    match = re.fullmatch(r"jsonpath=\{?(\.[^}=]+)\}?(?:=(.+))?", expression)
    if not match:
        raise PluginError(
            f"annotation pulumi.com/waitFor: cannot read {expression!r}. Write "
            "`condition=Name`, `condition=Name=Status`, `jsonpath={.path}=value`, or a JSON list."
        )
    found: Any = live
    for key, index in re.findall(r"\.([^.\[]+)|\[(\d+)\]", match[1]):
        try:
            found = found[int(index)] if index else found[key]
        except (KeyError, IndexError, TypeError):
            return [f"{match[1]} is not there yet"]
    if match[2] is None or str(found).lower() == match[2].lower():
        return []
    return [f"{match[1]} is {found}, not {match[2]}"]
