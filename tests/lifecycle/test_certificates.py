"""Certificates of workloads and of hosts on the real engine."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.lifecycle.harness import Cloud, Stack, assert_consistent
from tests.lifecycle.harness.cloud import PROJECT

_EXAMPLES = Path(__file__).parents[2] / "examples"
_POOL = "projects/meshwright-dev/locations/europe-west1/caPools/mesh"


def test_an_authority_is_signed_enabled_changed_and_taken_away(
    make_stack: Callable[[str], Stack], cloud: Cloud
) -> None:
    """A change of the policy replaces nothing; what is destroyed frees its names at once."""
    stack = make_stack("certificates")
    stack.up().succeeded()
    options = stack.run("stack", "output", "asm_options", "--stack", stack.name).output
    assert f"CAAddr={_POOL}:" in options
    assert_consistent(stack, cloud)
    states = {
        entry["id"].rpartition("/")[2]: entry["outputs"]["state"]
        for entry in stack.resources()
        if entry["type"].endswith(":Authority")
    }
    assert states == {"root": "ENABLED", "mesh": "ENABLED"}

    stack.configure(hours="48")
    changed = stack.up().succeeded()
    assert changed.steps == [
        ("update", "gcp:certificateauthority/caPool:CaPool::mesh-pool"),
    ]
    assert_consistent(stack, cloud)

    stack.destroy().succeeded()
    assert cloud.inventory() == []
    stack.up().succeeded()
    stack.destroy().succeeded()


def test_the_map_of_the_example_is_made_and_taken_away(cloud: Cloud, tmp_path: Path) -> None:
    """What proves a domain outlives what is issued for it, and that outlives what serves it."""
    stack = Stack(_EXAMPLES / "certificate-map", tmp_path, cloud.environment())
    stack.run("config", "set", "gcp:project", PROJECT, "--stack", stack.name).succeeded()
    stack.up().succeeded()
    records = json.loads(stack.run("stack", "output", "--json", "--stack", stack.name).output)
    assert set(records["dns_records"]) == {"shop.example.com"}
    assert records["dns_records"]["shop.example.com"]["type"] == "CNAME"
    assert_consistent(stack, cloud)

    stack.destroy().succeeded()
    assert cloud.inventory() == []
