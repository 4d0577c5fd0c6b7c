"""Lists, watches and reconciles one kind of object until told to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime.api import Api, ApiError, Object

_log = logging.getLogger(__name__)
_WATCH_SECONDS = 120
_TRY_AGAIN_SECONDS = 2
_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 2.0


class Controller(Protocol):
    """Brings objects of one kind to the state that GKE would bring them to.

    ``path`` is the collection's API path over all namespaces, for instance ``/api/v1/services``;
    it may carry a label selector as its query.
    """

    path: str

    def present(self, items: list[Object]) -> None:
        """All objects there are now; called after each listing and each deletion."""
        ...

    def reconcile(self, api: Api, item: Object) -> None:
        """Bring ``item`` up to date; called for each object, and after each of its changes."""
        ...


@runtime_checkable
class Leaving(Protocol):
    """A controller that has work to do before an object may go."""

    def leave(self, api: Api, item: Object) -> None:
        """``item`` is being deleted."""
        ...


class Watcher(threading.Thread):
    """One controller's loop: list, reconcile all, watch, start over when the watch ends.

    The API server may be gone for a while, and a CRD may not be installed yet: both are waited
    for without an end.
    """

    def __init__(
        self,
        cluster: str,
        controller: Controller,
        connect: Callable[[], Api],
        stopped: threading.Event,
    ) -> None:
        super().__init__(name=f"{cluster}:{controller.path}", daemon=True)
        self._controller = controller
        self._connect = connect
        self._stopped = stopped
        self._at_work = threading.Lock()

    def settle(self, seconds: float) -> None:
        """Wait for the object in hand, for at most ``seconds``; once stopped, no other follows."""
        if self._at_work.acquire(timeout=seconds):
            self._at_work.release()

    def run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopped.is_set():
            try:
                self._follow()
                pause = _FIRST_PAUSE
            except (ApiError, HTTPError, OSError) as error:  # also where the cluster is gone
                status = getattr(error, "status", None)
                if status not in (404, 410):
                    _log.debug("%s: %s", self.name, error)
                self._stopped.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:
                # Whatever it was: an object that is not looked at any more would be worse.
                _log.exception("%s", self.name)
                self._stopped.wait(_LONGEST_PAUSE)

    def _follow(self) -> None:
        api = self._connect()
        try:
            listing = api.get(self._controller.path)
            known = {item["metadata"]["uid"]: item for item in listing["items"]}
            self._present(known)
            done = [self._reconcile(api, item) for item in known.values()]
            version = listing["metadata"]["resourceVersion"]
            # What failed is tried again with the next listing.
            seconds = _WATCH_SECONDS if all(done) else _TRY_AGAIN_SECONDS
            for event in api.watch(self._controller.path, version, seconds):
                if self._stopped.is_set():
                    return
                item = event["object"]
                uid = item["metadata"].get("uid")
                if event["type"] == "DELETED":
                    known.pop(uid, None)
                    self._present(known)
                elif event["type"] in ("ADDED", "MODIFIED"):
                    known[uid] = item
                    if not self._reconcile(api, item):
                        return
        finally:
            api.close()

    def _present(self, known: dict[str, Object]) -> None:
        with self._at_work:
            if not self._stopped.is_set():
                self._controller.present(list(known.values()))

    def _reconcile(self, api: Api, item: Object) -> bool:
        """Whether that is all for now; False where the API server refused something in passing."""
        try:
            with self._at_work:
                if self._stopped.is_set():
                    return True
                if not item["metadata"].get("deletionTimestamp"):
                    self._controller.reconcile(api, item)
                elif isinstance(self._controller, Leaving):
                    self._controller.leave(api, item)
        except ApiError as error:
            # Changed or gone meanwhile: the watch brings what it is now.
            if error.status not in (404, 409):
                _log.warning("%s: %s", self.name, error)
                return False
        return True
