"""Routes of the service routing API on the real engine, from nothing to nothing."""

from collections.abc import Callable

import pytest

from tests.lifecycle.harness import Cloud, Stack, assert_consistent


@pytest.mark.engine
def test_a_canarys_step_is_one_request(make_stack: Callable[[str], Stack], cloud: Cloud) -> None:
    """Up, nothing to do, a step of the weights, destroy."""
    stack = make_stack("routes")
    stack.up().succeeded()
    assert stack.preview("--refresh").succeeded().changes == {}
    stack.configure(share="50")
    mark = cloud.mark()

    step = stack.up().succeeded()

    assert step.steps == [("update", "gcp:networkservices/httpRoute:HttpRoute::web-route")]
    assert len(cloud.mutating(since=mark)) == 1
    assert_consistent(stack, cloud)
    stack.destroy().succeeded()
    assert cloud.inventory() == []
