"""A namespace that is in the mesh and denies what nobody allowed.

Follows https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane (labels),
https://kubernetes.io/docs/concepts/security/pod-security-admission/ and
https://istio.io/latest/docs/ops/best-practices/security/ (default deny).
"""

from collections.abc import Iterator
from typing import NotRequired, TypeAlias, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._kube import ROOT_NAMESPACE, istio_object, metadata
from ._outputs import after, outputs_of
from ._validation import checked, one_of

# Quoted, as every annotation of an SDK's type here: importing them takes longer than a preview.
_Peer: TypeAlias = "kubernetes.networking.v1.NetworkPolicyPeerArgsDict"
_LEVELS = ("restricted", "baseline", "privileged")
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
    ingress_from: NotRequired[list[str]]
    """Namespaces whose pods may send packets here, beside this one. Default: none."""
    ingress_cidrs: NotRequired[list[str]]
    """Ranges from outside the cluster that may send packets here, such as a load balancer's
    callers. Default: none."""
    egress_to: NotRequired[list[str]]
    """Namespaces that pods here may send packets to, beside this one. Default: none."""
    egress_hosts: NotRequired[list[str]]
    """What proxies here learn of, as `namespace/host`, beside this namespace and the root one.
    Default: the whole mesh, with no Sidecar made."""
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
    each other, and what the arguments name. Raises ArgumentError for labels that others own.
    """

    namespace: pulumi.Output[str]
    """Name of the namespace, once its policies stand."""

    def __init__(
        self, name: str, args: MeshNamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("MeshNamespace", name, args, MeshNamespaceArgs, _problems)
        super().__init__("meshwright:index:MeshNamespace", name, {}, opts)
        namespace = kubernetes.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": args.get("namespace", name), "labels": _labels(args)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        physical = namespace.metadata.apply(lambda metadata: metadata.name or "")
        waits: list[pulumi.Resource] = [namespace]
        if args.get("default_deny", True):
            # An empty spec is an ALLOW policy without rules: it allows nothing.
            waits.append(self._istio(name, "deny", physical, args, "AuthorizationPolicy", {}))
        if args.get("network_policy", True):
            waits.append(self._network_policy(name, physical, args))
        if "egress_hosts" in args:
            root = pulumi.Output.concat(args.get("root_namespace", ROOT_NAMESPACE), "/*")
            hosts = ["./*", root, *args["egress_hosts"]]
            scope: dict[str, object] = {"egress": [{"hosts": hosts}]}
            waits.append(self._istio(name, "scope", physical, args, "Sidecar", scope))
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
        self, name: str, namespace: pulumi.Output[str], args: MeshNamespaceArgs
    ) -> "kubernetes.networking.v1.NetworkPolicy":
        ingress: list[_Peer] = [{"pod_selector": {}}]
        ingress += [_namespace_peer(other) for other in args.get("ingress_from", [])]
        ingress += [_range_peer(cidr) for cidr in args.get("ingress_cidrs", [])]
        egress: list[_Peer] = [{"pod_selector": {}}]
        egress += [_namespace_peer(other) for other in args.get("egress_to", [])]
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
                    # Google APIs have no fixed range: the control plane, Mesh CA, logs and traces.
                    {
                        "to": [{"ip_block": {"cidr": "0.0.0.0/0"}}],
                        "ports": _ports("TCP", 443, 15012),
                    },
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
    return pulumi.Output.all(args.get("labels", {}), owned).apply(lambda v: {**v[0], **v[1]})


def _namespace_peer(namespace: str) -> _Peer:
    return {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": namespace}}}


def _range_peer(cidr: str) -> _Peer:
    return {"ip_block": {"cidr": cidr}}


def _ports(
    protocol: str, *ports: int
) -> "list[kubernetes.networking.v1.NetworkPolicyPortArgsDict]":
    return [{"protocol": protocol, "port": port} for port in ports]


def _problems(args: MeshNamespaceArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("pod_security", args.get("pod_security"), _LEVELS)
    labels = args.get("labels", {})
    if not isinstance(labels, dict):
        return
    for key in labels:
        if key in _OWNED_LABELS or key.startswith("pod-security.kubernetes.io/"):
            yield f"labels.{key}", "is this component's to set; use `revision` or `pod_security`"
