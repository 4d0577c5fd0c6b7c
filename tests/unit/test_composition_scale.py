"""What a part of a platform stands on does not grow with the platform.

The SDK looks at all that a resource stands on, step by step, for every dependency that it declares,
so that clusters which stand on one another cost their number's square in each preview.
"""

from collections.abc import Callable
from typing import Any

import pulumi

from bench.scale import spec
from stacks.composition import build
from stacks.spec import load
from tests.unit.recording import Recorder, component_test, record


def _composed(clusters: int) -> Recorder:
    """A platform of so many clusters with one service each, all in one region."""
    platform = spec(clusters, clusters)
    for placed in (*platform["clusters"], *platform["networks"][0]["subnets"]):
        # A region has its own NAT, which the whole network stands on.
        placed["region"] = "europe-west1"
    recorder = record()

    @component_test
    def run() -> tuple[pulumi.Output[Any], Callable[[object], None]]:
        return pulumi.Output.all(build(load(platform))), lambda _: None

    run()
    return recorder


def _stands_on(recorder: Recorder) -> dict[str, set[str]]:
    """Everything that each resource waits for, in one step or many; by name."""
    direct: dict[str, set[str]] = {}
    for item in recorder.registrations:
        if item.type == "pulumi:pulumi:Stack":
            continue  # the SDK registers it once a process
        direct.setdefault(item.name, set()).update({*item.depends_on, item.provider} - {""})
    found: dict[str, set[str]] = {}
    for name in direct:
        rest, reached = [name], set[str]()
        while rest:
            new = direct.get(rest.pop(), set[str]()) - reached
            reached |= new
            rest += new
        found[name] = reached
    return found


def test_more_clusters_are_nothing_to_those_that_are_there():
    """Each of their parts, down to the last object inside, stands on what it stood on before."""
    few, many = _stands_on(_composed(2)), _stands_on(_composed(5))

    assert few == {name: many[name] for name in few}
    route = few["c000-shop-c000-svc-0-shares"]
    assert {"c000-cluster", "mesh-c000", "mesh-c000-readiness", "mesh-subnet-c000"} <= route
