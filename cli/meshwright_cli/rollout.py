"""`meshwright rollout`: a service's calls go to its new version step by step."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from meshwright_cli import programs

if TYPE_CHECKING:
    from meshwright_provider.position import Position
    from meshwright_rollouts.engine import Engine
    from meshwright_rollouts.plan import Rollout

_INTERRUPTED = 130
_errors = Console(stderr=True)
# Who started a pipeline, as the common CI systems say it.
_CI_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR", "BUILD_USER_ID")

Command = Callable[..., Any]


class _Failed(click.ClickException):
    """Nothing is known to be decided: another exit code than for a version that came back."""

    exit_code = 2


def _common(command: Command) -> Command:
    options = [
        click.argument("service", required=False),
        click.option("-s", "--stack", help="Stack. Default: the selected one."),
        click.option("-C", "--cwd", default=".", type=click.Path(exists=True, file_okay=False),
                     help="Folder of the Pulumi project. Default: this one."),
        click.option("--json", "as_json", is_flag=True, help="Print for programs."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _ordering(command: Command) -> Command:
    options = [
        click.option("--policy-pack", "packs", multiple=True, type=click.Path(exists=True),
                     help="Folder of a policy pack for each update; may stand more than once."),
        click.option("--by", help="Who orders it, for the history. Default: CI's or this user."),
        click.option("-m", "--message", help="Why, for the history."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group()
def rollout() -> None:
    """Move a service's calls to its new version, step by step, and back if it is bad.

    SERVICE is NAMESPACE/NAME or NAME; it may be left out where the stack has one rollout.
    Exit code 0: the target serves, or the order was taken; 1: it came back; 2: neither is known.
    """


@rollout.command()
@_common
@_ordering
@click.option("--retry", is_flag=True, help="Try a target again that came back.")
@click.option("--poll", default=10.0, show_default=True, type=click.FloatRange(min=0.1),
              help="Seconds between two looks at what others ordered.")  # fmt: skip
def start(
    service: str | None, stack: str | None, cwd: str, as_json: bool, packs: tuple[str, ...],
    by: str | None, message: str | None, retry: bool, poll: float,
) -> None:  # fmt: skip
    """Start a rollout, or carry on one that is under way, and drive it to its end."""
    from meshwright_cli import _rollout_screen
    from meshwright_rollouts.driver import Driver
    from meshwright_rollouts.engine import Clock
    from meshwright_rollouts.metrics import Prometheus

    with _readable_errors(), _rollout_screen.screen(as_json) as screen:
        engine = _engine(cwd, stack, packs, screen.note)
        driver = Driver(engine, Prometheus, Clock(), screen.tell, _who(by, message), poll)
        try:
            outcome = driver.run(service, retry=retry)
        except KeyboardInterrupt:
            screen.note("interrupted: the weights stay; `meshwright rollout start` carries on")
            raise SystemExit(_INTERRUPTED) from None
    raise SystemExit({"healthy": 0, "degraded": 1}.get(outcome, 2))


@rollout.command()
@_common
def status(service: str | None, stack: str | None, cwd: str, as_json: bool) -> None:
    """Say where rollouts stand: all of the stack's, or one."""
    from meshwright_cli import _rollout_screen

    with _readable_errors():
        engine = _engine(cwd, stack, (), _note)
        found = [engine.read(service)] if service else engine.read_all()
    if as_json:
        click.echo(json.dumps([_rollout_screen.as_data(one) for one in found], indent=2))
    else:
        _rollout_screen.show(found)


@rollout.command()
@_common
@_ordering
@click.option("--full", is_flag=True, help="Skip what is left: the target gets every call.")
def promote(
    service: str | None, stack: str | None, cwd: str, as_json: bool, packs: tuple[str, ...],
    by: str | None, message: str | None, full: bool,
) -> None:  # fmt: skip
    """Let a paused rollout go on, or end the step that it is at."""
    from meshwright_rollouts import moves

    why = message or ("promoted fully by order" if full else "promoted by order")
    _order(service, stack, cwd, as_json, packs, lambda one, now: moves.promoted(
        one, full=full, reason=why, by=_who(by), now=now))  # fmt: skip


@rollout.command()
@_common
@_ordering
def pause(
    service: str | None, stack: str | None, cwd: str, as_json: bool, packs: tuple[str, ...],
    by: str | None, message: str | None,
) -> None:  # fmt: skip
    """Hold a rollout where it is; it is still judged."""
    from meshwright_rollouts import moves

    why = message or "paused by order"
    _order(service, stack, cwd, as_json, packs, lambda one, now: moves.paused(
        one, reason=why, by=_who(by), now=now))  # fmt: skip


@rollout.command()
@_common
@_ordering
def abort(
    service: str | None, stack: str | None, cwd: str, as_json: bool, packs: tuple[str, ...],
    by: str | None, message: str | None,
) -> None:  # fmt: skip
    """Give every call back to the version that served before, at once."""
    from meshwright_rollouts import moves

    why = message or "aborted by order"
    _order(service, stack, cwd, as_json, packs, lambda one, now: moves.aborted(
        one, reason=why, by=_who(by), now=now))  # fmt: skip


def _order(
    service: str | None, stack: str | None, cwd: str, as_json: bool, packs: tuple[str, ...],
    position: Callable[[Rollout, str], Position],
) -> None:  # fmt: skip
    from meshwright_cli import _rollout_screen
    from meshwright_rollouts.driver import message
    from meshwright_rollouts.events import utc

    with _readable_errors():
        engine = _engine(cwd, stack, packs, _note)
        found = engine.read(service)
        wanted = position(found, utc(time.time()))
        moved = engine.order(found, wanted, message(found, wanted))
    if as_json:
        click.echo(json.dumps(_rollout_screen.as_data(moved), indent=2))
    else:
        _rollout_screen.show([moved])


def _engine(
    cwd: str, stack: str | None, packs: tuple[str, ...], tell: Callable[[str], None]
) -> Engine:
    from meshwright_policies.report.preview import Project, selected_stack, with_programs
    from meshwright_rollouts.engine import Engine, Settings

    environment = with_programs(os.environ, programs.folder())
    # The Automation API looks for the engine on this process's own path.
    os.environ["PATH"] = environment["PATH"]
    project = Project.at(Path(cwd))
    name = stack or selected_stack(project, environment)
    packs = tuple(str(Path(pack).resolve()) for pack in packs)
    return Engine(Settings(Path(cwd).resolve(), name, packs), tell)


def _who(by: str | None, message: str | None = None) -> str:
    named = by or next((os.environ[name] for name in _CI_ACTORS if os.environ.get(name)), None)
    who = named or f"{getpass.getuser()}@{socket.gethostname()}"
    return f"{who}, {message}" if message else who


def _note(text: str) -> None:
    _errors.print(text, highlight=False, markup=False)


@contextmanager
def _readable_errors() -> Iterator[None]:
    from meshwright_policies.report.preview import PreviewError
    from meshwright_rollouts.driver import NotStarted
    from meshwright_rollouts.engine import MovedOn, UpdateFailed
    from meshwright_rollouts.moves import NotPossible
    from meshwright_rollouts.plan import NoSuchRollout

    try:
        yield
    except (
        PreviewError, NotStarted, MovedOn, UpdateFailed, NotPossible, NoSuchRollout
    ) as error:  # fmt: skip
        raise _Failed(str(error)) from error
