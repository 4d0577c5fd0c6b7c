"""What GKE's operations do while they run: start and stop clusters, change nodes."""

import base64
import copy
from typing import Any

from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.runtime.interface import ClusterRequest
from meshwright_sandbox.services.gke import node_pools, node_upgrades, signing_keys
from meshwright_sandbox.services.hub import born_in_fleet

Json = dict[str, Any]
_GATEWAY_CHANNELS = ("CHANNEL_STANDARD", "CHANNEL_EXPERIMENTAL")


def _parts(name: str) -> tuple[str, str, str]:
    """(project, location, cluster) of a cluster's or node pool's resource name."""
    _, project, _, location, _, cluster, *_ = name.split("/")
    return project, location, cluster


def start_cluster(work: Work) -> Json:
    """Run the cluster, register it in its fleet, and answer with its addresses."""
    cluster, network = work.resource, work.resource["networkConfig"]
    project, location, name = _parts(work.name)
    access = work.runtime.start(
        ClusterRequest(
            project=project,
            project_number=int(work.cloud.projects.number(project)),
            location=location,
            name=name,
            version=cluster["currentMasterVersion"],
            pod_range=cluster["clusterIpv4Cidr"],
            service_range=cluster["servicesIpv4Cidr"],
            autopilot=bool(cluster["autopilot"].get("enabled")),
            node_pools=node_pools.for_runtime(work.cloud, work.name),
            gateway_api=network.get("gatewayApiConfig", {}).get("channel") in _GATEWAY_CHANNELS,
        )
    )
    certificate = base64.b64encode(access.ca_certificate.encode()).decode()
    endpoints = copy.deepcopy(cluster["controlPlaneEndpointsConfig"])
    ip = endpoints["ipEndpointsConfig"]
    ip["privateEndpoint"] = access.private_endpoint
    if ip["enablePublicEndpoint"]:
        ip["publicEndpoint"] = access.endpoint
    private = cluster["privateClusterConfig"] | {
        key: ip[key] for key in ("privateEndpoint", "publicEndpoint") if key in ip
    }
    changes: Json = {
        "status": "RUNNING",
        # The machine that runs the sandbox is inside the VPC, as it were: what it can reach stands
        # here also when the cluster has no public endpoint.
        "endpoint": access.endpoint,
        "masterAuth": cluster["masterAuth"] | {"clusterCaCertificate": certificate},
        "controlPlaneEndpointsConfig": endpoints,
        "privateClusterConfig": private,
        signing_keys.FIELD: list(access.signing_keys),
    }
    if "fleet" in cluster:
        membership = born_in_fleet.register(work.cloud, cluster)
        changes["fleet"] = cluster["fleet"] | {"membership": membership}
    return changes


def stop_cluster(work: Work) -> None:
    """Leave the fleet, end the cluster, and give back its instance groups."""
    cluster = work.resource
    if cluster:
        born_in_fleet.unregister(work.cloud, cluster)
    work.runtime.stop(*_parts(work.name))
    for row in node_pools.rows(work.cloud, work.name):
        node_pools.drop_groups(work.cloud, row.doc)


def failed(work: Work) -> Json | None:
    """Clusters and pools whose creation failed stay, in status ERROR; changes are undone."""
    if work.operation["verb"] == "create":
        return {"status": "ERROR", "statusMessage": work.operation["error"]["message"]}
    pool, cluster_name = work.resource, work.name.partition("/nodePools/")[0]
    cluster = work.cloud.store.get(work.service, cluster_name)
    if pool and cluster and work.name != cluster_name:
        node_pools.set_groups(work.cloud, cluster, pool)  # of the size that was restored
        if work.operation["error"]["status"] == "CANCELLED":  # when the nodes had been changed
            node_upgrades.resync(work)
    return None


def sync_nodes(work: Work) -> Json:
    """Give the cluster the nodes that its pools say."""
    cluster_name = work.name.partition("/nodePools/")[0]
    pools = node_pools.for_runtime(work.cloud, cluster_name)
    work.runtime.set_node_pools(*_parts(work.name), pools)
    return {"status": "RUNNING"}


def remove_pool(work: Work) -> None:
    """Take a pool's nodes and instance groups away."""
    sync_nodes(work)
    if work.resource:
        node_pools.drop_groups(work.cloud, work.resource)
