"""Builds a platform from its spec: the only place where spec and components meet."""

import pulumi
import pulumi_gcp as gcp

from meshwright import (
    Fleet,
    GkeCluster,
    GkeClusterArgs,
    LogSink,
    LogSinkArgs,
    ManagedMesh,
    MeshNetwork,
    NodePoolArgs,
    cluster_access,
)
from stacks import _commands
from stacks._contents import ClusterContents
from stacks.spec import Platform
from stacks.spec_clusters import Cluster, NodePool
from stacks.spec_logging import LogSink as SinkSpec


def build(spec: Platform) -> dict[str, pulumi.Input[object]]:
    """Build everything a spec names and return the stack's outputs, by name.

    The project comes from the spec alone, through one explicit provider, whatever the shell says.
    """
    google = pulumi.ResourceOptions(providers=[gcp.Provider("gcp", project=spec.project)])
    networks = _networks(spec, google)
    fleet = Fleet(
        "fleet",
        {
            "project": spec.project,
            "display_name": spec.fleet.name,  # type: ignore[typeddict-item]
            "mesh_by_default": spec.fleet.mesh_by_default,
            "multi_cluster_services": spec.fleet.multi_cluster_services,
            "labels": {**spec.labels},
        },
        opts=google,
    )
    clusters = {
        c.name: _cluster(spec, c, networks[c.network], fleet, google) for c in spec.clusters
    }
    mesh = ManagedMesh(
        "mesh",
        {
            "project": fleet.project,
            "feature": fleet.mesh_feature,
            "channel": spec.mesh.channel,
            "timeout_seconds": spec.mesh.timeout_seconds,
            "members": [
                {
                    "name": name,
                    "membership": cluster.membership,
                    "location": cluster.membership_location,
                }
                for name, cluster in clusters.items()
            ],
        },
        opts=google,
    )
    sinks = {sink.name: _sink(spec, sink, google) for sink in spec.log_sinks}
    addresses: dict[str, dict[str, pulumi.Output[str]]] = {}
    for cluster in spec.clusters:
        access = cluster_access(cluster.name, clusters[cluster.name], via=cluster.access.connect)
        inside = ClusterContents(spec, cluster.name, access.provider, fleet, mesh)
        for gateway, address in inside.build().items():
            addresses.setdefault(gateway, {})[cluster.name] = address
    return {
        "clusters": {
            name: {
                "name": cluster.cluster_name,
                "location": cluster.location,
                "endpoint": cluster.endpoint,
                "membership": cluster.membership,
            }
            for name, cluster in clusters.items()
        },
        "gateways": addresses,
        "kubeconfigs": pulumi.Output.secret({n: c.kubeconfig for n, c in clusters.items()}),
        "log_destinations": {name: sink.destination for name, sink in sinks.items()},
        "mesh": {
            "id": fleet.mesh_id,
            "revision": mesh.revision,
            "implementations": mesh.implementations,
        },
        "project": spec.project,
        "try": _commands.to_try(spec),
    }


def _networks(spec: Platform, opts: pulumi.ResourceOptions) -> dict[str, MeshNetwork]:
    return {
        network.name: MeshNetwork(
            network.name,
            {
                "project": spec.project,
                "prefix": spec.prefix,
                "flow_logs": network.flow_logs,
                "control_plane_cidrs": [
                    cluster.control_plane_cidr
                    for cluster in spec.clusters
                    if cluster.network == network.name and cluster.control_plane_cidr
                ],
                "subnets": [
                    {
                        "name": subnet.name,
                        "region": subnet.region,
                        "cidr": subnet.cidr,
                        "pod_cidr": subnet.pod_cidr,
                        "service_cidr": subnet.service_cidr,
                    }
                    for subnet in network.subnets
                ],
            },
            opts=opts,
        )
        for network in spec.networks
    }


def _cluster(
    spec: Platform,
    cluster: Cluster,
    network: MeshNetwork,
    fleet: Fleet,
    opts: pulumi.ResourceOptions,
) -> GkeCluster:
    subnet = network.subnets[cluster.subnet]
    args: GkeClusterArgs = {
        "project": spec.project,
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
    return GkeCluster(cluster.name, args, opts=opts)


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
    if cluster.zones:
        args["zones"] = [*cluster.zones]
    return args


def _sink(spec: Platform, sink: SinkSpec, opts: pulumi.ResourceOptions) -> LogSink:
    args: LogSinkArgs = {
        "project": spec.project,
        "prefix": spec.prefix,
        "filter": sink.filter,
        "labels": {**spec.labels},
        "exclusions": [{"name": out.name, "filter": out.filter} for out in sink.exclusions],
    }
    if sink.log_bucket:
        args["log_bucket"] = {
            "location": sink.log_bucket.location,
            "retention_days": sink.log_bucket.retention_days,
            "analytics": sink.log_bucket.analytics,
        }
    if sink.bigquery:
        args["bigquery"] = {
            "location": sink.bigquery.location,
            "delete_contents_on_destroy": sink.bigquery.delete_contents_on_destroy,
        }
        if sink.bigquery.retention_days is not None:
            args["bigquery"]["retention_days"] = sink.bigquery.retention_days
    return LogSink(sink.name, args, opts=opts)
