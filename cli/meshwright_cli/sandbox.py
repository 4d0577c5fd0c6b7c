"""`meshwright sandbox`: the local cloud of this project."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from meshwright_cli import programs
from meshwright_cli._progress import FiniteRange, progress
from meshwright_cli._sandbox_errors import readable_errors, stopped

_DEFAULT_PROJECT = "meshwright-dev"
_errors = Console(stderr=True)


class _Lazy(click.Group):
    """Imports the command with most to it only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "metrics", "traffic"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "metrics":
            from meshwright_cli.metrics import metrics

            return metrics
        if cmd_name == "traffic":
            from meshwright_cli.traffic import traffic

            return traffic
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Lazy)
def sandbox() -> None:
    """Run Google Cloud's control plane and its clusters on this machine."""


def _project_id(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from meshwright_sandbox.core.projects import ID

    if not ID.fullmatch(value):
        raise click.BadParameter(
            f"{value!r} is no project id: that is 6 to 30 lower-case letters, digits and '-', "
            "with a letter first and no '-' last. Use the id, not the project's name."
        )
    return value


@sandbox.command()
@click.option("--scale", default=0.01, show_default=True, type=FiniteRange(min=0),
              help="Real seconds per simulated second of each operation.")  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65535), help="Port; a free one if left out.")
@click.option("--clusters", type=click.Choice(["real", "none"]), default="real", show_default=True,
              help="Whether GKE clusters are real API servers.")  # fmt: skip
