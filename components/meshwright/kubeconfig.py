"""Access to a GKE cluster's API server for Kubernetes resources.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl,
https://cloud.google.com/kubernetes-engine/docs/concepts/network-isolation (DNS endpoint) and
https://cloud.google.com/kubernetes-engine/enterprise/multicluster-management/gateway/using.
"""

from typing import NamedTuple

import pulumi
import pulumi_kubernetes as kubernetes

from .cluster import GkeCluster


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
    opts: pulumi.ResourceOptions | None = None,
) -> ClusterAccess:
    """Access.

    `via`: `ip`, `dns` or `connect_gateway`.
    """
    return ClusterAccess(
        cluster.kubeconfig, kubernetes.Provider(name, kubeconfig=cluster.kubeconfig, opts=opts)
    )
