"""The entry point: subcommands are imported only when they run, so that each starts at once."""

import errno
import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import click


class _Lazy(click.Group):
    """A group that imports a subcommand's module on first use."""

    ELSEWHERE: ClassVar[dict[str, tuple[str, str]]] = {
        "demo": ("meshwright_cli.demo", "Bring stack dev up on the local cloud and show it."),
        "policy": (
            "meshwright_cli.policy",
            "What the policies say about a stack, for people and CI.",
        ),
        "rollout": (
            "meshwright_cli.rollout",
            "A service's calls go to its new version step by step.",
        ),
        "sandbox": (
            "meshwright_cli.sandbox",
            "The local cloud: up, env, status, traffic, metrics, fault, down.",
        ),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.ELSEWHERE])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        return getattr(importlib.import_module(self.ELSEWHERE[cmd_name][0]), cmd_name)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the command line; `--help` prints here already."""
        with _in_one_line():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        with _in_one_line():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing any."""
        rows = [(name, text) for name, (_, text) in self.ELSEWHERE.items()]
        rows += [(name, c.get_short_help_str(80)) for name, c in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows))


@contextmanager
def _in_one_line() -> Iterator[None]:
    """What the system refuses (a full disk, a folder) is said without a traceback."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # click ends quietly when nobody reads on
        if error.filename is None:
            _give_up_output()
        said = error.strerror or str(error)
        text = f"{error.filename}: {said}" if error.filename else said
        raise click.ClickException(text) from error


def _give_up_output() -> None:
    """What could not be written is not tried again as Python ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Meshwright: a service-mesh platform on Google Cloud, also on a laptop without one."""


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the report for programs.")
def validate(files: tuple[Path, ...], as_json: bool) -> None:
    """Check stack files: every mistake at once, without Pulumi or a network.

    Exit code 0: all are valid; 1: at least one has a mistake.
    """
    from stacks.validate import validate_file

    reports = [validate_file(path) for path in files]
    if as_json:
        click.echo(json.dumps([report.data() for report in reports], indent=2))
    else:
        for report in reports:
            click.echo(report.text(), err=not report.valid)
    raise SystemExit(any(not report.valid for report in reports))


@main.command()
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to this file instead of printing it.",
)
def schema(write: Path | None) -> None:
    """Print the JSON Schema of a stack's file; editors complete and check with it."""
    from stacks.validate import schema_text

    if write is None:
        click.echo(schema_text(), nl=False)
    else:
        write.write_text(schema_text(), encoding="utf-8")
        click.echo(f"wrote {write}")


if __name__ == "__main__":
    main()
