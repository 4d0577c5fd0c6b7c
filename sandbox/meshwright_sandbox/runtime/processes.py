"""The table of processes that the sandbox started.

Each entry is a file under ``HOME/run`` with a pid, the time that process started, and the boot of
the machine in which it did. A pid alone may name a stranger after a crash or a reboot; only a
process that has all three is ever signalled. The time is counted from the boot: the clock may be
set while processes run, and is, where a machine that slept wakes up.
The table outlives the emulator, so a later emulator, or ``down``, finds everything again.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from meshwright_sandbox.runtime.private_files import write_private

# The boot time that the kernel reports may shift between two looks at it.
_START_TOLERANCE = 2.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Names the folder in the environment of what was started for it: the folder may be deleted.
_OWNER = "MESHWRIGHT_PROCESS_OF"
_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.02


def collection() -> str:
    """How far a Go program's garbage may grow, in percent of what it uses (``GOGC``).

    Half trades some processor time for memory: the sandbox shares a laptop with everything else.
    Where that is the wrong way round, ``GOGC`` in the sandbox's own environment says otherwise.
    """
    return os.environ.get("GOGC", "50")


@dataclass(frozen=True)
class Entry:
    """One started process, alive or not; ``started`` in seconds since the boot named ``boot``."""

    name: str
    pid: int
    started: float
    boot: str

    def process(self) -> psutil.Process | None:
        """The process, if the pid still belongs to it."""
        try:
            process = psutil.Process(self.pid)
            if _gone(process) or self.boot != _boot():
                return None
            if abs(_started(process) - self.started) > _START_TOLERANCE:
                return None
        except (psutil.Error, ValueError):  # no number of a process may stand in a broken file
            return None
        return process

    @property
    def alive(self) -> bool:
        return self.process() is not None

    def memory(self) -> int:
        """Bytes that this process alone holds (proportional share of what it shares)."""
        process = self.process()
        if process is None:
            return 0
        try:
            full = process.memory_full_info()
            return getattr(full, "pss", full.rss)
        except psutil.Error:
            return 0


class ProcessTable:
    """Starts, finds and ends the sandbox's processes. Names may contain ``/`` to group them."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._directory = home / "run"
        self._logs = home / "logs"

    def log_path(self, name: str) -> Path:
        """Where the named process writes its output."""
        return self._logs / f"{name.replace('/', '-')}.log"

    def spawn(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        share_files: Sequence[int] = (),
    ) -> Entry:
        """Start ``command`` in a session of its own, with its output in :meth:`log_path`."""
        log = self.log_path(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**(os.environ if environment is None else environment), **self._mark},
                cwd=directory or self._home,
                pass_fds=tuple(share_files),
                start_new_session=True,
            )
        return self.record(name, child.pid)

    def record(self, name: str, pid: int) -> Entry:
        """Enter a running process that somebody else (kwokctl) started for the sandbox."""
        try:
            started = _started(psutil.Process(pid))
        except psutil.NoSuchProcess:
            started = 0.0
        entry = Entry(name, pid, started, _boot())
        kept = {"pid": pid, "started": started, "boot": entry.boot}
        write_private(self._file(name), json.dumps(kept))
        return entry

    def get(self, name: str) -> Entry | None:
        """The entry of that name, if its process is alive."""
        entry = self._read(self._file(name))
        return entry if entry is not None and entry.alive else None

    def entries(self, prefix: str = "") -> list[Entry]:
        """All entries whose name starts with ``prefix``, alive or not."""
        return [e for e in self._all() if e.name.startswith(prefix)]

    def stop(self, *entries: Entry, grace: float = _GRACE_SECONDS) -> None:
        """End processes: SIGTERM to all, SIGKILL to those left after ``grace`` seconds, then
        forget them.
        """
        _end([p for e in entries if (p := e.process()) is not None], grace)
        for entry in entries:
            self._file(entry.name).unlink(missing_ok=True)

    def end_lost(self) -> int:
        """End what was started for a folder of this path that was deleted since; returns how many.

        They work in what is no folder any more. One that was moved took its table along.
        """
        lost = [p for p in psutil.process_iter() if self._is_lost(p)]
        _end(lost, _GRACE_SECONDS)
        return len(lost)

    @property
    def _mark(self) -> dict[str, str]:
        return {_OWNER: str(self._home)}

    def _is_lost(self, process: psutil.Process) -> bool:
        try:
            # Not by psutil, which says the name alone.
            place = str(Path(f"/proc/{process.pid}/cwd").readlink())
            if not place.endswith(" (deleted)") or not place.startswith(str(self._home)):
                return False
            return self._mark.items() <= process.environ().items()
        except (OSError, psutil.Error):
            return False

    def _all(self) -> Iterator[Entry]:
        for file in sorted(self._directory.rglob("*.json")):
            entry = self._read(file)
            if entry is not None:
                yield entry

    def _read(self, file: Path) -> Entry | None:
        try:
            data = json.loads(file.read_text())
            pid, started = int(data["pid"]), float(data["started"])
            if "boot" not in data:  # by an earlier version, which wrote the clock's time
                data["boot"], started = _boot(), started - psutil.boot_time()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        name = file.relative_to(self._directory).with_suffix("").as_posix()
        return Entry(name, pid, started, data["boot"])

    def _file(self, name: str) -> Path:
        return self._directory / f"{name}.json"


def _started(process: psutil.Process) -> float:
    return process.create_time() - psutil.boot_time()


@cache
def _boot() -> str:
    """What names this boot of the machine, where the kernel says it."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _gone(process: psutil.Process) -> bool:
    """Whether it has ended; one that nobody has collected yet does nothing any more either."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _end(live: list[psutil.Process], grace: float) -> None:
    for process in live:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    remaining = _wait_until_gone(live, grace)
    for process in remaining:
        with contextlib.suppress(psutil.Error):
            process.kill()
    _wait_until_gone(remaining, _GRACE_SECONDS)


def _wait_until_gone(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all have ended, for at most ``seconds``; returns those that have not."""
    deadline = time.monotonic() + seconds
    while (left := [p for p in processes if not _gone(p)]) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return left
