"""The only way out of the mesh: Envoy pods through which named workloads call named hosts.

Follows https://cloud.google.com/service-mesh/docs/security/egress-gateways-best-practices and
https://istio.io/latest/docs/tasks/traffic-management/egress/egress-gateway/.
"""

from collections.abc import Iterator
from typing import NotRequired, TypedDict
from weakref import WeakKeyDictionary

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi.runtime.settings import get_monitor

from ._egress_routes import EgressRoutes, ExternalHost
from ._gateway_workload import GatewayWorkload, scaling_problems
from ._kube import ROOT_NAMESPACE, istio_object, metadata, revision_annotation
from ._names import KUBERNETES, host_words, named, physical_name
from ._outputs import after, outputs_of
from ._permission_checks import ACCOUNT
from ._route_addresses import is_host
from ._validation import ArgumentError, checked, duplicates

# Who owns the root namespace's Sidecar in which cluster, by the run of a program: one process may
# run several.
_OWNERS: WeakKeyDictionary[object, dict[tuple[pulumi.ProviderResource | None, str], str]] = (
    WeakKeyDictionary()
)
# Istio takes 63 characters as name of a subset and of a port, which has `https-` before it.
_LONGEST_WORD = 57
# What is inside: addresses of RFC 1918 and RFC 6598, and link-local ones (the metadata server).
_INSIDE = ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]


class EgressHostArgs(TypedDict):
    """A host outside the mesh, and who may call it."""

    host: str
    """DNS name, such as `api.example.net`; no wildcard, so that what may be called is known."""
    callers: list[str]
    """Who may call it, as `namespace/service-account`; at least one."""
    port: NotRequired[int]
    """Port on which the host speaks TLS. Default: 443."""
    originate_tls: NotRequired[bool]
    """Whether callers speak plain HTTP to port 80 of the host, inside the mesh's own mutual TLS,
    and the gateway speaks TLS for them. Default: false; callers speak TLS themselves, which the
    gateway hands through unread."""


class EgressGatewayArgs(TypedDict):
    """What an EgressGateway is made from."""

    namespace: pulumi.Input[str]
    """Namespace of the gateway, a MeshNamespace of its own."""
    hosts: list[EgressHostArgs]
    """The hosts outside that may be called, at least one."""
    gateway: NotRequired[str]
    """Name of the gateway's objects. Default: the component's name."""
    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: injects the pods, and the objects are made once it is known. Default:
    the namespace's."""
    trust_domain: NotRequired[pulumi.Input[str]]
    """Trust domain of the callers, Fleet.trust_domain. Default: `cluster.local`, which Istio reads
    as the mesh's own."""
    registry_only: NotRequired[bool]
    """Whether proxies in the whole mesh refuse hosts that no one has named (REGISTRY_ONLY, by the
    root namespace's Sidecar, which this gateway then owns). A cluster has one such Sidecar, so that
    of several gateways all but one say false. Default: true."""
    root_namespace: NotRequired[pulumi.Input[str]]
    """Root namespace of the mesh. Default: `istio-system`."""
    min_replicas: NotRequired[pulumi.Input[int]]
    """Fewest pods. Default: 2."""
    max_replicas: NotRequired[pulumi.Input[int]]
    """Most pods. Default: 5."""
    cpu: NotRequired[pulumi.Input[str]]
    """CPU request of a pod. Default: `250m`."""
    memory: NotRequired[pulumi.Input[str]]
    """Memory request and limit of a pod. Default: `256Mi`."""


