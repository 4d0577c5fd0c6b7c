"""A namespace that is in the mesh and denies what nobody allowed.

Follows https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane (labels),
https://kubernetes.io/docs/concepts/security/pod-security-admission/,
https://istio.io/latest/docs/ops/best-practices/security/ (default deny) and
https://istio.io/latest/docs/reference/config/networking/sidecar/ (scope).
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple, NotRequired, TypeAlias, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._kube import ROOT_NAMESPACE, istio_object, metadata
from ._names import NAMESPACE, physical_name
from ._outputs import after, outputs_of
from ._ranges import range_problems
from ._validation import checked, is_plain, one_of
from .security import AllowRuleArgs

# Quoted, as every annotation of an SDK's type here: importing them takes longer than a preview.
_Peer: TypeAlias = "kubernetes.networking.v1.NetworkPolicyPeerArgsDict"
_LEVELS = ("restricted", "baseline", "privileged")
_DOMAIN = "svc.cluster.local"
_OUTBOUND = ("REGISTRY_ONLY", "ALLOW_ANY")
_OWNED_LABELS = ("istio-injection", "istio.io/rev")
# kube-dns, and NodeLocal DNSCache where it is on (it always is on Autopilot).
_DNS_PEERS: list[_Peer] = [
    {
        "namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": "kube-system"}},
        "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
    },
    {"ip_block": {"cidr": "169.254.20.10/32"}},
]
# https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy#workload-identity
_METADATA_PEERS: list[_Peer] = [
    {"ip_block": {"cidr": "169.254.169.252/32"}},
    {"ip_block": {"cidr": "169.254.169.254/32"}},
]


class MeshNamespaceArgs(TypedDict):
    """What a MeshNamespace is made from."""

    namespace: NotRequired[pulumi.Input[str]]
    """Name of the namespace. Default: the component's name."""
    revision: NotRequired[pulumi.Input[str]]
    """Revision that injects proxies, ManagedMesh.revision. Default: the mesh's default revision, by
    `istio-injection=enabled`."""
    pod_security: NotRequired[pulumi.Input[str]]
    """Pod Security level to enforce: `restricted`, `baseline` or `privileged`. Default:
    `restricted`."""
    default_deny: NotRequired[bool]
    """Whether calls to workloads here are denied unless a rule allows them. Default: true."""
    network_policy: NotRequired[bool]
    """Whether packets in and out are denied unless named below. Default: true."""
    allow: NotRequired[list[AllowRuleArgs]]
    """Who may call whom in the whole mesh, the list that MeshSecurity gets, its namespaces known:
    packets follow it, and so does what proxies here learn of. Default: nothing follows."""
    ingress_from: NotRequired[list[str]]
    """Namespaces whose pods may send packets here, beside this one and what `allow` says. Default:
    none."""
    ingress_cidrs: NotRequired[list[pulumi.Input[str]]]
    """Ranges from outside the cluster that may send packets here, such as a load balancer's
    callers, or the pods of another cluster of the mesh, which no selector knows. Default: none."""
    egress_to: NotRequired[list[str]]
    """Namespaces that pods here may send packets to, beside this one and what `allow` says.
    Default: none."""
    egress_cidrs: NotRequired[list[pulumi.Input[str]]]
    """Ranges outside the cluster that pods here may send packets to, such as those of machines in
    the mesh, or of the pods of its other clusters. Default: none."""
    google_api_cidrs: NotRequired[list[pulumi.Input[str]]]
    """Where pods here find Google APIs and a control plane that Google runs (TCP 443 and 15012).
    Default: `0.0.0.0/0`, since Google APIs have no fixed range; with Private Google Access and an
    EgressGateway, `199.36.153.4/30` (restricted.googleapis.com)."""
    scope: NotRequired[bool]
    """Whether proxies here learn only of what workloads here may call, by a Sidecar. Default: true
    where `allow` or `egress_hosts` is given, else false."""
    egress_hosts: NotRequired[list[str]]
    """What proxies here learn of, as `namespace/host`, beside this namespace, the root one and what
    `allow` says. Default: none."""
    outbound_traffic_policy: NotRequired[str]
    """With a Sidecar, what becomes of calls to hosts that proxies did not learn of: `REGISTRY_ONLY`
    refuses them, `ALLOW_ANY` lets them out. Default: `REGISTRY_ONLY`."""
    root_namespace: NotRequired[pulumi.Input[str]]
    """Root namespace of the mesh. Default: `istio-system`."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Further labels of the namespace; injection and Pod Security labels are this component's
    alone. Default: none."""


