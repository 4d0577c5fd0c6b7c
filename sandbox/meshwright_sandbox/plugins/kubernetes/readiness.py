"""When an object does what it is for, as the official plugin has it.

Which conditions mean ready: https://www.pulumi.com/registry/packages/kubernetes/#await-logic.
Annotations: ``pulumi.com/skipAwait``, ``pulumi.com/waitFor``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from meshwright_sandbox.plugins.kubernetes.cluster import Cluster, Kind
from meshwright_sandbox.plugins.kubernetes.objects import annotation
from meshwright_sandbox.plugins.serving import PluginError

Live = Mapping[str, Any]


class Failed(Exception):
    """The object can never become ready by waiting."""


def missing(cluster: Cluster, live: Live) -> list[str]:
    """Return what the object still lacks, one sentence each; empty once it is ready.

    Raises:
        Failed: it has failed for good.
        PluginError: its waitFor annotation cannot be read.
    """
    if annotation(live, "pulumi.com/skipAwait") == "true":
        return []
    if wanted := _wanted(live):
        return [text for expression in wanted for text in _unmet(live, expression)]
    return unmet_by_kind(cluster, live)


def unmet_by_kind(cluster: Cluster, live: Live) -> list[str]:
    """Return what objects of the kind need and this one lacks, whatever its annotations say.

    Raises:
        Failed: it has failed for good.
    """
    known = f"{str(live.get('apiVersion')).rpartition('/')[0]}/{live.get('kind')}"
    lacking = _CHECKS[known](live) if known in _CHECKS else []
    return lacking + (_SURROUNDINGS[known](cluster, live) if known in _SURROUNDINGS else [])


def refuse_unreadable(manifest: Live) -> None:
    """Raise a PluginError where the waitFor annotation cannot be read."""
    for expression in _wanted(manifest):
        _unmet(manifest, expression)


def condition_of(live: Live, name: str) -> Mapping[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or []
    return next((item for item in conditions if item.get("type") == name), {})


def _needs_condition(name: str) -> Callable[[Live], list[str]]:
    def check(live: Live) -> list[str]:
        condition = condition_of(live, name)
        if condition.get("status") == "True":
            return []
        why = " ".join(filter(None, (condition.get("reason"), condition.get("message"))))
        return [
            f"condition {name} is {condition.get('status', 'not there')}" + (why and f": {why}")
        ]

    return check


def _deployment(live: Live) -> list[str]:
    status, wanted = live.get("status") or {}, live["spec"].get("replicas", 1)
    progressing = condition_of(live, "Progressing")
    lacking = _observed(live)
    if not lacking and progressing.get("reason") == "ProgressDeadlineExceeded":
        raise Failed(f"the rollout has failed: {progressing.get('message')}")
    lacking += _count(status, "updatedReplicas", wanted, "updated")
    lacking += _count(status, "availableReplicas", wanted, "available")
    if status.get("replicas", 0) > wanted:
        lacking.append(f"{status['replicas'] - wanted} old replicas are still there")
    refused = condition_of(live, "ReplicaFailure")
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


def _selected_pods(cluster: Cluster, live: Live) -> list[str]:
    """A service whose pods are starting is not ready; one that selects no pods at all is."""
    spec, metadata = live["spec"], live["metadata"]
    if not spec.get("selector") or "None" in spec.get("clusterIPs", ["None"]):
        return []
    path = Kind("v1", "endpoints", namespaced=True)
    endpoints = cluster.get(path, metadata.get("namespace"), metadata["name"])
    if endpoints is None:
        return ["its pods have not been looked for yet"]
    subsets = endpoints.get("subsets") or []
    starting = sum(len(subset.get("notReadyAddresses") or []) for subset in subsets)
    return [f"{starting} of the pods that it selects are not ready"] if starting else []


def _replication_controller(live: Live) -> list[str]:
    return _count(
        live.get("status") or {}, "availableReplicas", live["spec"]["replicas"], "available"
    )


def _resource_quota(live: Live) -> list[str]:
    known = (live.get("status") or {}).get("hard")
    return [] if known == live["spec"].get("hard") else ["its controller has not seen it yet"]


def _secret(live: Live) -> list[str]:
    if live.get("type") != "kubernetes.io/service-account-token":
        return []
    return [] if "token" in (live.get("data") or {}) else ["its token has not been made yet"]


def _job(live: Live) -> list[str]:
    failed = condition_of(live, "Failed")
    if failed.get("status") == "True":
        raise Failed(f"the job has failed: {failed.get('reason')} {failed.get('message')}")
    return _needs_condition("Complete")(live)


def _pod(live: Live) -> list[str]:
    phase = (live.get("status") or {}).get("phase")
    if phase == "Failed":
        raise Failed(f"the pod has failed: {(live['status']).get('message', 'no message')}")
    return [] if phase == "Succeeded" else _needs_condition("Ready")(live)


def _phase(*wanted: str) -> Callable[[Live], list[str]]:
    def check(live: Live) -> list[str]:
        phase = (live.get("status") or {}).get("phase")
        return [] if phase in wanted else [f"phase is {phase}, not {' or '.join(wanted)}"]

    return check


def _claim(cluster: Cluster, live: Live) -> list[str]:
    """A claim that is bound with its first pod is made, as far as can be, before there is one."""
    classes = Kind("storage.k8s.io/v1", "storageclasses", namespaced=False)
    named = live["spec"].get("storageClassName")
    pending = (live.get("status") or {}).get("phase") == "Pending"
    known = cluster.get(classes, None, named) if named and pending else None
    if known and known.get("volumeBindingMode") == "WaitForFirstConsumer":
        return []
    return _phase("Bound")(live)


_CHECKS: Mapping[str, Callable[[Live], list[str]]] = {
    "/Namespace": _phase("Active"),
    "/PersistentVolume": _phase("Available", "Bound"),
    "/Pod": _pod,
    "/ReplicationController": _replication_controller,
    "/ResourceQuota": _resource_quota,
    "/Secret": _secret,
    "/Service": _service,
    "apiextensions.k8s.io/CustomResourceDefinition": _needs_condition("Established"),
    "apps/DaemonSet": _daemon_set,
    "apps/Deployment": _deployment,
    "apps/StatefulSet": _stateful_set,
    "batch/Job": _job,
}
# What takes a look at other objects.
_SURROUNDINGS: Mapping[str, Callable[[Cluster, Live], list[str]]] = {
    "/PersistentVolumeClaim": _claim,
    "/Service": _selected_pods,
}


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
        status = condition_of(live, name).get("status")
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
