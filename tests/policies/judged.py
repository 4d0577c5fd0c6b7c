"""Programs of raw resources, judged by the real engine under the pack, and what they are kept at.

python -m tests.policies.judged bad [...]     # renews programs/<name>/findings.txt
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from tests.lifecycle.harness import Run, Stack

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
PLUGINS = dict.fromkeys(("gcp", "kubernetes"), "tests.policies.any_type_plugin")
RENEW = ".venv/bin/python -m tests.policies.judged"
STACKS = {"bad": "prod"}
"""Names of the stacks, where they matter: some rules are about production only."""


def preview(name: str, work: Path) -> Run:
    """One preview of a program, with its own policy config if it has one."""
    program = PROGRAMS / name
    stack = Stack(program, work, {}, name=STACKS.get(name, "dev"), plugins=PLUGINS)
    stack.run("config", "set", "gcp:project", "acme", "--stack", stack.name).succeeded()
    options = ["--policy-pack", str(ROOT / "policies")]
    if (program / "policies.json").exists():
        options += ["--policy-pack-config", str(program / "policies.json")]
    return stack.preview(*options)


def findings(run: Run) -> list[str]:
    """What the pack said, a line each: level, rule, resource, message."""
    events = [event["policyEvent"] for event in run.events if "policyEvent" in event]
    return sorted(map(_line, events))


def kept(name: str) -> list[str]:
    """The findings that a program is expected to have."""
    return (PROGRAMS / name / "findings.txt").read_text().splitlines()


def _line(event: dict[str, Any]) -> str:
    """The engine repeats the policy's description above the message; the rules page has that."""
    kind, name = event.get("resourceUrn", "").split("::")[-2:]
    _, _, said = event["message"].strip().partition("\n")
    message = " ".join(said.split())
    return f"{event['policyName']} {event['enforcementLevel']} {kind}::{name} {message}"


def main() -> None:
    """Run the named programs and keep what is found."""
    parser = argparse.ArgumentParser(description="Keep what the pack says of programs now.")
    parser.add_argument("name", nargs="+", choices=[p.name for p in PROGRAMS.iterdir()])
    for name in parser.parse_args().name:
        with tempfile.TemporaryDirectory() as work:
            run = preview(name, Path(work))
        lines = findings(run)
        assert lines, run.output
        (PROGRAMS / name / "findings.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
