"""A namespace that is in the mesh and denies what nobody allowed.

Follows https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane (injection labels),
https://kubernetes.io/docs/concepts/security/pod-security-admission/ and
https://istio.io/latest/docs/ops/best-practices/security/ (default deny).
"""

from typing import NotRequired, TypedDict

import pulumi


class MeshNamespaceArgs(TypedDict):
    """What a MeshNamespace is made from."""

    namespace: NotRequired[pulumi.Input[str]]
    """Name of the namespace. Default: the component's name."""
    revision: NotRequired[pulumi.Input[str]]
    """Revision that injects proxies, ManagedMesh.revision. Default: the mesh's default revision, by `istio-injection=enabled`."""
    pod_security: NotRequired[pulumi.Input[str]]
    """Pod Security level to enforce: `restricted`, `baseline` or `privileged`. Default: `restricted`."""
    default_deny: NotRequired[bool]
    """Whether calls to workloads here are denied unless a rule allows them. Default: true."""
    network_policy: NotRequired[bool]
    """Whether packets in and out are denied unless named below. Default: true."""
    ingress_from: NotRequired[list[str]]
    """Namespaces whose pods may send packets here, beside this one. Default: none."""
    ingress_cidrs: NotRequired[list[str]]
    """Ranges from outside the cluster that may send packets here, such as a load balancer's callers. Default: none."""
    egress_to: NotRequired[list[str]]
    """Namespaces that pods here may send packets to, beside this one. Default: none."""
    egress_hosts: NotRequired[list[str]]
    """What proxies here learn of, as `namespace/host`, beside this namespace and the root one. Default: the whole mesh, with no Sidecar made."""
    root_namespace: NotRequired[pulumi.Input[str]]
    """Root namespace of the mesh. Default: `istio-system`."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Further labels of the namespace; injection and Pod Security labels are this component's alone. Default: none."""


class MeshNamespace(pulumi.ComponentResource):
    """A mesh namespace."""

    namespace: pulumi.Output[str]
    """Name of the namespace, once its policies stand."""

    def __init__(
        self, name: str, args: MeshNamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:MeshNamespace", name, {}, opts)
