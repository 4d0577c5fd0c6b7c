"""`meshwright demo`: the whole way from a checkout to a platform on the local cloud."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from meshwright_cli import programs
from meshwright_cli._progress import FiniteRange, progress
from meshwright_cli._sandbox_errors import readable_errors, stopped

if TYPE_CHECKING:
    from stacks.spec import Platform

STACK = "dev"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a summary for programs at the end.")
@click.option("--scale", default=0.01, show_default=True, type=FiniteRange(min=0),
              help="Real seconds per simulated second of each operation.")  # fmt: skip
def demo(as_json: bool, scale: float) -> None:
    """Bring stack dev up on the local cloud and show it. Twice in a row changes nothing."""
    from meshwright_cli import _screen
    from meshwright_cli._engine import Engine

    started = time.monotonic()
    root = _root()
    spec = _spec(root)
    tools = programs.installed_folder(also=_also(spec))
    environment, state = _sandbox(root, tools, spec.project, scale)
    engine = Engine(root, STACK, environment, state)
    engine.refuse_lock()
    engine.select()
    # Programs read standard output; what people watch goes to standard error then.
    code = engine.up(output=sys.stderr.fileno() if as_json else None)
    if code:
        engine.refuse_lock()
        raise click.ClickException(
            "`pulumi up` did not finish; its message stands above. What was built is kept in the "
            "state: mend the cause and run this again, it continues where it stopped"
        )
    outputs, resources = engine.outputs(), engine.resources()
    seconds = time.monotonic() - started
    if as_json:
        counts = _screen.kinds(resources)
        report = {"stack": STACK, "seconds": round(seconds, 1), "created": counts}
        click.echo(json.dumps({**report, "outputs": outputs}, indent=2))
        return
    has_gcloud = shutil.which("gcloud", path=environment["PATH"]) is not None
    # A pipe has no width of its own; what is there to be copied must not be cut for it.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    _screen.show(console, outputs, resources, seconds=seconds, has_gcloud=has_gcloud)


def _root() -> Path:
    """The checkout that this command was installed from."""
    import stacks

    return Path(stacks.__file__).resolve().parents[1]


def _sandbox(root: Path, tools: Path, project: str, scale: float) -> tuple[dict[str, str], Path]:
    """Start the sandbox unless it runs; the environment of its clients and the state's folder."""
    from meshwright_sandbox.daemon import environment, home, lifecycle

    console = Console(stderr=True)
    found = home.find_home(root)
    with readable_errors():
        with progress(console, "sandbox: starting") as tell:
            started = lifecycle.up(
                found,
                tools=tools,
                charts=programs.charts_folder(),
                project=project,
                scale=scale,
                port=None,
                clusters="real",
                progress=lambda text: tell(f"sandbox: {text}"),
            )
        if started.settings.clusters == "none":
            raise home.SandboxError(
                f"the sandbox in {found.path} was started without clusters, and stack {STACK} has "
                "some; end it with `meshwright sandbox down`, then run the same command again"
            )
        click.echo(f"The sandbox is up at {started.settings.url}, in {found.path}", err=True)
        if started.limits:
            click.echo(f"Note: {started.limits}", err=True)
        if started.stopped:
            click.echo(f"Note: {stopped(found, started.stopped)}", err=True)
        variables = environment.shell_environment(found, started.settings, tools)
    return {**os.environ, **variables}, found.pulumi_state


def _also(spec: Platform) -> list[str]:
    """The programs that a stack needs and others do not."""
    kinds = {cluster.mesh or spec.mesh.kind for cluster in spec.clusters}
    return [programs.HELM] if kinds - {"managed"} else []


def _spec(root: Path) -> Platform:
    """The stack's spec, once it is known to be valid."""
    from stacks.spec import SpecError
    from stacks.validate import load_file

    try:
        return load_file(root / "stacks" / f"Pulumi.{STACK}.yaml")
    except SpecError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
