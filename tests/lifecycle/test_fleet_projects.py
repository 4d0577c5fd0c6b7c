"""A fleet whose clusters are in two projects and one Shared VPC, from nothing to nothing, twice."""

from collections.abc import Callable

from tests.lifecycle.harness import Cloud, Stack, assert_consistent


def test_a_fleet_over_two_projects_comes_goes_and_comes_again(
    make_stack: Callable[[str], Stack], cloud: Cloud
) -> None:
    """Grants come before what needs them and go after it; nothing of the first life is in the way.

    The sandbox refuses a cluster in a network that is not shared with it, one whose project the
    fleet may not act in, a fleet's deletion before its members', and a host's before its projects'.
    """
    stack = make_stack("fleet")
    stack.up().succeeded()
    assert_consistent(stack, cloud)
    members = [
        entry["name"]
        for entry in cloud.inventory()
        if entry["type"] == "projects.locations.features"
    ]
    assert {name.rpartition("/")[2] for name in members} == {
        "multiclusteringress",
        "multiclusterservicediscovery",
        "servicemesh",
    }

    # A refresh leaves the network with the project that shares it.
    stack.refresh("--expect-no-changes").succeeded()
    stack.destroy().succeeded()
    assert cloud.inventory() == []
    stack.up().succeeded()

    assert_consistent(stack, cloud)
