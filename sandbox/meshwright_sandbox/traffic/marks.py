"""Tells a cluster which of its pods the sandbox runs.

A stack does not know the sandbox, so its pods do not ask to be run. While a cluster carries
traffic, an admission policy of the sandbox's own marks the ones that it can run, and the ones that
are there already are marked too. kwok leaves marked pods alone; unmarked it has them back.
https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/
"""

from __future__ import annotations

import contextlib

from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_result,
    stop_after_delay,
    wait_fixed,
)

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.pod_status import RUN_ANNOTATION, path_of
from meshwright_sandbox.traffic import images

_NAME = "pods-that-run.sandbox.meshwright.dev"
_API = "admissionregistration.k8s.io/v1"
_POLICY = f"/apis/{_API}/mutatingadmissionpolicies/{_NAME}"
_BINDING = f"/apis/{_API}/mutatingadmissionpolicybindings/{_NAME}"
_PODS = "/api/v1/pods"
_SEEN_WITHIN_SECONDS = 60.0


def is_marked(pod: Object) -> bool:
    """Whether the sandbox is the pod's kubelet."""
    return pod["metadata"].get("annotations", {}).get(RUN_ANNOTATION) == "true"


def mark_pods(api: Api) -> None:
    """From now on every pod that the sandbox can run is marked when it is made."""
    api.apply(_POLICY, _policy())
    binding = {"policyName": _NAME}
    api.apply(_BINDING, _object("MutatingAdmissionPolicyBinding", binding))
    # kwok would have a pod that is made before the API server marks, and write its status for a
    # while after it has been marked.
    if not _comes_to_mark(api, True):
        raise RuntimeFailure(f"the API server does not go by its {_POLICY.rpartition('/')[0]}")


def are_marked(api: Api) -> bool:
    """Whether pods are marked when they are made."""
    try:
        return bool(api.get(_BINDING))
    except ApiError as error:
        if error.status == 404:
            return False
        raise


def mark(api: Api, pod: Object) -> Object:
    """Mark a pod that was there before."""
    annotations = {RUN_ANNOTATION: "true"}
    return api.merge(path_of(pod["metadata"]), {"metadata": {"annotations": annotations}})


def unmark_pods(api: Api) -> None:
    """Give every pod back to kwok, those of the future first."""
    for path in (_BINDING, _POLICY):
        with contextlib.suppress(ApiError):
            api.delete(path)
    # The API server goes on marking for a moment; a pod so marked would be nobody's.
    _comes_to_mark(api, False)
    for pod in api.get(_PODS)["items"]:
        if is_marked(pod):
            annotations = {RUN_ANNOTATION: None}
            with contextlib.suppress(ApiError):
                path = path_of(pod["metadata"])
                api.merge(path, {"metadata": {"annotations": annotations}})


def _comes_to_mark(api: Api, wanted: bool) -> bool:
    """Whether the API server marks, or no longer does: its policies take a moment to hold."""
    soon = Retrying(
        retry=retry_if_result(lambda marks: marks != wanted) | retry_if_exception_type(ApiError),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(_SEEN_WITHIN_SECONDS),
        retry_error_callback=lambda _: not wanted,
    )
    return bool(soon(_would_mark, api) == wanted)


def _would_mark(api: Api) -> bool:
    """Whether a pod that was made now, which this one is not, would be marked."""
    containers = [{"name": "probe", "image": images.KNOWN[0]}]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pods-that-run-probe"},
        "spec": {"containers": containers, "automountServiceAccountToken": False},
    }
    return is_marked(api.create("/api/v1/namespaces/default/pods?dryRun=All", pod))


def _policy() -> Object:
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }
    marked = f'Object{{metadata: Object.metadata{{annotations: {{"{RUN_ANNOTATION}": "true"}}}}}}'
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": marked}}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [{"name": "runs", "expression": images.condition()}],
        # A pod that is not marked is simulated; one that is not admitted would be missing.
        "failurePolicy": "Ignore",
        "reinvocationPolicy": "Never",
        "mutations": [mutation],
    }
    return _object("MutatingAdmissionPolicy", spec)


def _object(kind: str, spec: Object) -> Object:
    return {"apiVersion": _API, "kind": kind, "metadata": {"name": _NAME}, "spec": spec}
