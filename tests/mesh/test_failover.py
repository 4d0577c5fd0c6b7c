"""One service in two regions: who answers while one region's pods are gone, counted in calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshwright_sandbox.traffic.calls import Answer
from tests.mesh.harness import MeshCluster, caller_of, identity, statuses, versions
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

SHOP, SERVICE, CALLER = "shop", "checkout", "web"
BATCH = 20
# Without outlier detection Envoy spreads calls over all regions: it is what makes it prefer the
# nearest (https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/).
NEAREST_FIRST = {
    "host": f"{SERVICE}.{SHOP}.svc.cluster.local",
    "trafficPolicy": {
        "loadBalancer": {"localityLbSetting": {"enabled": True}},
        "outlierDetection": {
            "consecutive5xxErrors": 3,
            "interval": "0.5s",
            "baseEjectionTime": "5s",
            "maxEjectionPercent": 100,
        },
    },
}


@pytest.fixture(scope="module")
def clusters(west: MeshCluster, east: MeshCluster) -> Iterator[tuple[MeshCluster, MeshCluster]]:
    """The service in both; its caller in the west."""
    for cluster in (west, east):
        cluster.namespace(SHOP)
        cluster.deploy(SHOP, SERVICE)
        cluster.serve(SHOP, SERVICE)
    west.deploy(SHOP, CALLER, account=CALLER)
    west.wait(SHOP, CALLER, SERVICE)
    east.wait(SHOP, SERVICE)
    yield west, east
    for cluster in (west, east):
        cluster.core.delete_namespace(SHOP)


@pytest.fixture(scope="module")
def nearest_first(clusters: tuple[MeshCluster, MeshCluster]) -> MeshCluster:
    """The cluster of the caller, once its calls go to its own region."""
    west, _ = clusters
    spread(west)
    west.create(SHOP, "DestinationRule", SERVICE, NEAREST_FIRST)
    answered_by(west, "west")
    return west


def test_one_service_has_pods_in_both_clusters(
    clusters: tuple[MeshCluster, MeshCluster],
) -> None:
    """Before anything prefers a region both answer; each knows its caller by its certificate."""
    west, _ = clusters
    assert {caller_of(answer) for answer in spread(west)} == {identity(SHOP, CALLER)}


def test_no_call_is_lost_when_a_regions_pods_go_and_come(nearest_first: MeshCluster) -> None:
    nearest_first.scale(SHOP, SERVICE, 0)
    gone = answered_by(nearest_first, "east")
    nearest_first.scale(SHOP, SERVICE, 1)
    back = answered_by(nearest_first, "west")
    assert set(statuses(gone + back)) == {200}


def test_pods_that_answer_no_more_are_left_out_until_they_do(nearest_first: MeshCluster) -> None:
    """Their EndpointSlice still names them: that they fail is all that tells."""
    nearest_first.traffic.kill_apps(SHOP, SERVICE)
    failing = answered_by(nearest_first, "east")
    assert set(statuses(failing)) <= {200, 503}
    nearest_first.traffic.start_apps(SHOP, SERVICE)
    answered_by(nearest_first, "west")


def spread(cluster: MeshCluster) -> list[Answer]:
    """A batch of calls that both regions answered, once there is one."""

    def both() -> list[Answer]:
        answers = cluster.call(SHOP, CALLER, SERVICE, BATCH)
        assert set(versions(answers)) == {"west", "east"}
        return answers

    return eventually(both)


def answered_by(cluster: MeshCluster, region: str) -> list[Answer]:
    """Call until one batch is answered by ``region`` alone; all answers until then."""
    answers: list[Answer] = []

    def only() -> None:
        batch = cluster.call(SHOP, CALLER, SERVICE, BATCH)
        answers.extend(batch)
        assert versions(batch) == {region: BATCH}

    eventually(only)
    return answers
