"""The report for people."""

from itertools import groupby

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from meshwright_policies.report.model import (
    Change,
    Finding,
    Report,
    counted,
    resource_name,
)
from meshwright_policies.rule import Severity

_COLOURS = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}
_VERDICTS = ("[bold green]passes[/]", "[bold red]fails[/]", "[bold red]broke off[/]")
"""By exit code."""


def show(console: Console, report: Report, fail_on: Severity | None = None) -> None:
    """Print findings by rule, the worst first; then what was mended, what waits, what broke."""
    for (_, _), group in groupby(report.findings, key=lambda f: (f.rule, f.level)):
        _rule(console, list(group))
    _mended(console, report)
    if report.not_known:
        console.print("\n[bold]not known yet[/] (`pulumi up` judges it)")
        rows = [(n.rule, n.text) for n in report.not_known]
        console.print(Padding(_table(rows), (0, 0, 0, 2), expand=False))
    for note in report.notes:
        console.print(f"\n[yellow]note[/] {escape(note)}")
    for error in report.errors:
        console.print("\n[bold red]the preview broke off[/]")
        console.print(Padding(escape(error), (0, 0, 0, 2), expand=False), highlight=False)
    console.print(f"\n{_summary(report, fail_on)}")


def _rule(console: Console, findings: list[Finding]) -> None:
    first = findings[0]
    colour = _COLOURS[first.severity]
    console.print(
        f"\n[bold]{escape(first.rule)}[/]  [{colour}]{first.severity.value}[/]  {first.level}"
    )
    source = f" [dim]({escape(first.source)})[/]" if first.source else ""
    console.print(
        Padding(f"{escape(first.title)}{source}", (0, 0, 0, 2), expand=False), highlight=False
    )
    for urn, of_one in groupby(findings, key=lambda f: f.urn):
        console.print(
            Padding(f"[bold]{escape(resource_name(urn))}[/]", (0, 0, 0, 2), expand=False),
            highlight=False,
        )
        for finding in of_one:
            console.print(
                Padding(escape(finding.sentence), (0, 0, 0, 4), expand=False), highlight=False
            )


def _mended(console: Console, report: Report) -> None:
    if not report.mended:
        return
    console.print("\n[bold green]mended on the way[/] (the program itself still says otherwise)")
    rows = [
        (f"{mended.rule}  {resource_name(mended.urn)}", f"{change.path}: {_arrow(change)}")
        for mended in report.mended
        for change in mended.changes
    ]
    console.print(Padding(_table(rows), (0, 0, 0, 2), expand=False))


def _arrow(change: Change) -> str:
    return f"{change.before or '(not set)'} -> {change.after or '(removed)'}"


def _table(rows: list[tuple[str, str]]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(overflow="fold", max_width=60)
    table.add_column(overflow="fold")
    for left, right in rows:
        table.add_row(escape(left), escape(right))
    return table


def _summary(report: Report, fail_on: Severity | None) -> str:
    of = f"stack {report.stack}" if report.stack else "the run"
    of += f" of {report.project}" if report.project else ""
    judged = f"{_count(report.resources, 'resource')}, {_count(len(report.ran), 'rule')}"
    parts = [f"{count} {severity.value}" for severity, count in counted(report.findings).items()]
    found = f"{_count(len(report.findings), 'finding')} ({', '.join(parts)})"
    failing = len(report.failing(fail_on))
    verdict = _VERDICTS[report.exit_code(fail_on)]
    reason = f": {failing} of them stop{'s' if failing == 1 else ''} it" if failing else ""
    more = [f"{len(report.mended)} mended"] if report.mended else []
    if report.not_known:
        waiting = len(report.not_known)
        more.append(f"{_count(waiting, 'rule')} wait{'s' if waiting == 1 else ''} for values")
    counts = ", ".join([judged, found if parts else "no findings", *more])
    return f"{escape(of)} {verdict}{reason}. {counts}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
