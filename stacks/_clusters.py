"""The GKE clusters of a spec."""

from collections.abc import Mapping

import pulumi

from meshwright import EncryptionKey, Fleet, GkeCluster, GkeClusterArgs, MeshNetwork, NodePoolArgs
from stacks.spec import Platform
from stacks.spec_clusters import Cluster, NodePool


def cluster(
    spec: Platform,
    cluster: Cluster,
    network: MeshNetwork,
    fleet: Fleet,
    keys: Mapping[str, EncryptionKey],
    opts: pulumi.ResourceOptions,
) -> GkeCluster:
    """Build one cluster in its subnet, born into the fleet."""
    subnet = network.subnet(cluster.subnet)
    args: GkeClusterArgs = {
        "project": cluster.project or spec.project,
        "prefix": spec.prefix,
        "location": cluster.region,
        "network": network.network_id,
        "subnetwork": subnet["id"],
        "pod_range_name": subnet["pod_range_name"],
        "service_range_name": subnet["service_range_name"],
        "autopilot": cluster.mode == "autopilot",
        "fleet_project": fleet.project,
        "fleet_project_number": fleet.project_number,
        "control_plane_cidr": cluster.control_plane_cidr,  # type: ignore[typeddict-item]
        "authorized_networks": [
            {"display_name": allowed.name, "cidr": allowed.cidr}
            for allowed in cluster.access.authorized_networks
        ],
        "dns_endpoint": cluster.access.dns_endpoint,
        "release_channel": cluster.release_channel,
        "gateway_api_channel": "CHANNEL_STANDARD" if cluster.gateway_api else "CHANNEL_DISABLED",
        "labels": {**spec.labels, **cluster.labels},
        "deletion_protection": cluster.deletion_protection,
    }
    if cluster.mode == "standard":
        args["node_pools"] = [_node_pool(cluster, pool) for pool in cluster.node_pools]
    if cluster.version is not None:
        args["version"] = cluster.version
    if cluster.security_group is not None:
        args["security_group"] = cluster.security_group
    if cluster.secrets_key is not None:
        args["secrets_kms_key"] = keys[cluster.secrets_key].key_id
    if cluster.disk_key is not None:
        args["boot_disk_kms_key"] = keys[cluster.disk_key].key_id
    if cluster.deletion_protection:
        # The preview of a destroy refuses it before anything is deleted, where GKE would refuse it
        # only once everything inside the cluster is gone.
        opts = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(transformations=[_protect_cluster])
        )
    return GkeCluster(cluster.name, args, opts=opts)


def _protect_cluster(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """Protect the cluster itself; its node pools may come and go."""
    if args.type_ != "gcp:container/cluster:Cluster":
        return None
    opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(protect=True))
    return pulumi.ResourceTransformationResult(args.props, opts)


def _node_pool(cluster: Cluster, pool: NodePool) -> NodePoolArgs:
    args: NodePoolArgs = {
        "name": pool.name,
        "machine_type": pool.machine_type,
        "min_nodes": pool.min_nodes,
        "max_nodes": pool.max_nodes,
        "disk_size_gb": pool.disk_size_gb,
        "spot": pool.spot,
        "labels": {**pool.labels},
    }
    zones = pool.zones or cluster.zones
    if zones:
        args["zones"] = [*zones]
    return args
