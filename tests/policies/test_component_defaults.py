"""What the components make by default against the rules: nothing that would stop an update."""

from collections.abc import Mapping

import pulumi
import pytest

from meshwright import GkeCluster, MeshNetwork
from meshwright_policies import RULES
from meshwright_policies.rule import Severity
from tests.policies.resources import made, violations
from tests.unit.recording import Recorder, component_test, record

STOPS = (Severity.CRITICAL, Severity.HIGH)
SUBNET = {
    "name": "main",
    "region": "europe-west1",
    "cidr": "10.0.0.0/20",
    "pod_cidr": "10.16.0.0/16",
    "service_cidr": "10.32.0.0/20",
}
# What only the caller knows: a group of the organisation, its labels, a key for the disks.
LEFT_TO_CALLER = {
    "GKE-17 main-cluster authenticatorGroupsConfig.securityGroup",
    "GKE-20 main-cluster resourceLabels.environment",
}
KEY_OF_DISKS = "GKE-21 main-pool-default nodeConfig.bootDiskKmsKey"


def findings(recorder: Recorder, **changes: object) -> dict[str, Severity]:
    """What rules about one resource say of all registrations, by rule and place.

    `changes` overwrite properties of the cluster first.
    """
    return {
        f"{rule.id} {item.name} {violation.where}": rule.severity
        for item in recorder.registrations
        for rule in RULES
        if rule.resource_check
        for violation in violations(
            rule,
            made(
                item.type,
                item.inputs | (changes if item.type.endswith(":Cluster") else {}),
                stack="prod",
                name=item.name,
            ),
        )
    }


def stopping(found: Mapping[str, Severity]) -> list[str]:
    return [place for place, severity in found.items() if severity in STOPS]


@pytest.mark.parametrize("autopilot", [False, True], ids=["standard", "autopilot"])
def test_a_default_cluster_in_a_default_network_has_no_finding_that_stops_an_update(
    autopilot: bool,
) -> None:
    """Neither kind of cluster needs a word about security; taking one setting away is found.

    Lesser findings are those that no default can settle.
    """
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
            found = findings(recorder)
            assert stopping(found) == []
            assert set(found) == LEFT_TO_CALLER | (set() if autopilot else {KEY_OF_DISKS})
            weak = stopping(findings(recorder, privateClusterConfig={"enablePrivateNodes": False}))
            assert weak == ["GKE-01 main-cluster privateClusterConfig.enablePrivateNodes"]

        return pulumi.Output.all(cluster.endpoint), check

    program()
