"""Access to a GKE cluster's API server for Kubernetes resources.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl,
https://cloud.google.com/kubernetes-engine/docs/concepts/network-isolation (DNS endpoint) and
https://cloud.google.com/kubernetes-engine/enterprise/multicluster-management/gateway/using.
"""

from typing import NamedTuple

import pulumi
import pulumi_kubernetes as kubernetes

from ._kubeconfig import context_name, render_kubeconfig
from ._validation import ArgumentError, one_of
from .cluster import GkeCluster

_WAYS = ("ip", "dns", "connect_gateway")


class ClusterAccess(NamedTuple):
    """How to reach one cluster."""

    kubeconfig: pulumi.Output[str]
    """Secret: a kubeconfig without credentials of its own."""
    provider: kubernetes.Provider
    """Provider for everything inside the cluster."""


def cluster_access(
    name: str,
    cluster: GkeCluster,
    *,
    via: str = "ip",
    fleet_project_number: pulumi.Input[str] | None = None,
    opts: pulumi.ResourceOptions | None = None,
) -> ClusterAccess:
    """Return a kubeconfig for `cluster` and a ready `kubernetes.Provider`.

    Both wait for the cluster's node pools, and in a preview of a cluster that is not there yet
    they are unknown rather than wrong. Signing in is left to gke-gcloud-auth-plugin, which must be
    on PATH. The provider keeps its identity when the way to the cluster changes, so that nothing
    inside is replaced for that.

    Args:
        name: Name of the provider resource.
        cluster: The cluster.
        via: `ip` (the endpoint and the cluster's own CA), `dns` (the DNS endpoint, from anywhere
            that IAM allows) or `connect_gateway` (through the fleet, for a cluster with no way in).
            Default: `ip`.
        fleet_project_number: Number of the fleet's project, Fleet.project_number; needed for
            `connect_gateway`.
        opts: Options of the provider resource.

    Raises:
        ArgumentError: `via` is unknown, or `connect_gateway` lacks the project's number.
    """
    problems = list(one_of("via", via, _WAYS))
    if via == "connect_gateway" and fleet_project_number is None:
        problems.append(("fleet_project_number", "missing; connect_gateway needs it"))
    if problems:
        raise ArgumentError("cluster_access", name, problems)
    if via == "ip":
        kubeconfig = cluster.kubeconfig
    else:
        server = (
            pulumi.Output.concat("https://", cluster.dns_endpoint)
            if via == "dns"
            else _gateway_address(cluster, fleet_project_number)
        )
        kubeconfig = pulumi.Output.secret(
            pulumi.Output.all(
                cluster.project, cluster.location, cluster.cluster_name, server
            ).apply(lambda v: render_kubeconfig(context_name(*v[:3]), v[3], None))
        )
    provider = kubernetes.Provider(
        name,
        kubeconfig=kubeconfig,
        cluster_identifier=pulumi.Output.concat(
            cluster.project, "/", cluster.location, "/", cluster.cluster_name
        ),
        enable_server_side_apply=True,
        # What the program says wins over what somebody set with kubectl: `up --refresh` takes it
        # back.
        enable_patch_force=True,
        # A changed ConfigMap or Secret is updated in place: names are fixed, so a replacement
        # would be deleted before its successor exists.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=opts,
    )
    return ClusterAccess(kubeconfig, provider)


def _gateway_address(
    cluster: GkeCluster, project_number: pulumi.Input[str] | None
) -> pulumi.Output[str]:
    """Address of a membership behind the Connect gateway; each region has its own host."""

    def address(values: list[str]) -> str:
        number, location, membership = values
        host = "connectgateway.googleapis.com"
        if location != "global":
            host = f"{location}-{host}"
        path = f"projects/{number}/locations/{location}/gkeMemberships/{membership}"
        return f"https://{host}/v1/{path}"

    # The node pools' end is part of the endpoint, not of the membership.
    return pulumi.Output.all(
        project_number, cluster.membership_location, cluster.membership, cluster.endpoint
    ).apply(lambda v: address(v[:3]))
