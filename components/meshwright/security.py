"""Mesh-wide security: STRICT mutual TLS, default deny, who may call whom, users' tokens.

Follows https://cloud.google.com/service-mesh/docs/security/configuring-mtls,
https://istio.io/latest/docs/ops/best-practices/security/ and
https://istio.io/latest/docs/tasks/security/authorization/authz-jwt/.
"""

import ipaddress
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._jwt import JwtIssuerArgs, jwt_problems, jwt_rules
from ._kube import ROOT_NAMESPACE, istio_object, metadata
from ._outputs import after, outputs_of
from ._permission_checks import name_problems, permission_problems, port_problems
from ._permission_checks import path_problems as path_problems
from ._validation import checked, duplicates, one_of

_API = "security.istio.io/v1"


class AllowRuleArgs(TypedDict):
    """One permission: these callers may make these calls to these workloads."""

    name: str
    """Name of the rule and of its AuthorizationPolicy; unique in the list."""
    namespace: pulumi.Input[str]
    """Namespace of the workloads that are called."""
    workload: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Pod labels of the workloads that are called. Default: every workload in the namespace."""
    service: NotRequired[str]
    """Name of the Service that is called, for the scopes that MeshNamespace makes of the same list;
    the permission goes by `workload`. Default: every Service in the namespace."""
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


class JwtRuleArgs(TypedDict):
    """Workloads that take no call without a user's token."""

    name: str
    """Name of the rule and of its objects; unique in the list."""
    namespace: pulumi.Input[str]
    """Namespace of the workloads."""
    issuers: list[JwtIssuerArgs]
    """Whose tokens are taken, at least one."""
    workload: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Pod labels of the workloads. Default: every workload in the namespace."""
    exempt_paths: NotRequired[list[str]]
    """HTTP paths that need no token, `*` at an end as wildcard, such as those of health checks.
    Default: none."""


class PlaintextArgs(TypedDict):
    """Workloads that also take calls without mutual TLS, where a documented limit forces it."""

    name: str
    """Name of the exception and of its objects; unique in the list."""
    namespace: pulumi.Input[str]
    """Namespace of the workloads."""
    workload: pulumi.Input[dict[str, pulumi.Input[str]]]
    """Pod labels of the workloads."""
    ports: list[int]
    """Workload ports that take plaintext, at least one."""
    from_cidrs: NotRequired[list[pulumi.Input[str]]]
    """Ranges that such calls may come from; their callers have no identity to name. Default: any
    that the network lets through."""


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
    jwt: NotRequired[list[JwtRuleArgs]]
    """Workloads that ask for users' tokens, whoever the calling workload is. Default: none."""
    plaintext: NotRequired[list[PlaintextArgs]]
    """Exceptions from STRICT (PERMISSIVE on the named ports). Default: none."""


