"""What the policy pack costs: its share of a preview of 2,000 resources, and its start.

The preview is of a spec of this project, so that the resources are what users have. Both sides of a
ratio alternate in the same run. All findings are advice here: the pack works as hard, and the
preview goes on to its end.
"""

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.measures import own_sandbox, seconds, shell_of
from bench.scale import PROJECT, spec, write
from bench.stack import Stack

_CLUSTERS, _SERVICES = 20, 200
_ROUNDS = 3
_STARTS = 5
_EMPTY = """\
from pulumi_policy import PolicyPack, ResourceValidationPolicy

PolicyPack("empty", [ResourceValidationPolicy("none", "Nothing.", lambda args, report: None)])
"""
_ONE = "import pulumi\n\npulumi.export('one', 1)\n"


def policies() -> Iterator[Figure]:
    """The pack beside no pack, and its start beside an empty pack's."""
    with tempfile.TemporaryDirectory(prefix="meshwright-bench-") as folder, own_sandbox() as own:
        environment = shell_of(own, project=PROJECT)
        stack = Stack(Path(folder) / "stack", environment, "dev")
        write(stack.program / "stacks" / "Pulumi.dev.yaml", spec(_CLUSTERS, _SERVICES))
        yield from _share(stack)
        yield from _start(stack, Path(folder))


def _share(stack: Stack) -> Iterator[Figure]:
    advice = stack.program / "advice.json"
    advice.write_text(json.dumps({"all": "advisory"}))
    preview = json.loads(stack.pulumi("preview", "--json", "--stack", stack.name))
    count = preview["changeSummary"]["create"]
    plain: list[float] = []
    judged: list[float] = []
    for _ in range(_ROUNDS):
        plain.append(_preview(stack))
        judged.append(
            _preview(stack, "--policy-pack", "policies", "--policy-pack-config", str(advice))
        )
    slower = statistics.median(judged) - statistics.median(plain)
    yield Figure(f"preview of {count} resources, without policies", tuple(plain), None)
    yield Figure(f"preview of {count} resources, with policies", tuple(judged), None)
    yield Figure("policies' cost per resource", (1000 * slower / count,), None, "ms")
    ratio = statistics.median(judged) / statistics.median(plain)
    yield Figure("preview with policies, to one without", (ratio,), 1.15, "x")


def _start(stack: Stack, folder: Path) -> Iterator[Figure]:
    """A program without resources, so that nothing but the start is in the difference."""
    (stack.program / "__main__.py").write_text(_ONE)
    empty = folder / "empty"
    empty.mkdir()
    (empty / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.1.0\n")
    (empty / "__main__.py").write_text(_EMPTY)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(_STARTS):
        theirs.append(_preview(stack, "--policy-pack", str(empty)))
        ours.append(_preview(stack, "--policy-pack", "policies"))
    later = statistics.median(ours) - statistics.median(theirs)
    yield Figure("start of the policy pack, over an empty one", (later,), 1)


def _preview(stack: Stack, *options: str) -> float:
    command = ["pulumi", "preview", "--suppress-progress", "--non-interactive", *options]
    return seconds([*command, "--stack", stack.name], stack.environment, cwd=stack.program)