class EgressGateway(pulumi.ComponentResource):
    """Envoy pods through which callers with an identity reach hosts outside, and nobody else.

    A caller's proxy sends calls to a named host to this gateway by mutual TLS; the gateway lets
    those callers through that the host names, and calls the host. REGISTRY_ONLY alone is no
    boundary, since an application can go around its proxy: what keeps it in are the network
    policies, the one here for the gateway and MeshNamespace's for everyone else, where
    `google_api_cidrs` must be narrowed, `egress_to` name the gateway's namespace and, where there
    is a Sidecar, `egress_hosts` name `scope`. Raises ArgumentError for wildcards, for hosts that
    nobody may call, and for a second gateway of a cluster that would own the root Sidecar.
    """

    gateway: pulumi.Output[str]
    """`namespace/name` of the Istio Gateway, once calls pass it."""
    scope: pulumi.Output[str]
    """`namespace/*`: what the Sidecars of callers must name to learn of the hosts."""
    service_account: pulumi.Output[str]
    """`namespace/service-account` of the gateway's pods."""

    def __init__(
        self, name: str, args: EgressGatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "EgressGateway",
            name,
            args,
            EgressGatewayArgs,
            _problems,
            named(KUBERNETES, name, "gateway"),
        )
        physical = physical_name("EgressGateway", KUBERNETES, None, args.get("gateway", name))
        super().__init__("meshwright:index:EgressGateway", name, {}, opts)
        revision = args.get("revision")
        # As Istio's own gateway chart labels its pods.
        selector: dict[str, pulumi.Input[str]] = {"app": physical, "istio": "egressgateway"}
        meta = metadata(physical, args["namespace"], revision, selector)
        annotations = revision_annotation(revision)
        parts = GatewayWorkload(
            self, name, physical, selector, args["namespace"], meta, annotations
        )
        account = parts.service_account()
        deployment = parts.deployment(
            account=account,
            revision=revision,
            cpu=args.get("cpu", "250m"),
            memory=args.get("memory", "256Mi"),
        )
        parts.scaling(args.get("min_replicas", 2), args.get("max_replicas", 5))
        words = host_words((host["host"] for host in args["hosts"]), _LONGEST_WORD)
        hosts = [_host(host, words[host["host"]]) for host in args["hosts"]]
        routes = EgressRoutes(
            physical,
            args["namespace"],
            parts.in_mesh(deployment),
            args.get("trust_domain", "cluster.local"),
            hosts,
        )
        waits: list[pulumi.Resource] = [
            deployment,
            parts.cluster_service(),
            self._network_policy(name, hosts, meta, selector),
        ]
        for item in routes.objects():
            spot = metadata(item.name, args["namespace"], revision)
            role = f"{name}-{item.role}"
            waits.append(istio_object(self, role, item.api, item.kind, spot, item.spec))
        if args.get("registry_only", True):
            root = args.get("root_namespace", ROOT_NAMESPACE)
            self._own(name, root)
            waits.append(
                registry_only(
                    f"{name}-registry-only", root, revision, pulumi.ResourceOptions(parent=self)
                )
            )
        self.gateway = after(pulumi.Output.concat(args["namespace"], "/", physical), waits)
        self.scope = after(pulumi.Output.concat(args["namespace"], "/*"), waits)
        self.service_account = pulumi.Output.concat(args["namespace"], "/", physical)
        self.register_outputs(outputs_of(self))

    def _own(self, name: str, root: pulumi.Input[str]) -> None:
        """Refuse to own what another gateway of the same program and cluster owns.

        The API server would take both, and the one that goes first would take the Sidecar with it.
        """
        run = get_monitor()
        if run is None or not isinstance(root, str):
            return
        cluster = self.get_provider("kubernetes:networking.istio.io/v1:Sidecar")
        owner = _OWNERS.setdefault(run, {}).setdefault((cluster, root), name)
        if owner != name:
            text = f"EgressGateway {owner!r} owns the Sidecar of {root} in this cluster already"
            problem = ("registry_only", f"{text}; set it to false here")
            raise ArgumentError("EgressGateway", name, [problem])

    def _network_policy(
        self,
        name: str,
        hosts: list[ExternalHost],
        meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
        selector: dict[str, pulumi.Input[str]],
    ) -> "kubernetes.networking.v1.NetworkPolicy":
        """Callers' namespaces in, the hosts' ports out; never to addresses inside."""
        namespaces = sorted({caller.split("/")[0] for host in hosts for caller in host.callers})
        return kubernetes.networking.v1.NetworkPolicy(
            f"{name}-network-policy",
            metadata=meta,
            spec={
                "pod_selector": {"match_labels": selector},
                "policy_types": ["Ingress", "Egress"],
                "ingress": [
                    {
                        "from_": [
                            {
                                "namespace_selector": {
                                    "match_labels": {"kubernetes.io/metadata.name": namespace}
                                }
                            }
                            for namespace in namespaces
                        ],
                        "ports": [{"protocol": "TCP", "port": port} for port in (80, 443)],
                    }
                ],
                "egress": [
                    {
                        "to": [{"ip_block": {"cidr": "0.0.0.0/0", "except_": _INSIDE}}],
                        "ports": [
                            {"protocol": "TCP", "port": port}
                            for port in sorted({host.port for host in hosts})
                        ],
                    }
                ],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def registry_only(
    resource_name: str,
    root_namespace: pulumi.Input[str],
    revision: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> "kubernetes.apiextensions.CustomResource":
    """The Sidecar of the root namespace, by which proxies refuse hosts that no one has named."""
    return kubernetes.apiextensions.CustomResource(
        resource_name,
        api_version="networking.istio.io/v1",
        kind="Sidecar",
        metadata=metadata("default", root_namespace, revision),
        spec={
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
            "egress": [{"hosts": ["*/*"]}],
        },
        opts=opts,
    )


def _host(args: EgressHostArgs, word: str) -> ExternalHost:
    return ExternalHost(
        args["host"],
        int(args.get("port", 443)),
        args.get("originate_tls", False),
        tuple(args["callers"]),
        word,
    )


def _problems(args: EgressGatewayArgs) -> Iterator[tuple[str, str]]:
    hosts = args["hosts"]
    if not hosts:
        yield "hosts", "is empty; name at least one host"
    for name in duplicates(host["host"] for host in hosts):
        yield "hosts", f"{name!r} is named twice; name every caller in one entry"
    for index, host in enumerate(hosts):
        path = f"hosts[{index}]"
        if "." not in host["host"] or "*" in host["host"] or not is_host(host["host"]):
            yield f"{path}.host", f"{host['host']!r} is not a host name such as api.example.net"
        if not 1 <= host.get("port", 443) <= 65535:
            yield f"{path}.port", f"{host.get('port')!r} is not a port from 1 to 65535"
        if host.get("originate_tls") and host.get("port") == 80:
            text = "is where callers speak plain HTTP; name the port where the host speaks TLS"
            yield f"{path}.port", f"80 {text}"
        if not host["callers"]:
            yield f"{path}.callers", "is empty; a host that nobody may call is left out"
        for place, caller in enumerate(host["callers"]):
            if not ACCOUNT.fullmatch(caller):
                text = f"{caller!r} must be `namespace/service-account`"
                yield f"{path}.callers[{place}]", text
    yield from scaling_problems(args.get("min_replicas", 2), args.get("max_replicas", 5))
