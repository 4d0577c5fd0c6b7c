"""An authority for the mesh on the real engine."""

from collections.abc import Callable

from tests.lifecycle.harness import Cloud, Stack, assert_consistent

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
