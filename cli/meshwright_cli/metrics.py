"""`meshwright sandbox metrics`: a Prometheus that reads the proxies of the local mesh."""

from __future__ import annotations

import json

import click
from rich.console import Console

from meshwright_cli import programs
from meshwright_cli._progress import progress
from meshwright_cli._sandbox_errors import readable_errors

_errors = Console(stderr=True)


@click.command()
@click.option("--stop", is_flag=True, help="End it, and forget what it has read.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def metrics(*, stop: bool, as_json: bool) -> None:
    """Have Prometheus read the proxies from now on, and print its address.

    It counts what `meshwright sandbox traffic` sends, under Istio's names. A stack's
    `metrics.prometheus_url` takes the address. The first time, Prometheus is built.
    """
    from meshwright_sandbox.daemon import home as homes
    from meshwright_sandbox.daemon import traffic

    home = homes.find_home()
    with readable_errors():
        if stop:
            traffic.forget(home)
            click.echo(json.dumps({"url": ""}) if as_json else "No metrics are kept any more")
            return
        traffic.running(home)  # before minutes of building
        programs.installed_folder(also=[programs.PROMETHEUS])
        with progress(_errors, "sandbox: starting Prometheus"):
            url = traffic.measure(home)
    click.echo(json.dumps({"url": url}) if as_json else f"Prometheus answers at {url}")
