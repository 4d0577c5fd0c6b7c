"""Lets the control plane of one cluster look into another one, so that both are one mesh.

Follows https://istio.io/latest/docs/setup/install/multicluster/multi-primary/.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._kube import ROOT_NAMESPACE
from ._names import KUBERNETES, physical_name
from ._outputs import after, outputs_of
from ._validation import checked


class IstioRemoteSecretArgs(TypedDict):
    """What an IstioRemoteSecret is made from."""

    cluster_name: str
    """Name of the other cluster in the mesh, its IstioMesh's `cluster_name`."""
    kubeconfig: pulumi.Input[str]
    """Secret: how to reach the other cluster, its IstioMesh.reader_kubeconfig."""
    root_namespace: NotRequired[pulumi.Input[str]]
    """Root namespace of the mesh in the cluster that looks. Default: `istio-system`."""


class IstioRemoteSecret(pulumi.ComponentResource):
    """The secret by which istiod learns of another cluster's services and endpoints.

    It stands in the cluster that looks (the one of the `kubernetes` provider that it is given), so
    that two clusters that see each other have one each. Managed Cloud Service Mesh takes no remote
    secrets: there, ManagedMesh's `multi_cluster` stands for it. Raises ArgumentError for a cluster
    name that is no name of a Kubernetes object.
    """

    cluster_name: pulumi.Output[str]
    """Name of the other cluster, once the secret stands."""

    def __init__(
        self, name: str, args: IstioRemoteSecretArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("IstioRemoteSecret", name, args, IstioRemoteSecretArgs)
        cluster = args["cluster_name"]
        physical = physical_name(
            "IstioRemoteSecret",
            KUBERNETES,
            None,
            f"istio-remote-secret-{cluster}",
            owner=name,
            path="cluster_name",
        )
        super().__init__("meshwright:index:IstioRemoteSecret", name, {}, opts)
        secret = kubernetes.core.v1.Secret(
            f"{name}-secret",
            metadata={
                "name": physical,
                "namespace": args.get("root_namespace", ROOT_NAMESPACE),
                "labels": {"istio/multiCluster": "true"},
                "annotations": {"networking.istio.io/cluster": cluster},
            },
            string_data={cluster: pulumi.Output.secret(args["kubeconfig"])},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.cluster_name = after(cluster, [secret])
        self.register_outputs(outputs_of(self))
