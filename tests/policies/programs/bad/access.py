"""The way into the cluster, and Istio's objects in it."""

import pulumi
import pulumi_kubernetes as kubernetes

IN_SHOP = pulumi.ResourceOptions(
    provider=kubernetes.Provider("shop", context="shop", kubeconfig="kubeconfig.yaml")
)


def istio(group: str, kind: str, name: str, spec: dict, namespace: str = "shop") -> None:
    """One object of an API of Istio's."""
    kubernetes.apiextensions.CustomResource(
        name,
        api_version=f"{group}.istio.io/v1",
        kind=kind,
        metadata={"name": name, "namespace": namespace},
        spec=spec,
        opts=IN_SHOP,
    )
