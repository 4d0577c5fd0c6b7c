"""`meshwright sandbox traffic`: calls through a gateway of the local mesh, and who answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from meshwright_cli import programs
from meshwright_cli._progress import FiniteRange, progress
from meshwright_cli._sandbox_errors import readable_errors

_MOST_REQUESTS = 1_000_000
# A method or the name of a header or cookie (RFC 9110, 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_errors = Console(stderr=True)


@click.command()
@click.option("--gateway", help="Gateway to call, NAMESPACE/NAME; the first there is if left out.")
@click.option("--host", help="Host to call; the gateway's first if left out.")
@click.option("--from", "machine", metavar="MACHINE",
              help="Call from a machine or Cloud Run service of a Mesh, by way of its own proxy, "
              "in place of a gateway; the name or how it begins. Needs --host.")  # fmt: skip
@click.option("--path", default="/", show_default=True, help="Path to call.")
@click.option("--method", default="GET", show_default=True, help="Method of the calls.")
@click.option("--requests", type=click.IntRange(1, _MOST_REQUESTS),
              help="How many calls.  [default: 1000, or what --duration takes]")  # fmt: skip
@click.option("--rate", type=FiniteRange(min=0, min_open=True, max=5000), default=200.0,
              show_default=True, help="Calls a second.")  # fmt: skip
@click.option("--duration", type=FiniteRange(min=0, min_open=True, max=3600),
              help="Seconds to go on for, in place of --requests.")  # fmt: skip
@click.option("--callers", type=click.IntRange(1, 1000), default=10, show_default=True,
              help="Callers with an address and cookies of their own.")  # fmt: skip
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="Header to send.")
@click.option("--cookie", "cookies", multiple=True, metavar="NAME=VALUE", help="Cookie to send.")
@click.option("--stop", is_flag=True, help="End what carries traffic: pods are simulated again.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def traffic(
    *,
    gateway: str | None,
    host: str | None,
    machine: str | None,
    path: str,
    method: str,
    requests: int | None,
    rate: float,
    duration: float | None,
    callers: int,
    headers: tuple[str, ...],
    cookies: tuple[str, ...],
    stop: bool,
    as_json: bool,
) -> None:
    """Call a gateway, and count who answered.

    The first time, the pods of the stack become processes: gateways and sidecars are Envoys that
    the clusters' istiods configure, and known images are played by an echo service.
    """
    from meshwright_sandbox.daemon import home as homes
    from meshwright_sandbox.daemon import machines
    from meshwright_sandbox.daemon import traffic as driving
    from meshwright_sandbox.traffic.load import Load, sources

    home = homes.find_home()
    if requests is not None and duration is not None:
        raise click.UsageError("give --requests or --duration: with --rate, one says the other")
    if not _TOKEN.fullmatch(method):
        raise click.UsageError(f"--method {method!r} is no HTTP method, such as GET or POST")
    if machine and (gateway or not host):
        raise click.UsageError("--from needs --host, the name that a route has, and no --gateway")
    number = requests or (max(int(rate * duration), 1) if duration else 1000)
    if number > _MOST_REQUESTS:
        raise click.UsageError(f"{number} calls are more than {_MOST_REQUESTS}")
    sent_headers, sent_cookies = _pairs(headers, ":", "--header"), _pairs(cookies, "=", "--cookie")
    with readable_errors():
        if stop:
            with progress(_errors, "sandbox: ending the pods' processes"):
                driving.stop(home)
            said = "The sandbox carries no traffic; pods are simulated"
            click.echo(json.dumps({"traffic": False}) if as_json else said)
            return
        with progress(_errors, "sandbox: starting pods") as tell:
            report = driving.start(
                home, programs.bootstrap(), lambda text: tell(f"sandbox: {text}")
            )
        network, callers_at = None, sources(callers)
        if machine and host:
            door, network, address = machines.find(home, report, machine)
            callers_at = [address]
        else:
            door, host = driving.choose(report, gateway, host)
        planned = Load(
            url=door.url(host, path),
            addresses=door.addresses,
            port=door.inner_port,
            requests=number,
            rate=rate,
            sources=callers_at,
            headers=sent_headers,
            cookies=sent_cookies,
            method=method,
            ca=driving.authority(home) if door.tls else "",
        )
        tally = _watched(driving.load(home, planned, network), number)
    result = {"gateway": door.gateway, "cluster": door.cluster, "url": planned.url, **tally}
    result["latencies"] = {v: driving.percentiles(s) for v, s in tally["latencies"].items()}
    every = [seconds for of_version in tally["latencies"].values() for seconds in of_version]
    result["latency"] = driving.percentiles(every)
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        _show(Console(), result)


def _watched(tallies: Iterable[Mapping[str, Any]], number: int) -> dict[str, Any]:
    """The last tally; those before it are shown as they come."""
    bar = (TextColumn("calls"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[by]}"))
    tally: Mapping[str, Any] = {}
    with Progress(*bar, console=_errors, transient=True) as progress:
        task = progress.add_task("calls", total=number, by="")
        for tally in tallies:
            shares = {version: sum(by.values()) for version, by in tally["answers"].items()}
            by = "  ".join(f"{version} {count}" for version, count in sorted(shares.items()))
            progress.update(task, completed=tally["done"], by=by)
    return dict(tally)


def _show(console: Console, result: Mapping[str, Any]) -> None:
    done, seconds = result["done"], result["seconds"]
    rate = done / seconds if seconds else 0
    by = f"gateway {result['gateway']} in cluster {result['cluster']}"
    if not result["cluster"]:
        by = f"machine {result['gateway']}"
    console.print(
        f"{done} calls of {result['url']} by {by}: {seconds:.1f} s, {rate:.0f} a second",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    table = Table(box=None)
    for column in ("VERSION", "STATUS", "CALLS", "SHARE", "P50", "P90", "P99", "MAX"):
        table.add_column(column, justify="left" if column in ("VERSION", "STATUS") else "right")
    for version, by_status in sorted(result["answers"].items()):
        latency = result["latencies"][version]
        for status, count in sorted(by_status.items()):
            times = [_milliseconds(latency.get(p)) for p in ("p50", "p90", "p99", "max")]
            table.add_row(
                version, _status(status), str(count), f"{100 * count / done:.1f} %", *times
            )
    console.print(table)
    for error, count in sorted(result["errors"].items()):
        console.print(f"{count} calls got no answer: {error}", markup=False, soft_wrap=True)
    if result["refused"]:
        listed = ", ".join(f"{source} ({n})" for source, n in sorted(result["refused"].items()))
        console.print(f"refused: {listed}", markup=False, highlight=False, soft_wrap=True)
    else:
        console.print("nobody was refused")


def _status(status: str) -> str:
    return "no answer" if status == "0" else status


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} ms"


def _pairs(given: tuple[str, ...], sign: str, option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        name, found, value = text.partition(sign)
        if not found or not _TOKEN.fullmatch(name.strip()):
            raise click.UsageError(f"{option} {text!r}: write it as NAME{sign}VALUE")
        if not value.strip().isprintable():
            raise click.UsageError(f"{option} {text!r}: its value is not one line of text")
        pairs[name.strip()] = value.strip()
    return pairs
