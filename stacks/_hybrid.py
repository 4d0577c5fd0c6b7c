"""What joins the fleet and the mesh beside GKE."""

from collections.abc import Mapping

import pulumi

from meshwright import (
    AttachedCluster,
    AttachedClusterArgs,
    Fleet,
    OnPremCluster,
    OnPremClusterArgs,
)
from stacks import _on_prem_arguments
from stacks.spec import Platform
from stacks.spec_hybrid import AttachedCluster as AttachedSpec
from stacks.spec_hybrid import OnPremCluster as OnPremSpec


def attached(
    spec: Platform, fleet: Fleet, opts: pulumi.ResourceOptions
) -> dict[str, AttachedCluster]:
    """The clusters of other clouds by name."""
    return {
        cluster.name: AttachedCluster(cluster.name, _attached(spec, cluster, fleet), opts=opts)
        for cluster in spec.attached_clusters
    }


def on_prem(spec: Platform, fleet: Fleet, opts: pulumi.ResourceOptions) -> dict[str, OnPremCluster]:
    """The clusters on premises by name; admin clusters exist, and come first."""
    made: dict[str, OnPremCluster] = {}
    for cluster in sorted(spec.on_prem_clusters, key=_is_made):
        made[cluster.name] = OnPremCluster(
            cluster.name, _on_prem(spec, cluster, fleet, made), opts=opts
        )
    return made


def _is_made(cluster: OnPremSpec) -> bool:
    return cluster.bare_metal is not None or cluster.vmware is not None


def _attached(spec: Platform, cluster: AttachedSpec, fleet: Fleet) -> AttachedClusterArgs:
    args: AttachedClusterArgs = {
        "project": fleet.project,
        "prefix": spec.prefix,
        "location": cluster.region,
        "fleet_project_number": fleet.project_number,
        "distribution": "eks" if cluster.eks is not None else "aks",
        "platform_version": cluster.platform_version,
        "admin_users": [*cluster.admin_users],
    }
    if cluster.eks is not None:
        args["eks"] = {"name": cluster.eks.cluster, "region": cluster.eks.region}
    if cluster.aks is not None:
        args["issuer_url"] = cluster.aks.issuer_url
        args["kubernetes_version"] = cluster.aks.kubernetes_version
    return args


def _on_prem(
    spec: Platform, cluster: OnPremSpec, fleet: Fleet, made: Mapping[str, OnPremCluster]
) -> OnPremClusterArgs:
    args: OnPremClusterArgs = {
        "project": fleet.project,
        "project_number": fleet.project_number,
        "prefix": spec.prefix,
        "location": cluster.region,
    }
    if cluster.bare_metal is not None:
        admin = made[cluster.bare_metal.admin_cluster].membership
        args["bare_metal"] = _on_prem_arguments.bare_metal(cluster, cluster.bare_metal, admin)
    elif cluster.vmware is not None:
        admin = made[cluster.vmware.admin_cluster].membership
        args["vmware"] = _on_prem_arguments.vmware(cluster, cluster.vmware, admin)
    elif cluster.membership is not None:
        args["existing"] = {"membership": cluster.membership}
    else:
        args["existing"] = {}
    return args
