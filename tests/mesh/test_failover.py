"""One service in two regions: who answers while one region's pods are gone, counted in calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from meshwright_sandbox.traffic.calls import Answer
from tests.mesh.harness import MeshCluster, caller_of, identity, statuses, versions
from tests.mesh.shop import rendered
from tests.sandbox.runtime.conftest import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("mesh")]

SHOP, SERVICE, CALLER = "shop", "checkout", "web"
BATCH = 20
# What TrafficRoute makes of a service in several clusters; with it Envoy prefers the nearest.
NEAREST_FIRST: dict[str, Any] = {
    "namespace": SHOP,
    "service": SERVICE,
    "versions": [{"name": "v1", "labels": {"app": SERVICE}}],
    "active": "v1",
    "outlier_detection": {
        "consecutive_5xx_errors": 3,
        "interval": "0.5s",
        "base_ejection_time": "5s",
    },
    "retry": {"attempts": 2, "retry_on": "5xx", "remote_localities": True},
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
    for kind, spec in rendered(**NEAREST_FIRST).items():
        west.create(SHOP, kind, SERVICE, spec)
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
    # What failed here was tried again there.
    assert set(statuses(failing)) == {200}
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
