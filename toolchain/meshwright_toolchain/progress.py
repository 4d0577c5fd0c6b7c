"""Tells the user how far long work is: bars on a terminal, plain lines elsewhere."""

import sys
import time
from typing import Protocol, Self

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
        self._totals: dict[str, int | None] = {}
        self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def note(self, text: str) -> None:
        sys.stderr.write(f"toolchain: {text}\n")
        sys.stderr.flush()
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


def reporter() -> Reporter:
    """The reporter that suits where the messages go."""
    if not sys.stderr.isatty():
        return PlainReporter()
    # bootstrap.py lets programs be built before there is any package; nobody sees that.
    from meshwright_toolchain.bars import BarReporter

    return BarReporter()
