"""Long-running operations: simulated time, slow work in threads, resumption after a crash.

An operation is DONE when its hook's work is done and its simulated time is over, whichever is
later. It is stored when the request that started it commits; a restarted server runs the hooks of
all unfinished ones again.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core.errors import RPC_CODE
from meshwright_sandbox.core.service import Service, WorkHook
from meshwright_sandbox.runtime.interface import ClusterRuntime, RuntimeFailure

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Cloud

Json = dict[str, Any]
_log = logging.getLogger(__name__)

# Seconds that the real cloud takes, roughly; multiplied by the clock's scale.
LATENCY_SECONDS: dict[str, float] = {
    "cluster": 300,
    "nodePool": 120,
    "mesh": 240,
    "network": 20,
    # 7 days in the cloud; a stack that was destroyed in the sandbox can be made again sooner.
    "logBucketPurge": 300,
    "other": 5,
    "none": 0,
}
_DONE = "done"


class WorkFailed(Exception):
    """Raised by a hook: the operation ends in an error.

    Args:
        message: the error's text.
        status: canonical status, e.g. `INTERNAL`, `RESOURCE_EXHAUSTED`.
    """

    def __init__(self, message: str, status: str = "INTERNAL") -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Work:
    """What a hook gets: the operation it works for and the cloud it works in."""

    cloud: "Cloud"
    operation: Json

    @property
    def service(self) -> str:
        """The service whose resource this is about."""
        return self.operation["service"]

    @property
    def name(self) -> str:
        """Resource name of the operation's target."""
        return self.operation["target"]

    @property
    def project(self) -> str:
        """Project id of the target."""
        return self.operation["project"]

    @property
    def runtime(self) -> ClusterRuntime:
        """What runs clusters."""
        return self.cloud.runtime

    @property
    def resource(self) -> Json:
        """The target as it is stored now; empty when it is gone."""
        return self.cloud.store.get(self.service, self.name) or {}

    def save(self, **fields: Any) -> None:
        """Set fields of the target at once, while the operation is still running."""
        with self.cloud.store.transaction():
            document = self.cloud.store.get(self.service, self.name)
            if document is not None:
                self.cloud.store.put(self.service, self.name, document | fields)