@click.option("--project", default=_DEFAULT_PROJECT, show_default=True, callback=_project_id,
              help="Google Cloud project that clients use by default.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def up(scale: float, port: int | None, clusters: str, project: str, as_json: bool) -> None:
    """Start the sandbox, or say that it runs."""
    start(scale=scale, port=port, clusters=clusters, project=project, as_json=as_json)


def start(
    *,
    scale: float = 0.01,
    port: int | None = None,
    clusters: str = "real",
    project: str = _DEFAULT_PROJECT,
    as_json: bool = False,
) -> None:
    """Start the sandbox with progress on the screen; `meshwright demo` uses it too."""
    from meshwright_sandbox.daemon import home as homes
    from meshwright_sandbox.daemon import lifecycle

    home = homes.find_home()
    # Any stack may follow, so what only some stacks need is brought too.
    real = clusters == "real"
    tools = programs.installed_folder(also=[programs.HELM]) if real else programs.folder()
    with readable_errors(), progress(_errors, "sandbox: starting") as tell:
        started = lifecycle.up(
            home,
            tools=tools,
            charts=programs.charts_folder(),
            project=project,
            scale=scale,
            port=port,
            clusters=clusters,
            progress=lambda text: tell(f"sandbox: {text}"),
        )
    settings = started.settings
    if as_json:
        report = {"url": settings.url, "home": str(home.path), "clusters": settings.clusters}
        report |= {"already_running": started.already_running, "plugins": dict(started.plugins)}
        report |= {"limits": started.limits, "stopped": list(started.stopped)}
        click.echo(json.dumps(report))
        return
    verb = "is already running" if started.already_running else "is up"
    click.echo(f"The sandbox {verb} at {settings.url}, in {home.path}")
    wished = {"port": port or settings.port, "clusters": clusters, "scale": scale}
    wished |= {"project": project}
    kept = ", ".join(f"--{k} {v}" for k, v in asdict(settings).items() if v != wished[k])
    if kept:
        click.echo(f"It keeps {kept}; to change that: `meshwright sandbox down`, then up")
    if started.limits:
        click.echo(f"Note: {started.limits}")
    if started.stopped:
        click.echo(f"Note: {stopped(home, started.stopped)}")
    plugins = ", ".join(f"{name}: {kind}" for name, kind in sorted(started.plugins.items()))
    click.echo(f"Provider plugins: {plugins}")
    click.echo('Use it in this shell:  eval "$(meshwright sandbox env)"')


@sandbox.command()
@click.option("--unset", is_flag=True, help="Print the commands that undo it.")
@click.option("--json", "as_json", is_flag=True, help="Print the variables as JSON.")
def env(unset: bool, as_json: bool) -> None:
    """Print the shell commands that point pulumi, gcloud and kubectl at the sandbox."""
    from meshwright_sandbox.daemon import environment, home

    found = home.find_home()
    with readable_errors():
        settings = found.settings
        if settings is None:
            raise home.SandboxError(
                f"{found.path} holds no sandbox; start one with `meshwright sandbox up`"
            )
        variables = environment.shell_environment(found, settings, programs.folder())
    if as_json:
        click.echo(json.dumps(variables, indent=2, sort_keys=True))
    else:
        click.echo(environment.undo(variables) if unset else environment.exports(variables))


@sandbox.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(as_json: bool) -> None:
    """Show the emulator, the clusters, their meshes and what they take."""
    from meshwright_sandbox.daemon import home, status

    with readable_errors():
        report = status.status(home.find_home())
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    console = Console()
    emulator = report["emulator"]
    place = f" at {emulator['url']} (process {emulator['pid']})" if emulator.get("pid") else ""
    # Not by the console: it would take parts of a path for markup, and break it where a line ends.
    click.echo(f"Sandbox    {emulator['state']}{place}, in {report['home']}")
    network = report["network"]
    click.echo(f"Network    {network['kind'] or 'not made yet'}")
    if network["limits"]:
        click.echo(f"Limits     {network['limits']}")
    if report["metrics"]:
        click.echo(f"Metrics    Prometheus at {report['metrics']}")
    click.echo(f"Memory     {_megabytes(report['memory'])}")
    if report["clusters"]:
        # A pipe has no width of its own; names must not be cut for it.
        wide = console if console.is_terminal else Console(width=160)
        wide.print(_cluster_table(report["clusters"]))


@sandbox.command()
def down() -> None:
    """Stop everything that the sandbox started; its state stays."""
    from meshwright_sandbox.daemon import home, lifecycle

    found = home.find_home()
    with readable_errors(), progress(_errors, "sandbox: stopping"):
        ended = lifecycle.down(found)
    if not ended:
        click.echo("The sandbox was not running")
        return
    kept = f"its state is in {found.path}" if found.path.exists() else "its folder was deleted"
    click.echo(f"The sandbox is down ({ended} processes ended); {kept}")


@sandbox.command()
@click.pass_context
def reset(context: click.Context) -> None:
    """Stop it and forget all its state, its Pulumi state included; start it again if it ran."""
    from meshwright_sandbox.daemon import home, lifecycle

    found = home.find_home()
    with readable_errors(), progress(_errors, "sandbox: resetting"):
        settings = found.settings
        was_running = lifecycle.reset(found)
    click.echo(f"The sandbox's state in {found.path} is gone")
    if was_running and settings is not None:
        start(scale=settings.scale, clusters=settings.clusters, project=settings.project)


@sandbox.command()
@click.argument("pattern", required=False)
@click.option("--action", help="429, 500, 502, 503, 504, hang, reset-before, reset-after, "
              "operation-error, ...")  # fmt: skip
@click.option("--count", default=1, show_default=True, help="How many calls; negative: all.")
@click.option("--skip", default=0, show_default=True, type=click.IntRange(min=0),
              help="How many matching calls pass first.")  # fmt: skip
@click.option("--list", "show", is_flag=True, help="List the faults that are armed.")
@click.option("--clear", is_flag=True, help="Disarm all faults.")
def fault(
    pattern: str | None, action: str | None, count: int, skip: int, show: bool, clear: bool
) -> None:
    """Make the next calls that match PATTERN fail.

    PATTERN is a method and a regular expression for the path: 'POST .*/clusters'.
    """
    from meshwright_sandbox.daemon import home, surface

    if not (show or clear) and (pattern is None or action is None):
        raise click.UsageError(
            "name what fails and how: meshwright sandbox fault 'POST .*/clusters' --action 503"
        )
    with readable_errors():
        settings = home.find_home().settings
        if settings is None:
            raise home.SandboxError("no sandbox is here; start one with `meshwright sandbox up`")
        if clear:
            surface.request(settings, "DELETE", "faults")
            click.echo("All faults are disarmed")
        if pattern is not None and action is not None:
            method, _, path = pattern.strip().partition(" ")
            order = {"method": method if path else "*", "path_pattern": path.strip() or method}
            order |= {"count": count, "skip": skip, "action": action}
            surface.request(settings, "POST", "faults", order)
            calls = "every call" if count < 0 else f"{count} call(s)"
            click.echo(f"{calls} of {order['method']} {order['path_pattern']}: {action}")
        if show:
            Console().print(_fault_table(surface.request(settings, "GET", "faults")))


def _cluster_table(clusters: list[dict[str, Any]]) -> Table:
    table = Table(box=None)
    for column in ("CLUSTER", "LOCATION", "MODE", "VERSION", "STATE", "ENDPOINT", "MESH", "MEMORY"):
        table.add_column(column)
    for cluster in clusters:
        mesh = cluster["mesh"]
        table.add_row(
            cluster["name"],
            cluster["location"],
            cluster["mode"],
            cluster["version"],
            cluster["state"],
            cluster["endpoint"],
            f"{mesh['revision']} {mesh['state']}" if mesh else "-",
            _megabytes(cluster["memory"]),
        )
    return table


def _fault_table(faults: list[dict[str, Any]]) -> Table:
    table = Table(box=None)
    for column in ("ID", "METHOD", "PATH", "ACTION", "LEFT", "STRUCK"):
        table.add_column(column)
    for fault in faults:
        cells = (fault[k] for k in ("id", "method", "path_pattern", "action", "count", "hits"))
        table.add_row(*(escape(str(cell)) for cell in cells))
    return table


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
