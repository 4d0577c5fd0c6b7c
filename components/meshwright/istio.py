"""Open-source Istio in a cluster, by its Helm charts, and the secret that joins two of them.

Follows https://istio.io/latest/docs/setup/install/helm/,
https://istio.io/latest/docs/setup/additional-setup/cni/,
https://istio.io/latest/docs/setup/upgrade/canary/ and, for several clusters,
https://istio.io/latest/docs/setup/install/multicluster/.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._istio_charts import (
    PLATFORMS,
    RUNTIME_DEFAULT,
    ControlPlaneRevisionArgs,
    Installation,
    Installed,
    Revision,
    Values,
    install,
    release,
    revision_problems,
    root_namespace,
)
from ._kube import ROOT_NAMESPACE, istio_object, metadata
from ._outputs import after, outputs_of
from ._validation import checked, is_plain, one_of

_READER = "istio-reader-service-account"
_NETWORK_LABEL = "topology.istio.io/network"
_EAST_WEST = "istio-eastwestgateway"
# Istio's own line
# (https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format) and,
# last, who called by the certificate, which is not among its words.
_ACCESS_LOG = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" '
    "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
    '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% '
    '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% '
    "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
    "%REQUESTED_SERVER_NAME% %ROUTE_NAME% %DOWNSTREAM_PEER_URI_SAN%"
)


class IstioCertificateAuthorityArgs(TypedDict):
    """The intermediate CA by which istiod signs workload certificates, all PEM.

    https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
    """

    certificate: pulumi.Input[str]
    """The intermediate's certificate."""
    key: pulumi.Input[str]
    """Secret: the intermediate's private key."""
    root: pulumi.Input[str]
    """The root's certificate, the same in every cluster of a mesh."""
    chain: pulumi.Input[str]
    """Certificates from the intermediate to the root."""


class IstioMeshArgs(TypedDict):
    """What an IstioMesh is made from."""

    charts: str
    """Where Istio's charts stand: the address of a Helm repository (`https://...`), a prefix in a
    container registry (`oci://...`), or a folder laid out as in Istio's own release archive."""
    version: NotRequired[str]
    """Istio's version, such as `1.31.1`: of the charts in a repository, and of the images. Default:
    every revision's own."""
    revisions: NotRequired[list[ControlPlaneRevisionArgs]]
    """The control planes that stand side by side, oldest first. Default: one, named `default`."""
    default_revision: NotRequired[str]
    """The revision whose webhook checks Istio objects without a revision label. Default: the only
    one."""
    hub: NotRequired[str]
    """Where images come from. Default: as the charts say."""
    platform: NotRequired[str]
    """`gke` or `other`: where nodes keep their CNI plugins. Default: `gke`."""
    replicas: NotRequired[pulumi.Input[int]]
    """Fewest pods of each istiod. Default: 2."""
    mesh_id: NotRequired[pulumi.Input[str]]
    """Name of the mesh, the same in all of its clusters. Default: none."""
    trust_domain: NotRequired[pulumi.Input[str]]
    """Trust domain of workload identities. Default: `cluster.local`."""
    cluster_name: NotRequired[pulumi.Input[str]]
    """Name of the cluster in the mesh. Default: `Kubernetes`."""
    network: NotRequired[pulumi.Input[str]]
    """Name of the cluster's network; clusters whose pods reach each other share one. Default:
    none."""
    east_west_gateway: NotRequired[bool]
    """Whether other networks reach this one through a gateway; it needs `network`. Default:
    false."""
    api_server: NotRequired[pulumi.Input[str]]
    """Address of the API server as control planes of other clusters reach it, such as
    GkeCluster.private_endpoint. Default: none, and no `reader_kubeconfig`."""
    access_log_format: NotRequired[pulumi.Input[str]]
    """The line that a proxy writes of a call where MeshTelemetry names the provider `envoy`, in
    Envoy's own words for access logs. Default: Istio's, and at its end the caller's principal
    (`%DOWNSTREAM_PEER_URI_SAN%`)."""
    certificate_authority: NotRequired[IstioCertificateAuthorityArgs]
    """The mesh's own CA; clusters of one mesh need one with the same root. Default: each istiod
    signs itself."""


