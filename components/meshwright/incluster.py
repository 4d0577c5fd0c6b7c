"""Google's control plane of Cloud Service Mesh inside a cluster, revision by revision.

It is what GDC software-only (bare metal, VMware) runs; on GKE and on attached clusters it is
deprecated. Follows https://cloud.google.com/service-mesh/docs/install-overview,
https://cloud.google.com/service-mesh/docs/in-cluster-upgrade and Google's profile,
https://github.com/GoogleCloudPlatform/anthos-service-mesh-packages/tree/main/asm/istio.
"""

import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi

from ._compatibility import ISTIOD_END_OF_SUPPORT
from ._istio_charts import (
    PLATFORMS,
    ControlPlaneRevisionArgs,
    Installation,
    Revision,
    Values,
    install,
    revision_problems,
    root_namespace,
)
from ._kube import ROOT_NAMESPACE
from ._outputs import after, outputs_of
from ._projects import number_problems
from ._validation import checked, one_of

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)-asm\.(\d+)")
_HUB = "gke.gcr.io/asm"
_AUTHORITIES = ("mesh_ca", "ca_service", "istio_ca")
_CNI_FOLDERS = {"gke": "/home/kubernetes/bin", "other": "/opt/cni/bin"}


class InClusterMeshArgs(TypedDict):
    """What an InClusterMesh is made from."""

    project: pulumi.Input[str]
    """Id of the fleet's project; `PROJECT.svc.id.goog` is the trust domain."""
    project_number: pulumi.Input[str]
    """Number of the fleet's project, Fleet.project_number; `proj-NUMBER` is the mesh's id."""
    cluster: pulumi.Input[str]
    """Name of the cluster: the GKE cluster's, or off Google Cloud the membership's."""
    location: pulumi.Input[str]
    """Location of the cluster; `global` off Google Cloud."""
    charts: NotRequired[str]
    """Folder `manifests/charts` of Google's release archive. Default: every revision's own."""
    version: NotRequired[str]
    """Google's version, such as `1.28.5-asm.12`. Default: every revision's own."""
    revisions: NotRequired[list[ControlPlaneRevisionArgs]]
    """The control planes that stand side by side, oldest first. Default: one, of `version`."""
    default_revision: NotRequired[str]
    """The revision whose webhook checks Istio objects without a revision label. Default: the only
    one."""
    platform: NotRequired[str]
    """`gke` or `other` (GDC software-only, attached clusters). Default: `other`."""
    network: NotRequired[pulumi.Input[str]]
    """Name of the cluster's network in the mesh; on GKE `PROJECT-NETWORK`. Default: `default`."""
    ca: NotRequired[str]
    """`mesh_ca` (Google's), `ca_service` (Certificate Authority Service) or `istio_ca` (istiod's
    own). Default: `mesh_ca`."""
    ca_pool: NotRequired[pulumi.Input[str]]
    """Full name of the CA pool, `projects/P/locations/L/caPools/C`, with `ca: ca_service`.
    Default: none."""
    ca_template: NotRequired[pulumi.Input[str]]
    """Full name of the pool's certificate template. Default: none."""
    identity_provider: NotRequired[pulumi.Input[str]]
    """Address of the cluster's identity provider. Default: on GKE the cluster's own, elsewhere the
    fleet membership's, which has the cluster's name and stands at `location`."""
    hub: NotRequired[str]
    """Where images come from. Default: `gke.gcr.io/asm`."""
    replicas: NotRequired[pulumi.Input[int]]
    """Fewest pods of each istiod. Default: 2."""


