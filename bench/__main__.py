"""`python -m bench`: print the figures that the README promises, each beside its bound."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from bench import measures
from bench.deployment import deployment
from bench.figures import Figure
from bench.flat import flat
from bench.imports import imports
from bench.mesh import mesh
from bench.policies import policies
from bench.rollbacks import rollbacks
from bench.scale import scale

GROUPS: dict[str, Callable[[], Iterator[Figure]]] = {
    "dev": measures.dev_stack,
    "imports": imports,
    "flat": flat,
    "scale": scale,
    "deployment": deployment,
    "policies": policies,
    "mesh": mesh,
    "rollbacks": rollbacks,
    "tests": measures.tests,
    "cold": measures.cold,
}
_DEFAULT = ("dev", "imports", "flat", "scale", "deployment", "policies", "mesh", "rollbacks")


def main() -> None:
    """Measure and print; a broken promise is shown, never an error: machines differ."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "groups", nargs="*", choices=[*GROUPS, []], default=[*_DEFAULT],
        help="what to measure; default: all but tests (12 minutes) and cold (20 minutes)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    screen = Console(stderr=True)
    figures: list[Figure] = []
    for group in arguments.groups:
        with screen.status(f"measuring {group}"):
            figures.extend(GROUPS[group]())
    if arguments.json:
        json.dump([figure.data() for figure in figures], sys.stdout, indent=2)
        print()
    else:
        Console().print(_table(figures))


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "median", "runs", "at most", "ratio")
    for figure in figures:
        broken = figure.ratio is not None and figure.ratio > 1
        table.add_row(*figure.row, style="red" if broken else None)
    return table


if __name__ == "__main__":
    main()
