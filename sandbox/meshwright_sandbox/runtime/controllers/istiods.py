"""Runs the istiods that somebody deploys into the cluster.

kwok would only say that a pod labelled `app: istiod` runs, and at once. Whoever installed it (Helm,
istioctl, an operator), the sandbox plays the kubelet of such a pod: it gives it an address, runs a
real istiod there, and calls the pod Ready once that answers, so that whoever waits for the
installation can count on its webhooks.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from tenacity import RetryError, retry, retry_if_result, stop_after_delay, wait_fixed
from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.istiod import POD_SELECTOR, Istiod
from meshwright_sandbox.runtime.pod_status import has_ended, is_ready, is_running, path_of, report

PREFIX = "istiod-pod-"
# These describe the pod's own files; the sandbox's istiod has others.
_NOT_OURS = {"KUBECONFIG", "GOMEMLIMIT", "GOMAXPROCS"}
_READY_SECONDS = 120


class IstiodHost(Protocol):
    """Where istiods are run: the cluster's part of the runtime."""

    def run_istiod(self, istiod: Istiod) -> None:
        """Start it unless it runs."""
        ...

    def answers(self, istiod: Istiod) -> bool:
        """Whether it serves by now."""
        ...

    def end_istiods(self, prefix: str, keep: set[str]) -> None:
        """End those whose name starts with ``prefix`` and is not in ``keep``."""
        ...


class IstiodPods:
    """Watches the pods labelled ``app: istiod``."""

    path = f"/api/v1/pods?labelSelector={POD_SELECTOR.replace('=', '%3D')}"

    def __init__(self, host: IstiodHost, addresses: Callable[[], Iterator[str]]) -> None:
        """`addresses` are those of the cluster's control planes, the managed one's first."""
        self._host = host
        self._of_control_planes = addresses
        self._addresses: dict[str, str] = {}
        self._waited_for: set[str] = set()
        self._lock = threading.Lock()

    def present(self, items: list[Object]) -> None:
        with self._lock:
            uids = {item["metadata"]["uid"] for item in items}
            self._addresses = {u: a for u, a in self._addresses.items() if u in uids}
            for item in items:
                if address := item.get("status", {}).get("podIP"):
                    self._addresses[item["metadata"]["uid"]] = address
        # Not by phase: what is known of a pod may be older than the istiod just started for it.
        self._host.end_istiods(PREFIX, {_name(item) for item in items if not has_ended(item)})

    def reconcile(self, api: Api, item: Object) -> None:
        if not item["spec"].get("nodeName"):
            return
        if not is_running(item):
            item = report(api, item, self._address(item), ready=False)
        istiod = _istiod(item)
        self._host.run_istiod(istiod)
        uid = item["metadata"]["uid"]
        with self._lock:
            known = is_ready(item) or uid in self._waited_for
            self._waited_for.add(uid)
        if not known:
            threading.Thread(
                target=self._await, args=(api, item, istiod), name=istiod.name, daemon=True
            ).start()

    def leave(self, api: Api, item: Object) -> None:
        """End the istiod and let its pod go, as a kubelet does."""
        self._host.end_istiods(_name(item), keep=set())
        metadata = item["metadata"]
        api.delete(f"{path_of(metadata)}?gracePeriodSeconds=0")

    def _address(self, item: Object) -> str:
        """The pod's address, from the end of the range, where no node has its own."""
        with self._lock:
            uid = item["metadata"]["uid"]
            taken = set(self._addresses.values())
            free = itertools.islice(self._of_control_planes(), 1, None)
            return self._addresses.setdefault(uid, next(a for a in free if a not in taken))

    def _await(self, api: Api, item: Object, istiod: Istiod) -> None:
        """Call the pod Ready once its istiod answers; one that never does stays unready."""
        answering = retry(
            retry=retry_if_result(lambda answers: not answers),
            wait=wait_fixed(0.25),
            stop=stop_after_delay(_READY_SECONDS),
        )(self._host.answers)
        try:
            answering(istiod)
            report(api, item, istiod.address, ready=True)
        except (RetryError, ApiError, HTTPError):
            # Gone meanwhile, or looked at again with the pod's next change.
            with self._lock:
                self._waited_for.discard(item["metadata"]["uid"])


def _istiod(item: Object) -> Istiod:
    (container, *_) = item["spec"]["containers"]
    settings = {
        entry["name"]: entry["value"]
        for entry in container.get("env", [])
        if "value" in entry and entry["name"] not in _NOT_OURS
    }
    metadata = item["metadata"]
    revision = settings.get("REVISION") or metadata["labels"].get("istio.io/rev", "default")
    return Istiod(
        name=_name(item),
        revision=revision,
        address=item["status"]["podIP"],
        cluster_name=settings.get("CLUSTER_ID", "Kubernetes"),
        environment=settings,
        namespace=metadata["namespace"],
    )


def _name(pod: Object) -> str:
    return f"{PREFIX}{pod['metadata']['uid']}"
