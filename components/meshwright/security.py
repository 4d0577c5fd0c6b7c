"""Mesh-wide security: STRICT mutual TLS, default deny, and the named rules of who may call whom.

Follows https://cloud.google.com/service-mesh/docs/security/configuring-mtls and
https://istio.io/latest/docs/ops/best-practices/security/.
"""

from typing import NotRequired, TypedDict

import pulumi


class AllowRuleArgs(TypedDict):
    """One permission: these callers may make these calls to these workloads."""

    name: str
    """Name of the rule and of its AuthorizationPolicy; unique in its namespace."""
    namespace: pulumi.Input[str]
    """Namespace of the workloads that are called."""
    workload: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Pod labels of the workloads that are called. Default: every workload in the namespace."""
    service_accounts: NotRequired[list[str]]
    """Callers as `namespace/service-account`. Default: none."""
    namespaces: NotRequired[list[str]]
    """Namespaces all of whose workloads may call. Default: none."""
    methods: NotRequired[list[str]]
    """HTTP methods allowed. Default: every one."""
    paths: NotRequired[list[str]]
    """HTTP paths allowed, `*` at an end as wildcard. Default: every one."""
    ports: NotRequired[list[int]]
    """Workload ports allowed. Default: every one."""


class MeshSecurityArgs(TypedDict):
    """What a MeshSecurity is made from."""

    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: the objects are made once it is known. Default: at once."""
    root_namespace: NotRequired[pulumi.Input[str]]
    """Root namespace of the mesh. Default: `istio-system`."""
    mtls_mode: NotRequired[pulumi.Input[str]]
    """`STRICT`, or `PERMISSIVE` while callers without a proxy remain. Default: `STRICT`."""
    default_deny: NotRequired[bool]
    """Whether calls in the whole mesh are denied unless a rule allows them. Default: true."""
    trust_domain: NotRequired[pulumi.Input[str]]
    """Trust domain of the callers, Fleet.trust_domain. Default: `cluster.local`, which Istio reads as the mesh's own."""
    allow: NotRequired[list[AllowRuleArgs]]
    """Who may call whom. Default: nobody."""


class MeshSecurity(pulumi.ComponentResource):
    """Mesh-wide security."""

    root_namespace: pulumi.Output[str]
    """Root namespace, once mutual TLS and default deny stand."""

    def __init__(
        self, name: str, args: MeshSecurityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:MeshSecurity", name, {}, opts)