class MeshNamespace(pulumi.ComponentResource):
    """A namespace with proxy injection, Pod Security, default deny, and a network policy.

    The injection label has one owner, this component, and is one of `istio.io/rev` and
    `istio-injection`, never both. Pods meet Pod Security `restricted` because the managed mesh
    redirects traffic by its CNI plugin, so that proxies need no privileges. The network policy lets
    pods reach DNS, the metadata server, the mesh's control plane and Google APIs (TCP 443, 15012),
    each other, and what the arguments name. With `allow`, its Sidecar and its network policy are
    generated from who may call whom. Raises ArgumentError for labels that others own.
    """

    namespace: pulumi.Output[str]
    """Name of the namespace, once its policies stand."""

    def __init__(
        self, name: str, args: MeshNamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        patterns = partial(_pattern_problems, name)
        args = checked("MeshNamespace", name, args, MeshNamespaceArgs, _problems, patterns)
        given = args.get("namespace", name)
        if isinstance(given, str):
            path = "namespace" if "namespace" in args else "name"
            physical_name("MeshNamespace", NAMESPACE, None, given, owner=name, path=path)
        super().__init__("meshwright:index:MeshNamespace", name, {}, opts)
        namespace = kubernetes.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": given, "labels": _labels(args)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        physical = namespace.metadata.apply(lambda metadata: metadata.name or "")
        waits: list[pulumi.Resource] = [namespace]
        if args.get("default_deny", True):
            # An empty spec is an ALLOW policy without rules: it allows nothing.
            waits.append(self._istio(name, "deny", physical, args, "AuthorizationPolicy", {}))
        if args.get("network_policy", True):
            calls = _calls(name, args)
            waits.append(self._network_policy(name, physical, args, calls))
        if args.get("scope", "allow" in args or "egress_hosts" in args):
            waits.append(self._istio(name, "scope", physical, args, "Sidecar", _scope(name, args)))
        self.namespace = after(physical, waits)
        self.register_outputs(outputs_of(self))

    def _istio(
        self,
        name: str,
        role: str,
        namespace: pulumi.Output[str],
        args: MeshNamespaceArgs,
        kind: str,
        spec: dict[str, object],
    ) -> "kubernetes.apiextensions.CustomResource":
        group = "networking" if kind == "Sidecar" else "security"
        # Istio takes a namespace's Sidecar without a selector whatever its name.
        physical = "default" if kind == "Sidecar" else "deny-all"
        meta = metadata(physical, namespace, args.get("revision"))
        return istio_object(self, f"{name}-{role}", f"{group}.istio.io/v1", kind, meta, spec)

    def _network_policy(
        self,
        name: str,
        namespace: pulumi.Output[str],
        args: MeshNamespaceArgs,
        calls: "_Calls",
    ) -> "kubernetes.networking.v1.NetworkPolicy":
        ingress: list[_Peer] = [{"pod_selector": {}}]
        callers = {*args.get("ingress_from", []), *calls.callers}
        ingress += [_namespace_peer(other) for other in sorted(callers)]
        ingress += [_range_peer(cidr) for cidr in args.get("ingress_cidrs", [])]
        egress: list[_Peer] = [{"pod_selector": {}}]
        callees = {*args.get("egress_to", []), *(namespace for namespace, _ in calls.callees)}
        egress += [_namespace_peer(other) for other in sorted(callees)]
        egress += [_range_peer(cidr) for cidr in args.get("egress_cidrs", [])]
        google = args.get("google_api_cidrs", ["0.0.0.0/0"])
        control_plane = [_range_peer(cidr) for cidr in google]
        # A control plane inside the cluster stands in the root namespace.
        root = args.get("root_namespace", ROOT_NAMESPACE)
        control_plane.append(_namespace_peer(root))
        return kubernetes.networking.v1.NetworkPolicy(
            f"{name}-network-policy",
            metadata=metadata("default", namespace),
            spec={
                "pod_selector": {},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [{"from_": ingress}],
                "egress": [
                    {"to": egress},
                    {"to": _DNS_PEERS, "ports": _ports("UDP", 53) + _ports("TCP", 53)},
                    {"to": _METADATA_PEERS, "ports": _ports("TCP", 80, 988)},
                    # The control plane, Mesh CA, logs and traces.
                    {"to": control_plane, "ports": _ports("TCP", 443, 15012)},
                ],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def _labels(args: MeshNamespaceArgs) -> pulumi.Output[dict[str, pulumi.Input[str]]]:
    level = args.get("pod_security", "restricted")
    owned: dict[str, pulumi.Input[str]] = {
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/warn": level,
    }
    if "revision" in args:
        owned["istio.io/rev"] = args["revision"]
    else:
        owned["istio-injection"] = "enabled"
    return pulumi.Output.all(args.get("labels", {}), owned).apply(
        lambda v: {**(v[0] or {}), **v[1]}
    )


class _Calls(NamedTuple):
    """What the mesh's rules say of one namespace."""

    callers: set[str]
    """Other namespaces that may call it, `*` for all."""
    callees: set[tuple[str, str]]
    """What it may call in other namespaces: (namespace, Service or `*`)."""


def _calls(name: str, args: MeshNamespaceArgs) -> _Calls:
    own = str(args.get("namespace", name)) if "allow" in args else ""
    calls = _Calls(set(), set())
    for rule in args.get("allow", []):
        accounts = [caller.split("/")[0] for caller in rule.get("service_accounts", [])]
        callers = {*accounts, *rule.get("namespaces", [])}
        callee = str(rule["namespace"])
        if callee == own:
            calls.callers.update(callers - {own})
        elif any(fnmatchcase(own, caller) for caller in callers):
            calls.callees.add((callee, rule.get("service", "*")))
    return calls


def _scope(name: str, args: MeshNamespaceArgs) -> dict[str, object]:
    """The Sidecar's spec; a namespace that may be called as a whole needs no single Service."""
    callees = _calls(name, args).callees
    hosts = {
        f"{namespace}/*" if service == "*" else f"{namespace}/{service}.{namespace}.{_DOMAIN}"
        for namespace, service in callees
        if service == "*" or (namespace, "*") not in callees
    }
    root = pulumi.Output.concat(args.get("root_namespace", ROOT_NAMESPACE), "/*")
    mode = args.get("outbound_traffic_policy", "REGISTRY_ONLY")
    known = list(dict.fromkeys([*sorted(hosts), *args.get("egress_hosts", [])]))
    return {
        "outboundTrafficPolicy": {"mode": mode},
        "egress": [{"hosts": ["./*", root, *known]}],
    }


def _namespace_peer(namespace: pulumi.Input[str]) -> _Peer:
    if namespace == "*":  # as rules of the mesh write it
        return {"namespace_selector": {}}
    return {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}}}


def _range_peer(cidr: pulumi.Input[str]) -> _Peer:
    return {"ip_block": {"cidr": cidr}}


def _ports(
    protocol: str, *ports: int
) -> "list[kubernetes.networking.v1.NetworkPolicyPortArgsDict]":
    return [{"protocol": protocol, "port": port} for port in ports]


def _problems(args: MeshNamespaceArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("pod_security", args.get("pod_security"), _LEVELS)
    policy = args.get("outbound_traffic_policy")
    yield from one_of("outbound_traffic_policy", policy, _OUTBOUND)
    for path in ("ingress_cidrs", "egress_cidrs", "google_api_cidrs"):
        yield from range_problems(path, args.get(path, []))
    if "allow" in args and not is_plain(args.get("namespace", "")):
        yield "namespace", "must be known now, since `allow` is read by it; give the name itself"
    for index, rule in enumerate(args.get("allow", [])):
        if not is_plain(rule["namespace"]):
            yield f"allow[{index}].namespace", "must be known now; give the name itself"
    for index, host in enumerate(args.get("egress_hosts", [])):
        if host.count("/") != 1 or not all(host.split("/")):
            yield f"egress_hosts[{index}]", f"{host!r} must be `namespace/host`"
    labels = args.get("labels", {})
    if not isinstance(labels, dict):
        return
    for key in labels:
        if key in _OWNED_LABELS or key.startswith("pod-security.kubernetes.io/"):
            yield f"labels.{key}", "is this component's to set; use `revision` or `pod_security`"


def _pattern_problems(name: str, args: MeshNamespaceArgs) -> Iterator[tuple[str, str]]:
    """Istio takes patterns of namespaces as callers; a network policy all of them, or each."""
    own = args.get("namespace", name)
    for index, rule in enumerate(args.get("allow", [])):
        if rule["namespace"] != own or not args.get("network_policy", True):
            continue
        for place, caller in enumerate(rule.get("namespaces", [])):
            if "*" in caller and caller != "*":
                text = "is no namespace that a network policy could let in; name each, or `*`"
                yield f"allow[{index}].namespaces[{place}]", f"{caller!r} {text}"
