"""The ranges of a cluster: sizes that it asks for, and what is added and taken away later."""

import ipaddress
from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.platform import PARENT, standard_cluster, wait_container

NAME = f"{PARENT}/clusters/r"


pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
def gke(google: GoogleClients) -> Any:
    return google("container", "v1beta1")


@pytest.fixture
def cluster(gke: Any) -> Iterator[Any]:
    """The client of a new cluster's collection; the provider adds ranges after the creation."""
    clusters = gke.projects().locations().clusters()
    wait_container(gke, clusters.create(parent=PARENT, body=standard_cluster("r")).execute())
    yield clusters
    wait_container(gke, clusters.delete(name=NAME).execute())


def update(clusters: Any, **change: Any) -> dict[str, Any]:
    """The addresses of the cluster after an update that asks for `change`."""
    clusters.update(name=NAME, body={"update": change}).execute()
    return clusters.get(name=NAME).execute()["ipAllocationPolicy"]


def test_a_secondary_range_comes_and_goes(cluster: Any) -> None:
    """One that is there already is not there twice."""
    ranges = {"podRangeNames": ["services"]}
    for _ in range(2):
        shown = update(cluster, additionalPodRangesConfig=ranges)
        assert shown["additionalPodRangesConfig"] == ranges

    shown = update(cluster, removedAdditionalPodRangesConfig=ranges)

    assert shown["additionalPodRangesConfig"] == {}
    assert shown["clusterSecondaryRangeName"] == "pods"


def test_a_range_that_the_subnetwork_has_not_is_refused(cluster: Any) -> None:
    with pytest.raises(HttpError, match='Secondary range "absent" does not exist'):
        update(cluster, additionalPodRangesConfig={"podRangeNames": ["absent"]})


def test_more_subnetworks_come_and_go(cluster: Any) -> None:
    """An empty list is what a client leaves out."""
    more = [{"subnetwork": "more", "podIpv4RangeNames": ["pods"]}]
    wanted = {"additionalIpRangesConfigs": more}
    shown = update(cluster, desiredAdditionalIpRangesConfig=wanted)
    assert shown["additionalIpRangesConfigs"] == more

    shown = update(cluster, desiredAdditionalIpRangesConfig={})

    assert not shown["additionalIpRangesConfigs"]


def sized(pods: str, services: str) -> dict[str, Any]:
    """A request for a cluster with ranges of these sizes."""
    policy = {"clusterIpv4CidrBlock": pods, "servicesIpv4CidrBlock": services}
    return standard_cluster("r", ipAllocationPolicy=policy)


def test_a_cluster_gets_ranges_of_the_sizes_it_asks_for(gke: Any) -> None:
    """Services too: only those of clusters that ask for nothing have Google's own block."""
    clusters = gke.projects().locations().clusters()
    wait_container(gke, clusters.create(parent=PARENT, body=sized("/16", "/22")).execute())

    policy = clusters.get(name=NAME).execute()["ipAllocationPolicy"]

    pods = ipaddress.ip_network(policy["clusterIpv4CidrBlock"])
    services = ipaddress.ip_network(policy["servicesIpv4CidrBlock"])
    assert (pods.prefixlen, services.prefixlen) == (16, 22)
    assert not pods.overlaps(services)
    assert policy["servicesSecondaryRangeName"].startswith("gke-r-services-")
    wait_container(gke, clusters.delete(name=NAME).execute())


@pytest.mark.parametrize("size", ["/7", "/33", "/many"])
def test_a_size_that_cannot_be_is_refused(gke: Any, size: str) -> None:
    request = gke.projects().locations().clusters().create(parent=PARENT, body=sized("/16", size))
    with pytest.raises(HttpError, match="Invalid CIDR block size") as raised:
        request.execute()
    assert raised.value.status_code == 400
