"""User clusters on bare metal: what the API refuses before it looks at a machine."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.services.onprem import user_clusters

Json = dict[str, Any]
_CLUSTERS = "projects.locations.bareMetalClusters"
_LOAD_BALANCERS = ("manualLbConfig", "metalLbConfig", "bgpLbConfig")
_NEEDED = ("bareMetalVersion", "networkConfig", "controlPlane", "loadBalancer", "storage")


def _check(call: Call, cluster: Json) -> None:
    user_clusters.require(cluster, _NEEDED)
    user_clusters.check_load_balancer(cluster["loadBalancer"], _LOAD_BALANCERS)
    control = cluster["controlPlane"].get("controlPlaneNodePoolConfig", {})
    _check_nodes(control.get("nodePoolConfig", {}), "controlPlane.controlPlaneNodePoolConfig")
    if len(control["nodePoolConfig"]["nodeConfigs"]) % 2 == 0:
        raise invalid("controlPlane: the number of control plane nodes must be odd.")


def _check_nodes(pool: Json, where: str) -> None:
    nodes = [node.get("nodeIp") for node in pool.get("nodeConfigs", [])]
    if not nodes or not all(nodes):
        raise invalid(f"{where}.nodeConfigs: at least one node with its address is required.")
    if len(set(nodes)) < len(nodes):
        raise invalid(f"{where}.nodeConfigs: a node is named twice.")


def _check_pool(call: Call, pool: Json) -> None:
    _check_nodes(pool.get("nodePoolConfig", {}), "nodePoolConfig")


COLLECTIONS = (
    user_clusters.clusters(_CLUSTERS, _check),
    user_clusters.node_pools(f"{_CLUSTERS}.bareMetalNodePools", _check_pool),
)
