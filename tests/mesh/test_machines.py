"""What TrafficRoute's rendering for Google's service routing API does to calls between machines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshwright_sandbox.traffic.calls import Answer
from tests.mesh.harness import statuses, versions
from tests.mesh.machines import MachineShop
from tests.mesh.measures import share_is_within
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.xdist_group("machines")]

CALLS = 1000


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MachineShop]:
    shop = MachineShop(tmp_path_factory.mktemp("machines") / "home")
    shop.open()
    yield shop
    shop.close()


@pytest.fixture
def shop(opened: MachineShop) -> Iterator[MachineShop]:
    """The shop; versions answer well again afterwards."""
    yield opened
    for version in ("v1", "v2"):
        opened.settings(version, error_rate=0, latency_seconds=0)


def assert_shared_out(answers: list[Answer], share: float) -> None:
    assert set(statuses(answers)) == {200}
    counted = versions(answers)["v2"]
    assert share_is_within(counted, len(answers), share), counted


@pytest.mark.parametrize("stable", [99, 90, 50, 0, 100])
def test_each_version_gets_its_share(shop: MachineShop, stable: int) -> None:
    """Within the interval that chance leaves 999 of 1,000 right splits in."""
    shop.route(weights={"v1": stable, "v2": 100 - stable})
    assert_shared_out(shop.call(CALLS), 1 - stable / 100)
