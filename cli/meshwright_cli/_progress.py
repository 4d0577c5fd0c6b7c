"""What the commands share on the screen: how far something is, and numbers that are numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

Tell = Callable[[str], None]


@contextmanager
def progress(console: Console, begun: str) -> Iterator[Tell]:
    """Say what is being done: in one line that changes on a terminal, elsewhere in one for each."""
    if console.is_terminal and not console.is_dumb_terminal:
        with console.status(escape(begun)) as status:
            yield lambda text: status.update(escape(text))
        return
    said = ""

    def tell(text: str) -> None:
        nonlocal said
        if text != said:
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        said = text

    tell(begun)
    yield tell


class FiniteRange(click.FloatRange):
    """A range that takes no `nan`, which is neither below nor above anything, and no `inf`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
