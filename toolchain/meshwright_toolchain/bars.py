"""Shows on a terminal how far long work is: one live line for each group at work."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


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
