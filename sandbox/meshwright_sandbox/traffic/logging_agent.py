"""Plays GKE's logging agent: what containers write becomes entries in Cloud Logging.

It reads the output of the pods that the sandbox runs, from where it left off, and hands on whole
lines. An entry's id is that of its place in the output, so that a line that is sent twice, after a
crash, is found once.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.certificates import write_private
from meshwright_sandbox.runtime.processes import ProcessTable
from meshwright_sandbox.runtime.records import ClusterRecord
from meshwright_sandbox.traffic import images
from meshwright_sandbox.traffic.containers import PROXY
from meshwright_sandbox.traffic.log_lines import Container, entry_of

Json = dict[str, Any]
# Takes entries as `entries.write` does, or raises the API's error.
WriteEntries = Callable[[list[Json]], None]
_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.5
_MOST_BYTES = 1 << 20
_MOST_ENTRIES = 1000
_SETTLE_SECONDS = 5.0


class LoggingAgent(threading.Thread):
    """The agent of one cluster: a controller of its pods (see `Controller`), and a loop.

    ``positions`` is the file in which it notes how far it has read.
    """

    path = "/api/v1/pods"

    def __init__(
        self,
        record: ClusterRecord,
        positions: Path,
        *,
        processes: ProcessTable,
        write: WriteEntries,
    ) -> None:
        super().__init__(name=f"{record.id}:logging-agent", daemon=True)
        self._record, self._processes, self._write = record, processes, write
        self._file = positions
        self._positions: dict[str, int] = _read_positions(positions)
        self._sources: dict[str, dict[Path, Container]] = {}
        self._gone: set[str] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def present(self, items: list[Object]) -> None:
        """Pods that are gone have written all that they ever will: it is read once more."""
        there = {item["metadata"]["uid"] for item in items}
        with self._lock:
            self._gone |= set(self._sources) - there

    def reconcile(self, api: Api, item: Object) -> None:
        del api
        if images.runs(item) and item["spec"].get("nodeName"):
            with self._lock:
                self._sources[item["metadata"]["uid"]] = self._outputs(item)

    def stop(self) -> None:
        """Send what has been written so far, and no more."""
        self._stopped.set()
        if self.is_alive():
            self.join(_SETTLE_SECONDS)

    def run(self) -> None:
        while not self._stopped.wait(_PAUSE_SECONDS):
            self._ship()
        self._ship()

    def _outputs(self, pod: Object) -> dict[Path, Container]:
        """Files with the output of the pod's containers."""
        metadata, request = pod["metadata"], self._record.request
        app = images.app_of(pod)
        own = str(app["name"]) if app else PROXY
        names = {"proxy": PROXY} | ({"app": own} if app else {})
        base = f"cluster/{self._record.id}/pod/{metadata['uid']}"
        return {
            self._processes.log_path(f"{base}/{kind}"): Container(
                project=request.project,
                location=request.location,
                cluster=request.name,
                namespace=metadata["namespace"],
                pod=metadata["name"],
                node=pod["spec"]["nodeName"],
                name=name,
                app=own,
                labels=tuple(sorted(metadata.get("labels", {}).items())),
            )
            for kind, name in names.items()
        }

    def _ship(self) -> None:
        with self._lock:
            sources = {uid: dict(outputs) for uid, outputs in self._sources.items()}
            gone = set(self._gone)
        try:
            for uid, outputs in sources.items():
                for file, container in outputs.items():
                    while self._ship_some(uid, file, container):
                        pass
        except (ApiError, OSError, sqlite3.Error) as error:  # tried again from the same place
            _log.warning("entries were not taken: %s", error)
            return
        with self._lock:
            for uid in gone:
                for file in self._sources.pop(uid, {}):
                    self._positions.pop(file.name, None)
            self._gone -= gone
        if gone:
            self._note_positions()

    def _ship_some(self, uid: str, file: Path, container: Container) -> bool:
        """Send the next lines of an output; whether there were any."""
        position = self._positions.get(file.name, 0)
        chunk = _whole_lines(file, position)
        if not chunk:
            return False
        entries: list[Json] = []
        at = position
        for line in chunk.splitlines(keepends=True):
            text = line.decode(errors="replace").rstrip("\r\n")
            entry = entry_of(container, text, f"{uid[:13]}-{container.name}-{at:012}")
            if text and entry is not None:
                entries.append(entry)
            at += len(line)
        for start in range(0, len(entries), _MOST_ENTRIES):
            self._write(entries[start : start + _MOST_ENTRIES])
        self._positions[file.name] = at
        self._note_positions()
        return True

    def _note_positions(self) -> None:
        write_private(self._file, json.dumps(self._positions))


def _whole_lines(file: Path, position: int) -> bytes:
    try:
        with file.open("rb") as output:
            output.seek(position)
            chunk = output.read(_MOST_BYTES)
    except FileNotFoundError:
        return b""
    if len(chunk) == _MOST_BYTES and b"\n" not in chunk:  # an endless line comes in parts
        return chunk
    return chunk[: chunk.rfind(b"\n") + 1]


def _read_positions(file: Path) -> dict[str, int]:
    try:
        return {str(name): int(at) for name, at in json.loads(file.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}
