"""Rollouts on the screen: a live line with the weights, what was measured, and where they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import click
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from meshwright_rollouts.events import Event
from meshwright_rollouts.plan import Rollout

_BAR = 20


class Screen:
    """Where events go."""

    def __init__(self, as_json: bool, console: Console, status: Status | None) -> None:
        self._as_json = as_json
        self._console = console
        self._status = status

    def tell(self, event: Event) -> None:
        """Show an event: a line of JSON, or a line of text below which the weights stand."""
        if self._as_json:
            click.echo(json.dumps(event.data()))
            return
        time = event.data()["time"][11:19]
        line = f"{time}  {event.kind:9} {event.text}"
        self._console.print(line, highlight=False, markup=False)
        if self._status is not None:
            self._status.update(_line(event.rollout))

    def note(self, text: str) -> None:
        """Say something beside the events."""
        if self._as_json:
            click.echo(text, err=True)
        else:
            self._console.print(f"          {text}", highlight=False, markup=False)


@contextmanager
def screen(as_json: bool) -> Iterator[Screen]:
    """A screen for one run."""
    console = Console()
    if not console.is_terminal:
        console.width = 160  # a pipe has no width of its own, and a log is read on a wide page
    if as_json:
        yield Screen(True, console, None)
        return
    with console.status("reading the stack") as status:
        yield Screen(False, console, status)


def show(rollouts: Sequence[Rollout]) -> None:
    """Where rollouts stand."""
    if not rollouts:
        click.echo("The stack has no rollouts")
        return
    console = Console()
    wide = console if console.is_terminal else Console(width=160)
    table = Table(box=None)
    for column in ("SERVICE", "PHASE", "STEP", "WEIGHTS", "SINCE", "BY", "REASON"):
        table.add_column(column, overflow="fold")
    for one in rollouts:
        position = one.position
        step = f"{position.step}/{len(one.steps)}" if position.step else "-"
        table.add_row(
            one.service, position.phase, step, _weights(one), position.since or "-",
            escape(position.by or "-"), escape(position.reason or "-"),
        )  # fmt: skip
    wide.print(table)


def as_data(rollout: Rollout) -> dict[str, object]:
    """Where a rollout stands, for programs."""
    return {
        "service": rollout.service,
        "weights": rollout.weights,
        "steps": [asdict(step) for step in rollout.steps],
        **rollout.position.as_properties(),
    }


def _line(rollout: Rollout) -> str:
    position = rollout.position
    full = round(_BAR * position.weight / 100)
    step = f"step {position.step}/{len(rollout.steps)}  " if position.step else ""
    bar = "█" * full + "░" * (_BAR - full)
    return f"{rollout.service}  {position.phase}  {step}{bar}  {_weights(rollout)}"


def _weights(rollout: Rollout) -> str:
    return "  ".join(f"{version} {weight} %" for version, weight in rollout.weights.items())