class Operations:
    """Starts, runs and finishes operations.

    Args:
        cloud: whose store, services and clock.
    """

    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="work")
        self._clock_changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def create(self, service: Service, **fields: Any) -> Json:
        """Store a new operation and run it once the current transaction has committed.

        Args:
            service: whose operation.
            fields: `verb`, `type`, `target`, `project`, `location` (region, zone or `global`),
                `latency` (key), and optionally `version`, `before`, `fail`, `response`,
                `metadata`, `request_id`, `hidden`.

        Returns:
            The stored document; `core.operation_views.render` makes an API answer of it.
        """
        now = time.time()
        short = f"operation-{int(now * 1000)}-{secrets.token_hex(6)}"
        document: Json = {
            "service": service.name,
            "id": short,
            "started": now,
            "finished": None,
            _DONE: False,
            "error": None,
            **fields,
        }
        document["name"] = _operation_name(service, document)
        self._cloud.store.put_operation(service.name, document["name"], document)
        # Hooks may start operations too, and they run in threads.
        loop = self._loop or asyncio.get_running_loop()
        loop.call_soon_threadsafe(self._launch, service.name, document["name"])
        return document

    def resume(self) -> None:
        """Run what a previous process left unfinished; called once, in the server's event loop."""
        self._loop = asyncio.get_running_loop()
        for operation in self._cloud.store.unfinished():
            self._launch(operation["service"], operation["name"])

    def cancel(self, operation: Json) -> None:
        """Have an operation end soon, in an error, with all that it changed as it was before."""
        error = failed("Operation was cancelled.", "CANCELLED")
        aborting = operation | {"fail": error, "aborting": True}
        self._cloud.store.put_operation(operation["service"], operation["name"], aborting)
        self.clock_changed()

    def clock_changed(self) -> None:
        """Reconsider the remaining time of everything that runs."""
        self._clock_changed.set()
        self._clock_changed = asyncio.Event()

    async def settle(self, service: str, name: str, timeout: float) -> None:
        """Wait until an operation is done, at most `timeout` seconds."""
        task = self._tasks.get((service, name))
        if task:
            await asyncio.wait([task], timeout=timeout)

    async def close(self) -> None:
        """Stop waiting; unfinished operations are resumed by the next process."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _launch(self, service: str, name: str) -> None:
        operation = self._cloud.store.operation(service, name)
        if operation is None or operation[_DONE]:
            return  # the request that asked for it was rolled back
        hook = self._hook(operation)
        if (hook is None or operation.get("fail")) and self._remaining(operation) <= 0:
            self._finish(operation, None, operation.get("fail"))
            return
        task = asyncio.get_running_loop().create_task(self._run(operation, hook))
        self._tasks[service, name] = task
        task.add_done_callback(lambda _: self._tasks.pop((service, name), None))

    def _hook(self, operation: Json) -> WorkHook | None:
        service = self._cloud.services[operation["service"]]
        verb = operation["verb"]
        if verb in service.works:
            return service.works[verb]
        collection = service.collection(operation["type"])
        hooks = {
            "create": collection.create_work,
            "update": collection.update_work,
            "delete": collection.delete_work,
        }
        return hooks.get(verb)

    def _remaining(self, operation: Json) -> float:
        stored = self._cloud.store.operation(operation["service"], operation["name"])
        if stored and stored.get("aborting"):
            return 0
        latency = LATENCY_SECONDS[operation["latency"]] * self._cloud.scale
        # The clock may have been set back since it started; that makes no operation longer.
        return min(latency, operation["started"] + latency - time.time())

    async def _run(self, operation: Json, hook: WorkHook | None) -> None:
        result: Json | None = None
        error: Json | None = operation.get("fail")
        if hook and not error:
            try:
                result = await self._in_thread(hook, operation)
            except (WorkFailed, RuntimeFailure) as failure:
                error = failed(str(failure), getattr(failure, "status", "INTERNAL"))
            except Exception as failure:  # a bug of ours: the client still gets an operation's end
                _log.exception("hook of %s failed", operation["name"])
                error = failed(f"Internal error: {failure}")
        while (remaining := self._remaining(operation)) > 0:
            changed = self._clock_changed
            try:
                await asyncio.wait_for(changed.wait(), remaining)
            except TimeoutError:
                break
        self._finish(operation, result, error)

    async def _in_thread(self, hook: WorkHook, operation: Json) -> Json | None:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, hook, Work(self._cloud, operation))

    def _finish(self, operation: Json, result: Json | None, error: Json | None) -> None:
        store, service, name = self._cloud.store, operation["service"], operation["target"]
        collection = self._cloud.services[service].collection(operation["type"])
        with store.transaction():
            stored = store.operation(service, operation["name"])
            if stored is None:
                return  # the sandbox was reset in the meantime
            error = error or stored.get("fail")
            document = store.get(service, name)
            verb = operation["verb"]
            if error:
                if verb == "create" and not collection.keep_failed:
                    store.delete(service, name)
                elif verb == "update" and document is not None and operation.get("before"):
                    store.put(service, name, operation["before"])
                if collection.on_failed:
                    work = Work(self._cloud, operation | {"error": error})
                    changes = collection.on_failed(work)
                    document = store.get(service, name)
                    if changes and document is not None:
                        store.put(service, name, document | changes)
            elif verb == "delete":
                store.delete(service, name)
            elif result and document is not None:
                store.put(service, name, document | result)
            finished = stored | {_DONE: True, "finished": time.time(), "error": error}
            store.put_operation(service, operation["name"], finished)


def failed(message: str, status: str = "INTERNAL") -> Json:
    """The `error` of an operation."""
    return {"code": RPC_CODE.get(status, 13), "status": status, "message": message}


def _operation_name(service: Service, operation: Json) -> str:
    project, location, short = operation["project"], operation["location"], operation["id"]
    naming: Callable[[str, str, str], str] | None = service.operation_name
    if naming:
        return naming(project, location, short)
    if service.operations == "below":
        return f"{operation['target']}/operations/{short}"
    if service.operations == "compute":
        scope = "global" if location == "global" else f"{operation['scope']}/{location}"
        return f"projects/{project}/{scope}/operations/{short}"
    return f"projects/{project}/locations/{location}/operations/{short}"