class IstioMesh(pulumi.ComponentResource):
    """Istio's control plane: CRDs, the node agent (CNI), and an istiod for each revision.

    Namespaces keep Pod Security `restricted`, since the node agent redirects traffic. An upgrade
    puts a second revision beside the first and moves namespaces over one by one, by
    MeshNamespace.revision; pods change over when they are restarted. A revision is taken out when
    no namespace names it any more. Istio's own kinds stay in the cluster when the mesh goes, with
    whatever was made of them, as Istio's charts say. Request paths are normalised before rules look
    at them. Raises ArgumentError for revisions without version, or with the same name.
    """

    revision: pulumi.Output[str]
    """The default revision, once its istiod answers."""
    revisions: pulumi.Output[dict[str, str]]
    """Every revision, by its name, once its istiod answers."""
    root_namespace: pulumi.Output[str]
    """Namespace of mesh-wide objects, once their kinds are known to the cluster."""
    reader_kubeconfig: pulumi.Output[str]
    """Secret: what IstioRemoteSecret takes to let another cluster's istiod look into this one;
    empty without `api_server`."""

    def __init__(
        self, name: str, args: IstioMeshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("IstioMesh", name, args, IstioMeshArgs, _problems)
        super().__init__("meshwright:index:IstioMesh", name, {}, opts)
        revisions = _revisions(args)
        default = args.get("default_revision", revisions[0].name)
        labels: dict[str, pulumi.Input[str]] = {}
        if "network" in args:
            labels[_NETWORK_LABEL] = args["network"]
        waits: list[pulumi.Resource] = [root_namespace(self, name, labels)]
        if "certificate_authority" in args:
            waits.append(_authority(self, name, args["certificate_authority"]))
        installed = install(
            self,
            name,
            Installation(
                revisions=revisions,
                default_revision=default,
                namespace=after(ROOT_NAMESPACE, waits),
                platform=args.get("platform", "gke"),
                values=_values(args),
                cni={},
                hub=args.get("hub"),
                replicas=args.get("replicas", 2),
            ),
        )
        names = installed.revision_names()
        self.root_namespace = after(ROOT_NAMESPACE, [installed.base])
        gates: list[pulumi.Resource] = []
        if args.get("east_west_gateway"):
            (source,) = [item for item in revisions if item.name == default]
            gates = _east_west(self, name, args, source, names[default])
        self.revision = after(names[default], gates)
        self.revisions = pulumi.Output.all(**names)
        self.reader_kubeconfig = self._reader(name, args, installed)
        self.register_outputs(outputs_of(self))

    def _reader(self, name: str, args: IstioMeshArgs, installed: Installed) -> pulumi.Output[str]:
        """A token of the account that the charts make for other clusters' control planes."""
        if "api_server" not in args:
            return pulumi.Output.from_input("")
        token = kubernetes.core.v1.Secret(
            f"{name}-reader",
            metadata={
                "name": f"{_READER}-token",
                "namespace": after(ROOT_NAMESPACE, [installed.base]),
                "annotations": {"kubernetes.io/service-account.name": _READER},
            },
            type="kubernetes.io/service-account-token",
            opts=pulumi.ResourceOptions(parent=self),
        )
        found = pulumi.Output.all(token.data, args["api_server"])
        return pulumi.Output.secret(found.apply(lambda both: _kubeconfig(both[0], both[1])))


def _revisions(args: IstioMeshArgs) -> list[Revision]:
    given = args.get("revisions", [{"name": "default"}])
    return [
        Revision(
            item.get("name", "default"),
            item.get("version", args.get("version", "")),
            item.get("charts", args["charts"]),
        )
        for item in given
    ]


def _values(args: IstioMeshArgs) -> Values:
    mesh: Values = {
        "pathNormalization": {"normalization": "MERGE_SLASHES"},
        # The provider `envoy` has no settings of its own and takes the mesh's.
        "accessLogFormat": args.get("access_log_format", _ACCESS_LOG),
    }
    if "trust_domain" in args:
        mesh["trustDomain"] = args["trust_domain"]
    shared: Values = {}
    if "mesh_id" in args:
        shared["meshID"] = args["mesh_id"]
    if "cluster_name" in args:
        shared["multiCluster"] = {"clusterName": args["cluster_name"]}
    if "network" in args:
        shared["network"] = args["network"]
    return {"meshConfig": mesh, "global": shared}


def _authority(
    parent: pulumi.Resource, name: str, given: IstioCertificateAuthorityArgs
) -> "kubernetes.core.v1.Secret":
    """The secret by which istiod takes its CA; it must stand before istiod starts."""
    return kubernetes.core.v1.Secret(
        f"{name}-ca",
        metadata=metadata("cacerts", ROOT_NAMESPACE),
        string_data={
            "ca-cert.pem": given["certificate"],
            "ca-key.pem": pulumi.Output.secret(given["key"]),
            "root-cert.pem": given["root"],
            "cert-chain.pem": given["chain"],
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _east_west(
    parent: pulumi.Resource,
    name: str,
    args: IstioMeshArgs,
    source: Revision,
    revision: pulumi.Output[str],
) -> list[pulumi.Resource]:
    """The gateway by which other networks reach every service here, by mutual TLS alone."""
    labels = {"istio": "eastwestgateway"}
    values: Values = {
        "name": _EAST_WEST,
        "revision": revision,
        "networkGateway": args.get("network", ""),
        "labels": labels,
        "securityContext": {
            "seccompProfile": RUNTIME_DEFAULT,
            "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        },
    }
    gateway = release(
        parent, f"{name}-east-west", "gateway", _EAST_WEST, ROOT_NAMESPACE, source, values
    )
    server = {
        "port": {"number": 15443, "name": "tls", "protocol": "TLS"},
        "tls": {"mode": "AUTO_PASSTHROUGH"},
        "hosts": ["*.local"],
    }
    meta = metadata("cross-network-gateway", after(ROOT_NAMESPACE, [gateway]))
    exposed = istio_object(
        parent,
        f"{name}-cross-network",
        "networking.istio.io/v1",
        "Gateway",
        meta,
        {"selector": labels, "servers": [server]},
    )
    return [gateway, exposed]


def _kubeconfig(data: Mapping[str, str], api_server: str) -> str:
    """A kubeconfig as `istioctl create-remote-secret` writes it."""
    server = api_server if "://" in api_server else f"https://{api_server}"
    cluster = {"server": server, "certificate-authority-data": data["ca.crt"]}
    user = {"token": base64.b64decode(data["token"]).decode()}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "mesh", "cluster": cluster}],
            "users": [{"name": "mesh", "user": user}],
            "contexts": [{"name": "mesh", "context": {"cluster": "mesh", "user": "mesh"}}],
            "current-context": "mesh",
        }
    )


def _problems(args: IstioMeshArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("platform", args.get("platform"), PLATFORMS)
    yield from revision_problems(_revisions(args), args.get("default_revision"))
    if args.get("east_west_gateway") and not args.get("network"):
        yield "network", "missing; an east-west gateway stands for the network that it leads into"
    network = args.get("network")
    if is_plain(network) and network == "":
        yield "network", "is empty; leave it out where there is one network only"
