"""cluster_access: three ways to a cluster, each without credentials of its own."""

import json
from typing import cast

import pulumi
import pytest

from meshwright import ArgumentError, GkeCluster, cluster_access
from tests.unit.recording import component_test, record


def _cluster() -> GkeCluster:
    return GkeCluster(
        "main",
        {
            "project": "p1",
            "location": "europe-west1",
            "network": "net",
            "subnetwork": "sub",
            "fleet_project": "p1",
        },
    )


@pytest.mark.parametrize(
    ("via", "server"),
    [
        ("ip", "https://198.51.100.7"),
        ("dns", "https://gke-1.example.gke.goog"),
        (
            "connect_gateway",
            "https://europe-west1-connectgateway.googleapis.com/v1/projects/42/locations/"
            "europe-west1/gkeMemberships/main",
        ),
    ],
)
@component_test
def test_each_way_names_its_server(via, server):
    """Only the IP endpoint needs the cluster's own CA."""
    record()

    access = cluster_access("inside", _cluster(), via=via, fleet_project_number="42")

    def check(values):
        text, is_secret = values
        assert is_secret
        (cluster,) = json.loads(text)["clusters"]
        assert cluster["cluster"]["server"] == server
        assert ("certificate-authority-data" in cluster["cluster"]) is (via == "ip")

    return pulumi.Output.all(access.kubeconfig, access.kubeconfig.is_secret()), check


@component_test
def test_the_provider_waits_for_the_nodes_and_keeps_its_identity():
    """A new endpoint must not replace everything in the cluster."""
    recorder = record()

    access = cluster_access("inside", _cluster())

    def check(_):
        provider = recorder.one("kubernetes", "inside")
        assert provider.inputs["clusterIdentifier"] == "p1/europe-west1/main"
        assert "main-pool-default" in provider.depends_on

    return access.provider.urn, check


@pytest.mark.parametrize(
    ("via", "path"), [("tunnel", "via"), ("connect_gateway", "fleet_project_number")]
)
def test_an_unknown_way_is_refused(via, path):
    """The error names the argument, before the cluster is looked at."""
    with pytest.raises(ArgumentError) as raised:
        cluster_access("inside", cast(GkeCluster, None), via=via)

    assert path in dict(raised.value.problems)
