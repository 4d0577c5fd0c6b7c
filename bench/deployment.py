"""How near the deployment of `prod` comes to the longest chain that real dependencies force.

Operations take their simulated time (a cluster 300 s, a node pool 120 s, ...) at a settable scale.
What each resource took is read from the engine's event log, what it needed from the state: data
flow (property dependencies) and its provider, but no `depends_on`. The longest chain of these is
what no order of work could undercut.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.figures import Figure
from bench.measures import own_sandbox, shell_of
from bench.stack import Stack

# What the engine allows itself on eight cores; on the two of a small machine it would let the
# simulated operations, which wait and do not work, wait for each other too.
_PARALLEL = 32
_SCALE = float(os.environ.get("MESHWRIGHT_BENCH_SCALE", "0.2"))


def deployment() -> Iterator[Figure]:
    """One `up` of prod from nothing; the chain is printed on standard error."""
    with tempfile.TemporaryDirectory(prefix="meshwright-bench-") as folder, own_sandbox() as own:
        environment = shell_of(own, project="meshwright-prod", scale=_SCALE)
        stack = Stack(Path(folder) / "prod", environment, "prod")
        spans = _spans(stack.up("--parallel", str(_PARALLEL)))
        resources = stack.deployment()["deployment"]["resources"]
    durations = {urn: end - start for urn, (start, end) in spans.items()}
    chain = longest_chain(_needs(resources), durations)
    _show(chain, spans)
    makespan = max(end for _, end in spans.values()) - min(start for start, _ in spans.values())
    length = sum(durations[urn] for urn in chain)
    yield Figure(f"up of prod at scale {_SCALE:g}", (makespan,), 1.10 * length)
    yield Figure("makespan of prod, to its longest chain", (makespan / length,), 1.10, "x")


def longest_chain(needs: dict[str, set[str]], durations: dict[str, float]) -> list[str]:
    """The path of needed resources that takes longest, first needed first.

    Args:
        needs: what each resource needs, all of them among the keys; a resource stands after what
            it needs, as the engine writes them.
        durations: seconds by resource; one that is absent took none.
    """
    best: dict[str, tuple[float, list[str]]] = {}
    for urn, needed in needs.items():
        before, path = max((best[n] for n in needed if n in best), default=(0.0, []))
        took = durations.get(urn, 0.0)
        best[urn] = (before + took, [*path, urn] if urn in durations else path)
    return max(best.values())[1]


def _spans(log: Path) -> dict[str, tuple[float, float]]:
    """When each custom resource's creation began and ended."""
    began: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    for line in log.read_text().splitlines():
        event: dict[str, Any] = json.loads(line)
        for kind in ("resourcePreEvent", "resOutputsEvent"):
            metadata = event.get(kind, {}).get("metadata", {})
            if metadata.get("op") != "create" or not (metadata.get("new") or {}).get("custom"):
                continue
            if kind == "resourcePreEvent":
                began[metadata["urn"]] = event["timestamp"]
            else:
                spans[metadata["urn"]] = (began[metadata["urn"]], event["timestamp"])
    return spans


def _needs(resources: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What each resource of a state needs: data flow, its provider, and through components."""
    needs: dict[str, set[str]] = {}
    for entry in resources:
        found = {urn for urns in (entry.get("propertyDependencies") or {}).values() for urn in urns}
        if entry.get("provider"):
            found.add(entry["provider"].rpartition("::")[0])
        needs[entry["urn"]] = found
    return needs


def _show(chain: list[str], spans: dict[str, tuple[float, float]]) -> None:
    """Each link, and how long it stood idle although what it needed was there."""
    screen = Console(stderr=True, soft_wrap=True, highlight=False)
    screen.print("the longest chain of prod: seconds at work, and idle before that")
    before = min((start for start, _ in spans.values()), default=0.0)
    for urn in chain:
        (start, end), (kind, name) = spans[urn], urn.split("::")[-2:]
        kind = kind.rsplit("$", 1)[-1]
        screen.print(f"  {end - start:7.1f} s {max(start - before, 0):7.1f} s  {kind}  {name}")
        before = end
