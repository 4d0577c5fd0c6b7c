"""Doing what an error message says, as its reader would."""

import re

import pytest

from tests.lifecycle.harness.engine import Run, Stack

_ADVICE = re.compile(
    r"`pulumi import (\S+) (\S+) (\S+)(?: --parent NAME=URN-of-its-(\w+))? --generate-code=false`"
)


def recover(stack: Stack) -> None:
    """What the guide says: refresh, dropping creates that never came to an answer, then up.

    A create that took effect before the end is there and unknown to the state: up says so, and
    names the resource to import.
    """
    stack.refresh("--clear-pending-creates").succeeded()
    for _ in range(10):
        run = stack.up()
        if run.code == 0:
            return
        assert import_orphans(stack, run), run.output
    pytest.fail("up did not converge after 10 imports")


def import_orphans(stack: Stack, run: Run) -> list[str]:
    """Import each resource that the errors of a run say exists already, and name them."""
    advice = {match for _, text in run.errors for match in _ADVICE.findall(text)}
    for kind, name, identifier, parent in sorted(advice):
        command = ["import", kind, name, identifier, "--yes", "--skip-preview"]
        command += ["--protect=false", "--generate-code=false", "--stack", stack.name]
        if parent:
            command += ["--parent", f"parent={_urn_of_parent(stack, parent, name)}"]
        stack.run(*command).succeeded()
    return sorted(name for _, name, _, _ in advice)


def _urn_of_parent(stack: Stack, kind: str, child: str) -> str:
    """The component of a kind whose child has this name: children are named `<parent>-<role>`."""
    (urn,) = [
        entry["urn"]
        for entry in stack.deployment()["resources"]
        if entry["type"].endswith(f":{kind}") and child.startswith(entry["urn"].split("::")[-1])
    ]
    return urn
