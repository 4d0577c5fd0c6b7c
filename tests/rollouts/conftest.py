"""One Prometheus for each file, and a world of its own for each test."""

from collections.abc import Iterator

import pytest

from tests.rollouts.scripted import Prometheus
from tests.rollouts.world import World


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Prometheus]:
    server = Prometheus()
    yield server
    server.close()


@pytest.fixture
def world(prometheus: Prometheus) -> World:
    return World(prometheus)
