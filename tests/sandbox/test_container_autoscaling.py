"""Clusters that make node pools by themselves: what an update of that leaves out."""

from typing import Any

import pytest

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.platform import PARENT, standard_cluster, wait_container

NAME = f"{PARENT}/clusters/a"
LIMITS = [{"resourceType": "cpu", "minimum": "1", "maximum": "40"}]
DEFAULTS = {
    "diskSizeGb": 60,
    "management": {"autoRepair": True, "autoUpgrade": True},
    "upgradeSettings": {"maxSurge": 1, "strategy": "SURGE"},
}


pytestmark = pytest.mark.usefixtures("network")


def test_the_defaults_of_new_node_pools_stay_when_an_update_leaves_them_out(
    google: GoogleClients,
) -> None:
    """The official provider sends them, and their parts, only when they change."""
    gke = google("container", "v1beta1")
    clusters = gke.projects().locations().clusters()
    by_itself = {"enableNodeAutoprovisioning": True, "resourceLimits": LIMITS}
    first = by_itself | {"autoprovisioningNodePoolDefaults": DEFAULTS}
    body = standard_cluster("a", autoscaling=first)
    wait_container(gke, clusters.create(parent=PARENT, body=body).execute())

    def update(value: dict[str, Any]) -> dict[str, Any]:
        change = {"update": {"desiredClusterAutoscaling": by_itself | value}}
        wait_container(gke, clusters.update(name=NAME, body=change).execute())
        return clusters.get(name=NAME).execute()["autoscaling"]

    shown = update({"autoscalingProfile": "OPTIMIZE_UTILIZATION"})
    assert shown["autoscalingProfile"] == "OPTIMIZE_UTILIZATION"
    assert shown["autoprovisioningNodePoolDefaults"] == DEFAULTS

    shown = update({"autoprovisioningNodePoolDefaults": {"diskSizeGb": 80}})
    assert shown["autoprovisioningNodePoolDefaults"] == DEFAULTS | {"diskSizeGb": 80}
    assert shown["resourceLimits"] == LIMITS
    wait_container(gke, clusters.delete(name=NAME).execute())
