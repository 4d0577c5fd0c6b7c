"""The arguments of a cluster outside Google Cloud."""

from typing import NotRequired, TypedDict

import pulumi


class EksClusterArgs(TypedDict):
    """An EKS cluster, whose issuer, endpoint and version are read from AWS."""

    name: pulumi.Input[str]
    """Name of the EKS cluster."""
    region: pulumi.Input[str]
    """Region of AWS, such as `eu-central-1`."""


class AttachedClusterArgs(TypedDict):
    """What an AttachedCluster is made from: exactly one of `eks` and `issuer_url`."""

    project: pulumi.Input[str]
    """Id of the project that the attached cluster belongs to."""
    location: pulumi.Input[str]
    """Region of Google Cloud that the cluster is managed from."""
    fleet_project_number: pulumi.Input[str]
    """Number of the fleet's project, Fleet.project_number."""
    distribution: pulumi.Input[str]
    """`eks`, `aks`, or `generic` for any other conformant cluster."""
    platform_version: pulumi.Input[str]
    """Version of Google's components, such as `1.36.0-gke.1`; its first two numbers are those of
    the cluster's Kubernetes version."""
    eks: NotRequired[EksClusterArgs]
    """The EKS cluster; only with distribution `eks`, and needs `meshwright[eks]`. Default: none."""
    issuer_url: NotRequired[pulumi.Input[str]]
    """OIDC issuer of the cluster, `https://...` (for AKS, what `az aks show` calls
    oidcIssuerProfile.issuerUrl). Default: none."""
    jwks: NotRequired[pulumi.Input[str]]
    """JSON Web Key Set of an issuer that is not publicly reachable, as JSON. Default: none."""
    kubernetes_version: NotRequired[pulumi.Input[str]]
    """Kubernetes version of the cluster, to check `platform_version` against. Default: what AWS
    says of an EKS cluster; else not checked."""
    admin_users: NotRequired[list[pulumi.Input[str]]]
    """E-mails of administrators through the Connect gateway, up to ten. Default: none."""
    admin_groups: NotRequired[list[pulumi.Input[str]]]
    """E-mails of groups of administrators, up to ten. Default: none."""
    logging_components: NotRequired[list[str]]
    """What is logged to Cloud Logging: `SYSTEM_COMPONENTS`, `WORKLOADS`. Default: both."""
    managed_prometheus: NotRequired[pulumi.Input[bool]]
    """Whether metrics are collected by Managed Service for Prometheus. Default: true."""
    binary_authorization: NotRequired[pulumi.Input[bool]]
    """Whether the project's Binary Authorization policy is enforced. Default: false."""
    description: NotRequired[pulumi.Input[str]]
    """What the cluster is for, up to 255 bytes. Default: none."""
    prefix: NotRequired[str]
    """Put before the physical name, joined by `-`. Default: none."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """Secret: kubeconfig of an administrator of the cluster; with it, Google's install agent is put
    into the cluster before it is attached. Default: none, the agent runs there already."""
    ignore_errors_on_destroy: NotRequired[bool]
    """Whether a destroy ends well although the cluster cannot be reached; Google's agents then stay
    in it. Default: false."""
