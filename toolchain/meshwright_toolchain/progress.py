"""Tells the user how far long work is: bars on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

HEARTBEAT_SECONDS = 20


class Reporter(Protocol):
    """What a build tells about itself. `steps` and `step` count compiled packages."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def note(self, text: str) -> None: ...
    def begin(self, task: str, doing: str, steps: int | None = None) -> None: ...
    def advance(self, task: str, step: int) -> None: ...
    def end(self, task: str, result: str) -> None: ...


class PlainReporter:
    """A line at each start and end, and one now and then in between so that logs show life."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        self._totals: dict[str, int | None] = {}
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def note(self, text: str) -> None:
        self._console.print(f"toolchain: {text}")
        self._last_line = time.monotonic()

    def begin(self, task: str, doing: str, steps: int | None = None) -> None:
        self._totals[task] = steps
        self.note(f"{task}: {doing}")

    def advance(self, task: str, step: int) -> None:
        if time.monotonic() - self._last_line >= HEARTBEAT_SECONDS:
            total = self._totals.get(task)
            self.note(f"{task}: {step} of {total or '?'} packages compiled")

    def end(self, task: str, result: str) -> None:
        self.note(f"{task}: {result}")


class BarReporter:
    """One live line for each group at work."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[name]}", style="bold"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def note(self, text: str) -> None:
        self._progress.console.print(f"toolchain: {text}", markup=False, highlight=False)

    def begin(self, task: str, doing: str, steps: int | None = None) -> None:
        if task not in self._tasks:
            self._tasks[task] = self._progress.add_task(doing, name=task, total=None)
        self._progress.update(self._tasks[task], description=doing, total=steps, completed=0)

    def advance(self, task: str, step: int) -> None:
        self._progress.update(self._tasks[task], completed=step)

    def end(self, task: str, result: str) -> None:
        if task in self._tasks:
            self._progress.remove_task(self._tasks.pop(task))
        self.note(f"{task}: {result}")


def reporter() -> Reporter:
    """The reporter that suits where the messages go."""
    return BarReporter() if sys.stderr.isatty() else PlainReporter()
