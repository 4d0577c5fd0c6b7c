"""`meshwright policy`: what the policies say about a stack, before anything is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from meshwright_cli import programs

if TYPE_CHECKING:
    from meshwright_policies.report import Report
    from meshwright_policies.report.preview import Project

_INTERRUPTED = 130
"""The exit code of what Ctrl-C has ended, as shells have it."""
_Output = click.Path(dir_okay=False, writable=True, allow_dash=True)


class _Broken(click.ClickException):
    """No report could be made: another exit code than for findings."""

    exit_code = 2


@click.group()
def policy() -> None:
    """Judge a stack by the policy pack."""


@policy.command()
@click.option("-s", "--stack", help="Stack to preview. Default: the selected one.")
@click.option("-C", "--cwd", default=".", type=click.Path(exists=True, file_okay=False),
              help="Folder of the Pulumi project. Default: this one.")  # fmt: skip
@click.option("--policy-pack", "packs", multiple=True,
              type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder of a policy pack; may stand more than once. Default: "
              "Meshwright's.")  # fmt: skip
@click.option("--policy-pack-config", "configs", multiple=True,
              type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Config of the pack in the same place. Default: policies.STACK.json beside the "
              "stack's file, if it is there.")  # fmt: skip
@click.option("--from", "events", type=click.File(encoding="utf-8"),
              help="Read this kept log of the engine's events ('-': standard input) and preview "
              "nothing.")  # fmt: skip
@click.option("--json", "json_file", type=_Output, help="Write the report as JSON to this file.")
@click.option("--sarif", "sarif_file", type=_Output, help="Write it as SARIF 2.1.0.")
@click.option("--junit", "junit_file", type=_Output, help="Write it as JUnit XML.")
@click.option("--events", "events_file", type=_Output, help="Keep the engine's events there.")
@click.option("--fail-on", type=click.Choice(["critical", "high", "medium", "low"]),
              help="Advisory findings of this severity or a worse one fail too. Mandatory ones "
              "always do.")  # fmt: skip
def report(
    stack: str | None,
    cwd: str,
    packs: tuple[Path, ...],
    configs: tuple[Path, ...],
    events: IO[str] | None,
    json_file: str | None,
    sarif_file: str | None,
    junit_file: str | None,
    events_file: str | None,
    fail_on: str | None,
) -> None:
    """Preview a stack once under policies and report what they found.

    Files named '-' go to standard output; the text goes to standard error then.
    Exit code 0: no finding fails; 1: at least one does; 2: the preview itself broke off.
    """
    from meshwright_policies.report import EventsError, data, junit, read, sarif, text
    from meshwright_policies.report.preview import PreviewError, Project
    from meshwright_policies.rule import Severity

    names = (json_file, sarif_file, junit_file, events_file)
    if names.count("-") > 1:
        raise click.UsageError("only one file can be standard output")
    threshold = Severity(fail_on) if fail_on else None
    try:
        project = Project.at(Path(cwd)) if events is None else None
        if project is None:
            assert events, "a project is only left out for a kept log"
            found = read(events)
        else:
            found = _preview(project, stack, packs, configs, events_file)
        file = (project or Project(Path(cwd), {})).finding_file(found.stack)
        _write(json_file, lambda: data.write_json(found, threshold))
        _write(sarif_file, lambda: sarif.write_sarif(found, file))
        _write(junit_file, lambda: junit.write_junit(found, threshold))
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None
    except EventsError as error:
        raise _Broken(f"{events.name if events else ''}: {error}") from error
    except PreviewError as error:
        raise _Broken(str(error)) from error
    except UnicodeDecodeError as error:
        raise _Broken(f"{events.name if events else cwd}: it is no text in UTF-8") from error
    except OSError as error:
        raise _Broken(f"{error.filename}: {error.strerror}") from error
    screen = Console(stderr="-" in names)
    if not screen.is_terminal:
        screen.width = 120  # a pipe has no width of its own; a CI log is read on a wide page
    text.show(screen, found, threshold)
    raise SystemExit(found.exit_code(threshold))


def _preview(
    project: Project,
    stack: str | None,
    packs: tuple[Path, ...],
    configs: tuple[Path, ...],
    events_file: str | None,
) -> Report:
    """Run the engine, telling on the screen how far it is."""
    from meshwright_policies.report import preview

    environment = preview.with_programs(os.environ, programs.folder())
    name = stack or preview.selected_stack(project, environment)
    beside = project.policy_config(name)
    if not packs and not configs and beside:
        configs = (beside,)
    order = preview.Preview(project, name, packs or (preview.OWN_PACK,), configs, environment)
    screen = Console(stderr=True)
    shown = f" with {', '.join(map(str, configs))}" if configs else ""
    screen.print(f"Previewing stack {escape(name)} under policies{escape(shown)}", highlight=False)
    with ExitStack() as open_files, screen.status("starting") as status:
        keep = open_files.enter_context(_opened(events_file)) if events_file else None
        return order.run(status.update, keep)


def _write(name: str | None, made: Callable[[], str]) -> None:
    if name:
        with _opened(name) as file:
            file.write(made())


def _opened(name: str) -> AbstractContextManager[IO[str]]:
    """A file to write, in a folder that need not exist; '-' is standard output, left open."""
    if name != "-":
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    return click.open_file(name, "w", encoding="utf-8")
