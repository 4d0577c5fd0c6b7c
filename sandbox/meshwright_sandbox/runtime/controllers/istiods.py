"""Runs the istiods that somebody deploys into the cluster.

kwok only says that a pod of a Deployment `istiod` runs. Whoever installed it (Helm, istioctl, an
operator), the sandbox runs a real istiod at that pod's address, so that the webhooks which the
installation registered by Service are answered.
"""

from __future__ import annotations

from typing import Protocol

from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.istiod import Istiod

PREFIX = "istiod-pod-"
# These describe the pod's own files; the sandbox's istiod has others.
_NOT_OURS = {"KUBECONFIG", "GOMEMLIMIT", "GOMAXPROCS"}


class IstiodHost(Protocol):
    """Where istiods are run: the cluster's part of the runtime."""

    def run_istiod(self, istiod: Istiod) -> None:
        """Start it unless it runs."""
        ...

    def end_istiods(self, prefix: str, keep: set[str]) -> None:
        """End those whose name starts with ``prefix`` and is not in ``keep``."""
        ...


class IstiodPods:
    """Watches the pods labelled ``app: istiod``."""

    path = "/api/v1/pods?labelSelector=app%3Distiod"

    def __init__(self, host: IstiodHost) -> None:
        self._host = host

    def present(self, items: list[Object]) -> None:
        self._host.end_istiods(PREFIX, {_name(item) for item in items if _runs(item)})

    def reconcile(self, api: Api, item: Object) -> None:
        if not _runs(item):
            return
        (container, *_) = item["spec"]["containers"]
        settings = {
            entry["name"]: entry["value"]
            for entry in container.get("env", [])
            if "value" in entry and entry["name"] not in _NOT_OURS
        }
        metadata = item["metadata"]
        revision = settings.get("REVISION") or metadata["labels"].get("istio.io/rev", "default")
        self._host.run_istiod(
            Istiod(
                name=_name(item),
                revision=revision,
                address=item["status"]["podIP"],
                cluster_name=settings.get("CLUSTER_ID", "Kubernetes"),
                environment=settings,
                namespace=metadata["namespace"],
            )
        )


def _name(pod: Object) -> str:
    return f"{PREFIX}{pod['metadata']['uid']}"


def _runs(pod: Object) -> bool:
    status = pod.get("status", {})
    ends = pod["metadata"].get("deletionTimestamp")
    return not ends and status.get("phase") == "Running" and bool(status.get("podIP"))
