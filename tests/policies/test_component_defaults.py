"""What the components make by default against the rules: nothing that would stop an update."""

import pulumi
import pytest

from meshwright import GkeCluster, MeshNetwork
from meshwright_policies import RULES
from meshwright_policies.rule import Resource, Settings, Severity, Violation
from tests.unit.recording import Recorder, component_test, record

STOPS = (Severity.CRITICAL, Severity.HIGH)
SUBNET = {
    "name": "main",
    "region": "europe-west1",
    "cidr": "10.0.0.0/20",
    "pod_cidr": "10.16.0.0/16",
    "service_cidr": "10.32.0.0/20",
}


def findings(recorder: Recorder, **changes: object) -> list[str]:
    """What rules of a severity that stops an update say of all registrations, by rule and place.

    `changes` overwrite properties of the cluster first.
    """
    found: list[str] = []
    for item in recorder.registrations:
        urn = f"urn:pulumi:prod::p::{item.type}::{item.name}"
        over = changes if item.type.endswith(":Cluster") else {}
        resource = Resource(urn, item.type, item.name, item.inputs | over)
        for rule in RULES:
            if rule.severity in STOPS and rule.resource_check:
                violations = rule.resource_check(resource, Settings())
                found += [
                    f"{rule.id} {item.name} {violation.where}"
                    for violation in violations
                    if isinstance(violation, Violation)
                ]
    return found


@pytest.mark.parametrize("autopilot", [False, True], ids=["standard", "autopilot"])
def test_a_default_cluster_in_a_default_network_has_no_finding_that_stops_an_update(
    autopilot: bool,
) -> None:
    """Neither kind of cluster needs a word about security; taking one setting away is found."""
    recorder = record()

    @component_test
    def program():
        network = MeshNetwork("net", {"project": "p1", "subnets": [SUBNET]})
        cluster = GkeCluster(
            "main",
            {
                "project": "p1",
                "location": "europe-west1",
                "network": network.network_id,
                "subnetwork": network.subnets["main"]["id"],
                "autopilot": autopilot,
            },
        )

        def check(_: object) -> None:
            assert findings(recorder) == []
            weak = findings(recorder, privateClusterConfig={"enablePrivateNodes": False})
            assert weak == ["GKE-01 main-cluster privateClusterConfig.enablePrivateNodes"]

        return pulumi.Output.all(cluster.endpoint), check

    program()
