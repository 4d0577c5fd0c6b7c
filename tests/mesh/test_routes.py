"""What TrafficRoute's renderings in a cluster do to calls: counted behind real Envoys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mesh.harness import MeshCluster, statuses, versions
from tests.mesh.measures import interval
from tests.mesh.shared_routes import (
    CALLS,
    SharedFailureTests,
    SharedRouteTests,
    assert_shared_out,
)
from tests.mesh.shop import GatewayApiShop, Shop
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]


@pytest.fixture(scope="module")
def opened(west: MeshCluster) -> Iterator[Shop]:
    shop = Shop(west, "routes")
    shop.open()
    yield shop
    west.core.delete_namespace(shop.namespace)


@pytest.fixture
def shop(opened: Shop) -> Iterator[Shop]:
    """The shop; versions answer well again afterwards."""
    yield opened
    for version in ("v1", "v2"):
        opened.settings(version, error_rate=0, latency_seconds=0)


class ClusterRouteTests(SharedRouteTests):
    """Of both renderings that istiod serves."""

    def test_callers_in_the_mesh_are_shared_out_too(self, shop: Shop) -> None:
        shop.route(weights={"v1": 80, "v2": 20})
        assert_shared_out(lambda: shop.call_inside(CALLS), CALLS, 0.20)

    def test_callers_keep_their_version_while_weights_move(self, shop: Shop) -> None:
        """20 callers, 1,000 calls; a version without a share then loses its callers at once."""
        sticky = {"to": "version", "cookie": "shop"}
        shop.route(weights={"v1": 50, "v2": 50}, sticky=sticky)
        drawn = {
            a.json()["version"]: a.headers["Set-Cookie"].partition(";")[0] for a in shop.call(50)
        }
        assert drawn == {"v1": "shop=v1", "v2": "shop=v2"}
        callers = [{"cookie": drawn[("v1", "v2")[n % 2]]} for n in range(20)]
        with shop.called_meanwhile(CALLS, *callers) as answers:
            for stable in (90, 10, 99, 1):
                shop.route(weights={"v1": stable, "v2": 100 - stable}, sticky=sticky)
        assert set(statuses(answers)) == {200}
        kept = {(a.json()["headers"]["cookie"], a.json()["version"]) for a in answers}
        assert kept == {("shop=v1", "v1"), ("shop=v2", "v2")}
        shop.route(weights={"v1": 100, "v2": 0}, sticky=sticky)
        assert versions(shop.call(20, cookie="shop=v2")) == {"v1": 20}

    def test_a_mirror_gets_its_share_of_copies(self, shop: Shop) -> None:
        calls = 200
        shop.route(active="v1", mirror={"version": "v2", "percent": 30})
        before = shop.requests("v2")
        assert versions(shop.call(calls)) == {"v1": calls}

        low, high = interval(calls, 0.30, confidence=1 - 1e-7)

        def arrived() -> None:
            assert low <= shop.requests("v2") - before <= high

        eventually(arrived)


class TestRoutes(ClusterRouteTests, SharedFailureTests):
    def test_a_failed_call_is_not_tried_again_where_that_is_switched_off(self, shop: Shop) -> None:
        shop.settings("v1", error_rate=1, error_status=503)
        shop.route(active="v1", retry={"attempts": 0, "retry_on": "5xx"})
        before = shop.requests("v1")
        assert statuses(shop.call(5)) == {503: 5}
        assert shop.requests("v1") - before == 5


class TestGatewayApiRoutes(ClusterRouteTests):
    """Retries and faults it has no words for."""

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, opened: Shop) -> Iterator[Shop]:
        """The same pods, by routes of the Gateway API; Istio's own come back afterwards."""
        shop = GatewayApiShop(opened.cluster, opened.namespace)
        shop.open()
        yield shop
        shop.close()
        opened.apply(active="v1")
