"""Runs the pods of one cluster for real, as far as the sandbox knows how.

It runs pods with a container that the echo service plays, and gateways (pods of nothing but a
proxy). It is their whole kubelet: a pod is Ready once its processes answer, and gone once they
ended. A pod that kwok had before is marked as the sandbox's, and keeps its address.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tenacity import (
    Retrying,
    retry_if_result,
    stop_after_delay,
    stop_any,
    stop_when_event_set,
    wait_fixed,
)
from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.interface import RuntimeFailure
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.pod_status import has_ended, is_ready, is_running, path_of, report
from meshwright_sandbox.runtime.records import ClusterRecord
from meshwright_sandbox.traffic import images, marks
from meshwright_sandbox.traffic.addresses import Addresses
from meshwright_sandbox.traffic.pod_processes import PodProcesses

_log = logging.getLogger(__name__)
_AT_ONCE = 8
# How long a proxy may take to let its connections go before it is killed.
_DRAIN_SECONDS = 10.0
_END_SECONDS = 0.5
_READY_SECONDS = 180


class Pods:
    """A controller of one cluster's pods (see `Controller`)."""

    path = "/api/v1/pods"

    def __init__(self, record: ClusterRecord, processes: PodProcesses) -> None:
        self._processes = processes
        self._work = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"cluster/{record.id}/pod")
        self._addresses = Addresses(record.request.pod_range)
        self._locks: dict[str, threading.Lock] = {}
        self._running: dict[str, Network] = {}
        # Of pods that are being started: whether they ran before this controller saw them.
        self._resumed: dict[str, bool] = {}
        # Of pods that have been reported Ready: the address.
        self._answering: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self._closed = threading.Event()

    def present(self, items: list[Object]) -> None:
        there = {item["metadata"]["uid"]: item for item in items}
        self._addresses.keep(set(there))
        for uid in (set(self._running) | self._processes.started()) - set(there):
            self._do(uid, partial(self._end, uid, _DRAIN_SECONDS))

    def reconcile(self, api: Api, item: Object) -> None:
        uid = item["metadata"]["uid"]
        if not images.runs(item) or not item["spec"].get("nodeName") or has_ended(item):
            return
        if uid in self._running:
            self._keep_reported(api, item)
        elif not marks.is_marked(item):
            # Its change brings it here again.
            marks.mark(api, item)
        else:
            self._do(uid, partial(self._start, api, self._place(api, item)))

    def leave(self, api: Api, item: Object) -> None:
        """Its processes end in their own time, as long as a kubelet would give them."""
        uid = item["metadata"]["uid"]
        if images.runs(item) and marks.is_marked(item):
            self._do(uid, partial(self._leave, api, item))

    def network_of(self, item: Object) -> Network:
        """The network of a pod that runs; raises :class:`RuntimeFailure` for any other."""
        metadata = item["metadata"]
        if problem := self._problems.get(metadata["uid"]):
            raise RuntimeFailure(f"pod {metadata['name']} could not be started: {problem}")
        if metadata["uid"] not in self._running:
            raise RuntimeFailure(f"pod {metadata['name']} does not run yet")
        return self._running[metadata["uid"]]

    def has_answered(self, item: Object) -> bool:
        """Whether the pod's processes were ready by their own probes, since this one looks."""
        return item["metadata"]["uid"] in self._answering

    def start_app(self, item: Object) -> None:
        """Run the pod's own container, beside its proxy, unless it runs."""
        self._processes.start_app(item, self.network_of(item))

    def kill_app(self, item: Object) -> None:
        """Kill the pod's own container and leave its proxy; the pod stays Ready."""
        self._processes.kill_app(item["metadata"]["uid"])

    def close(self) -> None:
        """Start nothing more; what runs keeps running."""
        self._closed.set()
        self._work.shutdown(cancel_futures=True)

    def stop(self) -> None:
        """End every pod at once."""
        self._closed.set()
        # What is being started would otherwise go on being so.
        self._work.shutdown(wait=True, cancel_futures=True)
        self._processes.end_all(_END_SECONDS)
        self._running.clear()

    def _place(self, api: Api, item: Object) -> Object:
        """The pod with its address, and not Ready unless it runs since before."""
        uid = item["metadata"]["uid"]
        address = self._addresses.of(uid, item.get("status", {}).get("podIP"))
        # Asked once: its network is also there while it starts, long before it answers.
        resumed = self._resumed.setdefault(uid, self._processes.running(uid))
        if self._shows(item, address) and is_ready(item) == resumed:
            return item
        return report(api, item, address, ready=resumed)

    def _start(self, api: Api, item: Object) -> None:
        uid = item["metadata"]["uid"]
        if uid in self._running or has_ended(api.get(path_of(item["metadata"]))):
            return
        try:
            network = self._processes.open_network(item)
            self._processes.start_app(item, network)
            self._processes.start_proxy(api, item, network)
            self._running[uid] = network
            self._wait_until_it_answers(item, network)
            address = item["status"]["podIP"]
            report(api, item, address, ready=True)
            self._answering[uid] = address
        except BaseException:
            # Once closed, the pod's processes are somebody else's, who may have started them anew.
            if not self._closed.is_set():
                self._end(uid, grace=0)
            raise

    def _keep_reported(self, api: Api, item: Object) -> None:
        """Whoever wrote the pod's status since, what its kubelet says is what holds."""
        address = self._answering.get(item["metadata"]["uid"])
        if address and not (self._shows(item, address) and is_ready(item)):
            report(api, item, address, ready=True)

    @staticmethod
    def _shows(item: Object, address: str) -> bool:
        return is_running(item) and bool(item["status"]["podIP"] == address)

    def _wait_until_it_answers(self, item: Object, network: Network) -> None:
        answers = Retrying(
            retry=retry_if_result(lambda answers: not answers),
            wait=wait_fixed(0.25),
            stop=stop_any(stop_after_delay(_READY_SECONDS), stop_when_event_set(self._closed)),
            retry_error_callback=lambda _: False,
        )
        if not answers(self._processes.answers, item, network):
            raise RuntimeFailure(f"it did not answer within {_READY_SECONDS} seconds")

    def _leave(self, api: Api, item: Object) -> None:
        self._end(item["metadata"]["uid"], _DRAIN_SECONDS)
        api.delete(f"{path_of(item['metadata'])}?gracePeriodSeconds=0")

    def _end(self, uid: str, grace: float) -> None:
        self._processes.end(uid, grace)
        for known in (self._running, self._resumed, self._answering):
            known.pop(uid, None)

    def _do(self, uid: str, work: Callable[[], None]) -> None:
        self._work.submit(self._guarded, uid, work)

    def _guarded(self, uid: str, work: Callable[[], None]) -> None:
        with self._locks.setdefault(uid, threading.Lock()):
            try:
                work()
                self._problems.pop(uid, None)
            except (ApiError, HTTPError, OSError, RuntimeFailure) as error:
                self._problems[uid] = str(error)
                _log.warning("pod %s: %s", uid, error)