class InClusterMesh(pulumi.ComponentResource):
    """Google's istiod in the cluster: Google's images, certificates, identities and telemetry.

    What it renders is Google's in-cluster profile, and so differs from IstioMesh in more than a
    label. Each revision is named after its version (`asm-1285-12`); an upgrade puts the next one
    beside it, namespaces move over one by one by MeshNamespace.revision and their pods are
    restarted, and the old one is taken out. Warns on GKE, where support ends on 2028-03-01 and
    ManagedMesh takes its place. Raises ArgumentError for versions that are none of Google's, and
    for a CA without what it needs.
    """

    revision: pulumi.Output[str]
    """The default revision, once its istiod answers."""
    revisions: pulumi.Output[dict[str, str]]
    """Every revision, by its name, once its istiod answers."""
    root_namespace: pulumi.Output[str]
    """Namespace of mesh-wide objects, once their kinds are known to the cluster."""
    mesh_id: pulumi.Output[str]
    """Name of the mesh, `proj-NUMBER`."""
    trust_domain: pulumi.Output[str]
    """Trust domain of workload identities: `PROJECT.svc.id.goog`, and `cluster.local` with
    istiod's own CA."""

    def __init__(
        self, name: str, args: InClusterMeshArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked("InClusterMesh", name, args, InClusterMeshArgs, _problems)
        super().__init__("meshwright:index:InClusterMesh", name, {}, opts)
        platform = args.get("platform", "other")
        if platform == "gke":
            pulumi.warn(
                f"{name}: the in-cluster control plane on GKE is deprecated: support ends on "
                f"{ISTIOD_END_OF_SUPPORT}; ManagedMesh takes its place",
                self,
            )
        revisions = _revisions(args)
        default = args.get("default_revision", revisions[0].name)
        network = args.get("network", "default")
        namespace = root_namespace(self, name, {"topology.istio.io/network": network})
        installed = install(
            self,
            name,
            Installation(
                revisions=revisions,
                default_revision=default,
                namespace=after(ROOT_NAMESPACE, [namespace]),
                # Google's charts know no platform by its name; what differs is said in `cni`.
                platform="",
                values=_profile(args),
                cni={
                    "cniBinDir": _CNI_FOLDERS[platform],
                    "excludeNamespaces": [ROOT_NAMESPACE, "kube-system"]
                    + ["gke-system"] * (platform == "other"),
                },
                hub=args.get("hub", _HUB),
                replicas=args.get("replicas", 2),
            ),
        )
        names = installed.revision_names()
        self.root_namespace = after(ROOT_NAMESPACE, [installed.base])
        self.revision = names[default]
        self.revisions = pulumi.Output.all(**names)
        self.mesh_id = pulumi.Output.concat("proj-", args["project_number"])
        self.trust_domain = pulumi.Output.from_input(_trust_domain(args))
        self.register_outputs(outputs_of(self))


def _revisions(args: InClusterMeshArgs) -> list[Revision]:
    return [
        Revision(
            item.get("name", _revision_of(item.get("version", args.get("version", "")))),
            item.get("version", args.get("version", "")),
            item.get("charts", args.get("charts", "")),
        )
        for item in args.get("revisions", [{}])
    ]


def _revision_of(version: str) -> str:
    """The revision that asmcli derives from a version: `asm-1285-12` of `1.28.5-asm.12`."""
    found = _VERSION.fullmatch(version)
    return "asm-{}{}{}-{}".format(*found.groups()) if found else "asm"


def _trust_domain(args: InClusterMeshArgs) -> pulumi.Input[str]:
    if args.get("ca") == "istio_ca":
        return "cluster.local"
    return pulumi.Output.concat(args["project"], ".svc.id.goog")


def _profile(args: InClusterMeshArgs) -> Values:
    """Google's profile, in the words of the istiod chart."""
    pool = pulumi.Output.concat(args["project"], ".svc.id.goog")
    identity = {"GKE_CLUSTER_URL": _identity_provider(args), "GCP_METADATA": _metadata(args)}
    provider = {"mesh_ca": "GoogleCA", "ca_service": "GoogleCAS", "istio_ca": "Citadel"}
    ca = args.get("ca", "mesh_ca")
    return {
        "meshConfig": {
            "trustDomain": _trust_domain(args),
            "trustDomainAliases": [pool],
            # Google does not support it.
            "localityLbSetting": {"enabled": False},
            # Ours: rules look at paths as the application will.
            "pathNormalization": {"normalization": "MERGE_SLASHES"},
            "defaultConfig": {
                "proxyMetadata": {
                    **identity,
                    "CA_PROVIDER": provider[ca],
                    "PLUGINS": "" if ca == "istio_ca" else "GoogleTokenExchange",
                    "GCE_METADATA_HOST": "metadata.google.internal",
                }
            },
        },
        "env": {
            **identity,
            "ENABLE_STACKDRIVER_MONITORING": "true",
            "TOKEN_AUDIENCES": pulumi.Output.concat("istio-ca,", pool),
            "PILOT_ENABLE_CROSS_CLUSTER_WORKLOAD_ENTRY": "true",
        },
        "resources": {"requests": {"cpu": "500m"}},
        "telemetry": {
            "enabled": True,
            "v2": {
                "enabled": True,
                "prometheus": {"enabled": False},
                "stackdriver": {"enabled": True},
            },
        },
        "sidecarInjectorWebhook": {"rewriteAppHTTPProbe": True},
        "global": {
            "caAddress": _ca_address(args),
            "pilotCertProvider": "istiod",
            "sts": {"servicePort": 15463},
            "sds": {"token": {"aud": pool}},
            "multiCluster": {
                "clusterName": pulumi.Output.concat(
                    "cn-", args["project"], "-", args["location"], "-", args["cluster"]
                )
            },
            "meshID": pulumi.Output.concat("proj-", args["project_number"]),
            "network": args.get("network", "default"),
        },
    }


def _metadata(args: InClusterMeshArgs) -> pulumi.Output[str]:
    """Where workloads are, for proxies that no metadata server tells."""
    parts = [args["project"], "|", args["project_number"], "|", args["cluster"], "|"]
    return pulumi.Output.concat(*parts, args["location"])


def _identity_provider(args: InClusterMeshArgs) -> pulumi.Input[str]:
    if "identity_provider" in args:
        return args["identity_provider"]
    place = ["projects/", args["project"], "/locations/", args["location"]]
    if args.get("platform") == "gke":
        address = "https://container.googleapis.com/v1/"
        return pulumi.Output.concat(address, *place, "/clusters/", args["cluster"])
    address = "https://gkehub.googleapis.com/"
    return pulumi.Output.concat(address, *place, "/memberships/", args["cluster"])


def _ca_address(args: InClusterMeshArgs) -> pulumi.Input[str]:
    """Google's CA, a CA pool with its template if it has one, or istiod itself."""
    if args.get("ca", "mesh_ca") == "mesh_ca":
        return "meshca.googleapis.com:443"
    if "ca_template" in args:
        return pulumi.Output.concat(args.get("ca_pool", ""), ":", args["ca_template"])
    return args.get("ca_pool", "")


def _problems(args: InClusterMeshArgs) -> Iterator[tuple[str, str]]:
    yield from one_of("platform", args.get("platform"), PLATFORMS)
    yield from one_of("ca", args.get("ca"), _AUTHORITIES)
    revisions = _revisions(args)
    yield from revision_problems(revisions, args.get("default_revision"))
    for index, revision in enumerate(revisions):
        if revision.version and not _VERSION.fullmatch(revision.version):
            path = f"revisions[{index}].version" if args.get("revisions") else "version"
            yield path, f"{revision.version!r} must be one of Google's, such as `1.28.5-asm.12`"
    service = args.get("ca") == "ca_service"
    if service and not args.get("ca_pool"):
        yield "ca_pool", "missing; `ca: ca_service` needs the pool that issues certificates"
    for key in ("ca_pool", "ca_template"):
        if args.get(key) and not service:
            yield key, "has no effect; it goes with `ca: ca_service`"
    yield from number_problems("project_number", args["project_number"])
