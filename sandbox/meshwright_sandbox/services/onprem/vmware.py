"""User clusters on VMware: what the API refuses before it asks vCenter for a machine.

Rules follow the API's document and
https://cloud.google.com/kubernetes-engine/distributed-cloud/vmware/docs/how-to/user-cluster-configuration-file-latest
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.services.onprem import user_clusters

Json = dict[str, Any]
_CLUSTERS = "projects.locations.vmwareClusters"
_LOAD_BALANCERS = ("f5Config", "manualLbConfig", "metalLbConfig")
_NEEDED = ("onPremVersion", "networkConfig", "controlPlaneNode", "loadBalancer")
_IMAGES = ("cos", "cos_cgv2", "ubuntu", "ubuntu_cgv2", "ubuntu_containerd", "windows")


def _check(call: Call, cluster: Json) -> None:
    user_clusters.require(cluster, _NEEDED)
    user_clusters.check_load_balancer(cluster["loadBalancer"], _LOAD_BALANCERS)
    replicas = int(cluster["controlPlaneNode"].get("replicas", 1))
    if replicas not in (1, 3):
        raise invalid(f"controlPlaneNode.replicas: must be either 1 or 3, is {replicas}.")
    network = cluster["networkConfig"]
    for field in ("podAddressCidrBlocks", "serviceAddressCidrBlocks"):
        if len(network.get(field, [])) != 1:
            raise invalid(f"networkConfig.{field}: only a single range is supported.")
    dhcp = network.get("dhcpIpConfig", {}).get("enabled", False)
    if dhcp == bool(network.get("staticIpConfig")):
        raise invalid("networkConfig: exactly one of staticIpConfig and dhcpIpConfig must be set.")
    if cluster.get("enableControlPlaneV2"):
        _check_control_plane_addresses(network, replicas)


def _check_control_plane_addresses(network: Json, replicas: int) -> None:
    """With control plane V2 its machines have static addresses, and a network to have them in."""
    where = "networkConfig.controlPlaneV2Config.controlPlaneIpBlock"
    block = network.get("controlPlaneV2Config", {}).get("controlPlaneIpBlock", {})
    count = len(block.get("ips", []))
    if count != replicas or not (block.get("gateway") and block.get("netmask")):
        raise invalid(f"{where}: a gateway, a netmask and {replicas} ips are required.")
    for field in ("dnsServers", "ntpServers"):
        if not network.get("hostConfig", {}).get(field):
            raise invalid(f"networkConfig.hostConfig.{field}: is required with static addresses.")


def _check_pool(call: Call, pool: Json) -> None:
    image = pool.get("config", {}).get("imageType")
    if image not in _IMAGES:
        raise invalid(f"config.imageType: must be one of {', '.join(_IMAGES)}, is {image}.")
    limits = pool.get("nodePoolAutoscaling")
    if limits and limits.get("minReplicas", 0) > limits.get("maxReplicas", 0):
        raise invalid("nodePoolAutoscaling: minReplicas is greater than maxReplicas.")


COLLECTIONS = (
    user_clusters.clusters(_CLUSTERS, _check),
    user_clusters.node_pools(f"{_CLUSTERS}.vmwareNodePools", _check_pool),
)
