"""Mesh-wide security: STRICT mutual TLS, default deny, and the named rules of who may call whom.

Follows https://cloud.google.com/service-mesh/docs/security/configuring-mtls and
https://istio.io/latest/docs/ops/best-practices/security/.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi

from ._kube import ROOT_NAMESPACE, istio_object, metadata
from ._outputs import after, outputs_of
from ._validation import checked, duplicates, one_of

_API = "security.istio.io/v1"


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
    """Trust domain of the callers, Fleet.trust_domain. Default: `cluster.local`, which Istio reads
    as the mesh's own."""
    allow: NotRequired[list[AllowRuleArgs]]
    """Who may call whom. Default: nobody."""


class MeshSecurity(pulumi.ComponentResource):
    """Mutual TLS for every call in the mesh, no call that is not allowed, and what is allowed.

    Each rule becomes one AuthorizationPolicy of action ALLOW in the namespace that is called: a
    call passes if any rule there names its caller. Callers are workload identities (service
    accounts), which only mutual TLS proves, so that a rule with PERMISSIVE never matches plaintext.
    Raises ArgumentError for a rule without callers or with an ill-formed one.
    """

    root_namespace: pulumi.Output[str]
    """Root namespace, once mutual TLS, default deny and every rule stand."""

    def __init__(
        self, name: str, args: MeshSecurityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("MeshSecurity", name, args, MeshSecurityArgs, _problems)
        super().__init__("meshwright:index:MeshSecurity", name, {}, opts)
        root = args.get("root_namespace", ROOT_NAMESPACE)
        revision = args.get("revision")
        waits = [
            istio_object(
                self,
                f"{name}-mtls",
                _API,
                "PeerAuthentication",
                # Istio wants exactly one for the whole mesh; by this name it is found.
                metadata("default", root, revision),
                {"mtls": {"mode": args.get("mtls_mode", "STRICT")}},
            )
        ]
        if args.get("default_deny", True):
            # An empty spec is an ALLOW policy without rules: it allows nothing.
            deny = metadata("deny-all", root, revision)
            waits.append(istio_object(self, f"{name}-deny", _API, "AuthorizationPolicy", deny, {}))
        trust_domain = args.get("trust_domain", "cluster.local")
        for rule in args.get("allow", []):
            meta = metadata(rule["name"], rule["namespace"], revision)
            spec = _allow(rule, trust_domain)
            role = f"{name}-allow-{rule['name']}"
            waits.append(istio_object(self, role, _API, "AuthorizationPolicy", meta, spec))
        self.root_namespace = after(root, waits)
        self.register_outputs(outputs_of(self))


def _allow(rule: AllowRuleArgs, trust_domain: pulumi.Input[str]) -> dict[str, object]:
    """The AuthorizationPolicy's spec: callers OR-ed, and all of the call's limits AND-ed."""
    sources: list[dict[str, object]] = []
    if rule.get("service_accounts"):
        principals = [
            pulumi.Output.concat(trust_domain, "/ns/", namespace, "/sa/", account)
            for namespace, account in (
                caller.split("/") for caller in rule.get("service_accounts", [])
            )
        ]
        sources.append({"source": {"principals": principals}})
    if rule.get("namespaces"):
        sources.append({"source": {"namespaces": rule.get("namespaces", [])}})
    operation: dict[str, object] = {}
    if "methods" in rule:
        operation["methods"] = rule["methods"]
    if "paths" in rule:
        operation["paths"] = rule["paths"]
    if "ports" in rule:
        operation["ports"] = [str(int(port)) for port in rule["ports"]]
    allowed: dict[str, object] = {"from": sources}
    if operation:
        allowed["to"] = [{"operation": operation}]
    spec: dict[str, object] = {"action": "ALLOW", "rules": [allowed]}
    if "workload" in rule:
        spec["selector"] = {"matchLabels": rule["workload"]}
    return spec


def _problems(args: MeshSecurityArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("mtls_mode", args.get("mtls_mode"), ("STRICT", "PERMISSIVE"))
    rules = args.get("allow", [])
    for name in duplicates(rule["name"] for rule in rules):
        yield "allow", f"two rules are named {name!r}; names are unique"
    for index, rule in enumerate(rules):
        path = f"allow[{index}]"
        if not rule.get("service_accounts") and not rule.get("namespaces"):
            yield path, "names no caller; give service_accounts or namespaces"
        for place, caller in enumerate(rule.get("service_accounts", [])):
            if caller.count("/") != 1 or not all(caller.split("/")) or "*" in caller:
                where = f"{path}.service_accounts[{place}]"
                yield where, f"{caller!r} must be `namespace/service-account`"
        for key in ("methods", "paths", "ports"):
            if rule.get(key) == []:
                yield f"{path}.{key}", "is empty; leave it out to allow every one"