class MeshSecurity(pulumi.ComponentResource):
    """Mutual TLS for every call in the mesh, no call that is not allowed, and what is allowed.

    Each rule becomes one AuthorizationPolicy of action ALLOW in the namespace that is called: a
    call passes if any rule there names its caller. Callers are workload identities (service
    accounts), which only mutual TLS proves, so that a rule with PERMISSIVE never matches plaintext.
    A JWT rule comes on top: it denies what no valid token comes with, and allows nothing. Which CA
    signs the workloads' certificates is chosen where the control plane is made: Mesh CA by default,
    CA Service by MeshCertificateAuthority.
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
        for rule in args.get("jwt", []):
            waits += self._jwt(f"{name}-jwt-{rule['name']}", rule, revision)
        for exception in args.get("plaintext", []):
            role = f"{name}-plaintext-{exception['name']}"
            waits += self._plaintext(role, exception, revision)
        self.root_namespace = after(root, waits)
        self.register_outputs(outputs_of(self))

    def _jwt(
        self, role: str, rule: JwtRuleArgs, revision: pulumi.Input[str] | None
    ) -> "Iterator[kubernetes.apiextensions.CustomResource]":
        """Istio refuses a wrong token by itself, and a missing one by a policy alone."""
        meta = metadata(rule["name"], rule["namespace"], revision)
        selector = {"selector": {"matchLabels": rule["workload"]}} if "workload" in rule else {}
        spec: dict[str, object] = {**selector, "jwtRules": jwt_rules(rule["issuers"])}
        yield istio_object(self, role, _API, "RequestAuthentication", meta, spec)
        denied: dict[str, object] = {"from": [{"source": {"notRequestPrincipals": ["*"]}}]}
        if "exempt_paths" in rule:
            denied["to"] = [{"operation": {"notPaths": rule["exempt_paths"]}}]
        spec = {**selector, "action": "DENY", "rules": [denied]}
        meta = metadata(f"{rule['name']}-required", rule["namespace"], revision)
        yield istio_object(self, f"{role}-required", _API, "AuthorizationPolicy", meta, spec)

    def _plaintext(
        self, role: str, exception: PlaintextArgs, revision: pulumi.Input[str] | None
    ) -> "Iterator[kubernetes.apiextensions.CustomResource]":
        meta = metadata(f"{exception['name']}-plaintext", exception["namespace"], revision)
        selector = {"matchLabels": exception["workload"]}
        ports = [str(int(port)) for port in exception["ports"]]
        spec: dict[str, object] = {
            "selector": selector,
            "mtls": {"mode": "STRICT"},
            "portLevelMtls": {port: {"mode": "PERMISSIVE"} for port in ports},
        }
        yield istio_object(self, f"{role}-mtls", _API, "PeerAuthentication", meta, spec)
        rule: dict[str, object] = {"to": [{"operation": {"ports": ports}}]}
        if "from_cidrs" in exception:
            rule["from"] = [{"source": {"ipBlocks": exception["from_cidrs"]}}]
        spec = {"selector": selector, "action": "ALLOW", "rules": [rule]}
        yield istio_object(self, f"{role}-allow", _API, "AuthorizationPolicy", meta, spec)


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
        yield from permission_problems(path, rule)
        for key in ("methods", "paths", "ports"):
            if rule.get(key) == []:
                yield f"{path}.{key}", "is empty; leave it out to allow every one"
    yield from name_problems(args)
    yield from _jwt_problems(args.get("jwt", []))
    yield from _plaintext_problems(args.get("plaintext", []))


def _jwt_problems(rules: list[JwtRuleArgs]) -> Iterator[tuple[str, str]]:
    for name in duplicates(rule["name"] for rule in rules):
        yield "jwt", f"two rules are named {name!r}; names are unique"
    for index, rule in enumerate(rules):
        path = f"jwt[{index}]"
        if not rule["issuers"]:
            yield f"{path}.issuers", "is empty; every call would be denied"
        for place, issuer in enumerate(rule["issuers"]):
            yield from jwt_problems(f"{path}.issuers[{place}]", issuer)
        if rule.get("exempt_paths") == []:
            yield f"{path}.exempt_paths", "is empty; leave it out to ask for a token everywhere"
        yield from path_problems(f"{path}.exempt_paths", rule.get("exempt_paths", []))


def _plaintext_problems(exceptions: list[PlaintextArgs]) -> Iterator[tuple[str, str]]:
    for name in duplicates(exception["name"] for exception in exceptions):
        yield "plaintext", f"two exceptions are named {name!r}; names are unique"
    for index, exception in enumerate(exceptions):
        path = f"plaintext[{index}]"
        if not exception["ports"]:
            yield f"{path}.ports", "is empty; name the ports that take plaintext"
        yield from port_problems(f"{path}.ports", exception["ports"])
        if exception.get("from_cidrs") == []:
            yield f"{path}.from_cidrs", "is empty; leave it out for whatever the network lets in"
        if exception["workload"] == {}:
            yield f"{path}.workload", "is empty; an exception is made for named workloads alone"
        for place, cidr in enumerate(exception.get("from_cidrs", [])):
            if not isinstance(cidr, str):
                continue
            try:
                ipaddress.ip_network(cidr)
            except ValueError as error:
                yield f"{path}.from_cidrs[{place}]", f"{cidr!r} is not a range: {error}"
