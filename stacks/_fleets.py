"""The fleet of a spec, and what it can only do once it has members."""

from collections.abc import Mapping

import pulumi

from meshwright import Fleet, FleetArgs, FleetFeatures, FleetFeaturesArgs, GkeCluster
from stacks.spec import Platform


def fleet(spec: Platform, opts: pulumi.ResourceOptions) -> Fleet:
    """The fleet with its features, in every project that owns a cluster."""
    args: FleetArgs = {
        "project": spec.project,
        "display_name": spec.fleet.name,  # type: ignore[typeddict-item]
        "mesh_by_default": spec.fleet.mesh_by_default,
        "multi_cluster_services": spec.fleet.multi_cluster_services,
        "multi_cluster_ingress": spec.fleet.multi_cluster_gateway is not None,
        "attached_clusters": bool(spec.attached_clusters),
        "labels": {**spec.labels},
    }
    others = sorted(set(_projects(spec).values()) - {spec.project})
    if others:
        args["cluster_projects"] = others
    return Fleet("fleet", args, opts=opts)


def features(
    spec: Platform,
    fleet: Fleet,
    clusters: Mapping[str, GkeCluster],
    opts: pulumi.ResourceOptions,
) -> FleetFeatures | None:
    """What stands on the members; None where the spec asks for none of it."""
    config = spec.fleet.multi_cluster_gateway
    if not (config or spec.fleet.multi_cluster_services or spec.attached_clusters):
        return None
    first = {project: name for name, project in reversed(_projects(spec).items())}
    args: FleetFeaturesArgs = {
        "project": spec.project,
        "project_number": fleet.project_number,
        "clusters": [
            {"project": project, "workload_pool": clusters[name].workload_pool}
            for project, name in first.items()
        ],
        "multi_cluster_services": spec.fleet.multi_cluster_services,
        "attached_clusters": bool(spec.attached_clusters),
        "labels": {**spec.labels},
    }
    hosts = {network.host_project for network in spec.networks} - {None, spec.project}
    if hosts:
        args["network_project"] = sorted(host for host in hosts if host)[0]
    if config is not None:
        args["config_membership"] = clusters[config].membership
        args["config_membership_location"] = clusters[config].membership_location
    return FleetFeatures("fleet-features", args, opts=opts)


def _projects(spec: Platform) -> dict[str, str]:
    """The project of each cluster."""
    return {cluster.name: cluster.project or spec.project for cluster in spec.clusters}
