"""Plays the logging agents of GKE and of machines: outputs become entries in Cloud Logging.

It reads what the sandbox's pods and machines write, from where it left off, and hands on whole
lines. An entry's id is that of its place in the output, so that a line that is sent twice, after a
crash, is found once.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.runtime.private_files import write_private

Json = dict[str, Any]
# Takes entries as `entries.write` does, or raises the API's error.
WriteEntries = Callable[[list[Json]], None]
_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 0.5
_MOST_BYTES = 1 << 20
_MOST_ENTRIES = 1000
_SETTLE_SECONDS = 5.0
_REFUSED = 400


class Source(Protocol):
    """Whoever writes an output that is read."""

    def entry(self, line: str, insert_id: str) -> Json | None:
        """The entry of a line, or None for one that no entry is made of."""
        ...

    @property
    def short(self) -> str:
        """A word for it in the ids of entries."""
        ...


class LoggingAgent(threading.Thread):
    """Reads outputs in a loop; ``positions`` is the file that notes how far it has read."""

    def __init__(self, name: str, positions: Path, *, write: WriteEntries) -> None:
        super().__init__(name=f"{name}:logging-agent", daemon=True)
        self._write = write
        self._file = positions
        self._positions: dict[str, int] = _read_positions(positions)
        self._sources: dict[str, Mapping[Path, Source]] = {}
        self._gone: set[str] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def forget(self, owners: Iterable[str]) -> None:
        """They are gone and have written all that they ever will: it is read once more."""
        with self._lock:
            self._gone.update(owner for owner in owners if owner in self._sources)

    def follow(self, owner: str, outputs: Mapping[Path, Source]) -> None:
        """Read the outputs of a pod or machine from now on."""
        with self._lock:
            self._sources[owner] = outputs
            self._gone.discard(owner)

    def stop(self) -> None:
        """Send what has been written so far, and no more."""
        self._stopped.set()
        if self.is_alive():
            self.join(_SETTLE_SECONDS)

    def run(self) -> None:
        while not self._stopped.wait(_PAUSE_SECONDS):
            self._ship()
        self._ship()

    def _ship(self) -> None:
        with self._lock:
            sources = {owner: dict(outputs) for owner, outputs in self._sources.items()}
            gone = set(self._gone)
        for owner, file, source in (
            (owner, file, source)
            for owner, outputs in sources.items()
            for file, source in outputs.items()
        ):
            try:
                while self._ship_some(owner, file, source):
                    pass
            except Exception as error:  # tried again from the same place, and others go on
                _log.warning("entries were not taken: %s: %s", type(error).__name__, error)
                gone.discard(owner)
        with self._lock:
            for owner in gone:
                for file in self._sources.pop(owner, {}):
                    self._positions.pop(_place(owner, file), None)
            self._gone -= gone
        if gone:
            self._note_positions()

    def _ship_some(self, owner: str, file: Path, source: Source) -> bool:
        """Send the next lines of an output; whether there were any."""
        position = self._positions.get(_place(owner, file), 0)
        chunk = _whole_lines(file, position)
        if not chunk:
            return False
        entries: list[Json] = []
        at = position
        for line in chunk.splitlines(keepends=True):
            text = line.decode(errors="replace").rstrip("\r\n")
            entry = _entry(source, text, f"{owner[:13]}-{source.short}-{at:012}")
            if text and entry is not None:
                entries.append(entry)
            at += len(line)
        for start in range(0, len(entries), _MOST_ENTRIES):
            self._send(entries[start : start + _MOST_ENTRIES])
        self._positions[_place(owner, file)] = at
        self._note_positions()
        return True

    def _send(self, entries: list[Json]) -> None:
        """Where the API refuses some, the others are taken, and no line is tried for ever."""
        try:
            self._write(entries)
        except ApiError as error:
            if error.code != _REFUSED:
                raise
            if len(entries) == 1:
                _log.warning("an entry of %s was refused: %s", entries[0].get("logName"), error)
                return
            for entry in entries:
                self._send([entry])

    def _note_positions(self) -> None:
        write_private(self._file, json.dumps(self._positions))


def _entry(source: Source, line: str, insert_id: str) -> Json | None:
    """A line that no entry can be made of keeps none after it back."""
    try:
        return source.entry(line, insert_id)
    except Exception as error:
        _log.warning("no entry could be made of %s: %s", insert_id, error)
        return None


def _place(owner: str, file: Path) -> str:
    """By what a position is known: outputs of two owners may have the same name."""
    return f"{owner}/{file.name}"


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
