"""What `meshwright demo` says at its end: what was built, how to look at it, change it, stop it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_OWN = ("pulumi:", "meshwright:")


def show(
    console: Console,
    outputs: Mapping[str, Any],
    resources: Counter[str],
    *,
    seconds: float,
    has_gcloud: bool,
) -> None:
    """Print the closing screen.

    Args:
        console: Where to.
        outputs: The stack's outputs, secrets masked.
        resources: How many of each type the stack holds.
        seconds: How long it took.
        has_gcloud: Whether Google's command-line tool is there.
    """
    console.print()
    console.rule(f"[bold]stack dev is up[/] in {seconds:.0f} s")
    console.print(_table("created", _counts(resources)))
    console.print(_table("outputs", list(_flat(outputs))))
    for title, text in (
        ("look at it", _look(outputs, has_gcloud)),
        ("change it", _CHANGE),
        ("stop it", _STOP),
    ):
        console.print(f"\n[bold]{title}[/]")
        # Not wrapped and not marked up: these lines are there to be copied.
        console.print(text, soft_wrap=True, markup=False, highlight=False)


def kinds(resources: Counter[str]) -> dict[str, dict[str, int]]:
    """The counts by provider and short name: `{"Google Cloud": {"compute.Network": 1}}`."""
    found: dict[str, dict[str, int]] = {}
    for token, count in sorted(resources.items()):
        package, module, name = token.split(":")
        if f"{package}:" in _OWN:
            continue
        group = "Google Cloud" if package == "gcp" else "Kubernetes"
        area = module.split("/")[0]
        short = f"{area}.{name}" if package == "gcp" else name
        by_name = found.setdefault(group, {})
        by_name[short] = by_name.get(short, 0) + count
    return found


def _table(title: str, rows: list[tuple[str, str]]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", show_header=False, box=None
    )
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in rows:
        table.add_row(escape(name), escape(text))
    return table


def _flat(outputs: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Each output on a line of its own, named by its path; commands stand further down."""
    for name, value in sorted(outputs.items()):
        if isinstance(value, Mapping) and name != "try":
            yield from _flat(value, f"{above}{name}.")
        elif name != "try":
            yield f"{above}{name}", value if isinstance(value, str) else json.dumps(value)


def _counts(resources: Counter[str]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for group, names in kinds(resources).items():
        listed = ", ".join(f"{count} {name}" for name, count in names.items())
        rows.append((f"{group} ({sum(names.values())})", listed))
    return rows


def _look(outputs: Mapping[str, Any], has_gcloud: bool) -> str:
    lines = ['eval "$(.venv/bin/meshwright sandbox env)"', ""]
    if has_gcloud:
        lines += ["gcloud container clusters list", "gcloud container fleet memberships list"]
    else:
        lines += ["# gcloud is not installed; with it: gcloud container clusters list"]
    clusters: Mapping[str, Any] = outputs.get("clusters") or {}
    lines += ["kubectl config get-contexts"]
    for cluster in clusters.values():
        context = f"gke_{outputs.get('project', '')}_{cluster['location']}_{cluster['name']}"
        lines += [f"kubectl --context {context} get pods,virtualservices,authorizationpolicies -A"]
    lines += [
        ".venv/bin/meshwright sandbox status",
        ".venv/bin/meshwright sandbox traffic    # real Envoys, real calls: who answers?",
    ]
    return "\n".join([*lines, "pulumi stack output"])


_CHANGE = """\
# in stacks/Pulumi.dev.yaml, give checkout's v1 and v2 the weights 80 and 20; then, in that shell:
.venv/bin/meshwright validate stacks/Pulumi.dev.yaml
pulumi up --stack dev --policy-pack policies"""

_STOP = """\
make down                             # ends the local cloud; `make demo` resumes it
pulumi destroy --stack dev            # deletes the platform
.venv/bin/meshwright sandbox reset    # forgets everything"""
