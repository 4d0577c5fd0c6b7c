"""What is said once for the whole mesh: the fleet, the control planes, and what proxies report."""

import re
from typing import Annotated, Literal

from pydantic import Field

from stacks._fields import MAX_ENTRIES, Closed, Filter, Name, Percent, RevisionName


class Fleet(Closed):
    """The fleet of the platform's project."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9' !-]{4,30}$")] | None = Field(
        default=None, description="Name shown in the console, 4 to 30 characters. Default: none."
    )
    mesh_by_default: bool = Field(
        default=False, description="Whether clusters of others get the mesh when they join."
    )
    multi_cluster_services: bool = Field(
        default=False, description="Whether Services can be exported to the other clusters."
    )
    multi_cluster_gateway: Name | None = Field(
        default=None,
        description="The config cluster, which holds the multi-cluster gateways. Default: none, "
        "and multi-cluster Gateway is off.",
    )


Charts = Annotated[str, Field(pattern=r"^((https|oci)://\S+|[\w.~-]*(/[\w.~-]+)+)$")]
_GOOGLE_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)-asm\.(\d+)")
GoogleVersion = Annotated[str, Field(pattern=rf"^{_GOOGLE_VERSION.pattern}$")]
Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+([-+.][\w.+-]+)?$")]


class Revision(Closed):
    """One control plane inside a cluster; two side by side are a canary upgrade."""

    name: RevisionName = Field(description="Name of the revision.", examples=["1-31-1"])
    version: Version | None = Field(
        default=None, description="Version of the charts or images. Default: the component's."
    )


class IstioControlPlane(Closed):
    """Open-source Istio by its Helm charts, for clusters with `mesh: istio`."""

    chart_repository: Charts = Field(
        default="https://istio-release.storage.googleapis.com/charts",
        description="Where the charts base, cni, istiod and gateway are: an address (https, oci), "
        "or a folder with Istio's own layout.",
        examples=["oci://gcr.io/istio-release/charts"],
    )
    version: Version = Field(default="1.31.1", description="Version of the charts.")
    replicas: int = Field(default=2, ge=1, le=10, description="Fewest pods of each istiod.")
    image_hub: Annotated[str, Field(pattern=r"^[\w.:/-]+$")] | None = Field(
        default=None, description="Registry and path of the images. Default: the charts'."
    )
    revisions: list[Revision] = Field(
        default_factory=lambda: [Revision(name="default")],
        min_length=1,
        max_length=3,
        description="The control planes; the first is the namespaces' default.",
    )


class GoogleRevision(Closed):
    """One of Google's control planes inside a cluster; it is named after its version."""

    version: GoogleVersion = Field(description="Google's version.", examples=["1.28.5-asm.12"])
    charts: Charts | None = Field(
        default=None, description="Folder of its charts. Default: the control plane's."
    )

    @property
    def name(self) -> str:
        """Google's name for it, such as `asm-1285-12`."""
        return google_revision(self.version) or ""


def google_revision(version: str) -> str | None:
    """The revision that Google names after a version; None where it is no version of Google's."""
    found = _GOOGLE_VERSION.fullmatch(version)
    return "asm-{}{}{}-{}".format(*found.groups()) if found else None


class InClusterControlPlane(Closed):
    """Google's control plane inside a cluster, for clusters with `mesh: in_cluster`.

    Supported on GDC software-only; on GKE it is deprecated.
    """

    charts: Charts = Field(
        default="manifests/charts",
        description="Folder `manifests/charts` of Google's release archive.",
    )
    revisions: list[GoogleRevision] = Field(
        default_factory=lambda: [GoogleRevision(version="1.28.5-asm.12")],
        min_length=1,
        max_length=3,
        description="The control planes, oldest first; the first is the namespaces' default.",
    )
    certificate_authority: Literal["mesh_ca", "istio_ca"] = Field(
        default="mesh_ca",
        description="Who signs the workloads' certificates, Google or istiod, in clusters that "
        "name no authority of their own.",
    )
    replicas: int = Field(default=2, ge=1, le=10, description="Fewest pods of each istiod.")


MeshKind = Literal["managed", "in_cluster", "istio"]


class Mesh(Closed):
    """The control planes. Each cluster has one kind; `kind` is that of clusters that say none."""

    kind: MeshKind = Field(
        default="managed",
        description="Google runs it (managed), Google's runs in the cluster (in_cluster), or "
        "open-source Istio does (istio).",
    )
    channel: Literal["rapid", "regular", "stable"] = Field(
        default="regular",
        description="Release channel of managed ones; it cannot be changed later.",
    )
    timeout_seconds: int = Field(
        default=3600,
        ge=60,
        le=14400,
        description="How long to wait until it is ACTIVE everywhere, seconds.",
    )
    istio: IstioControlPlane = Field(
        default_factory=lambda: IstioControlPlane(), description="Open-source Istio."
    )
    in_cluster: InClusterControlPlane = Field(
        default_factory=lambda: InClusterControlPlane(), description="Google's, in the cluster."
    )


class AccessLogs(Closed):
    """Who connected, from which address, with what result."""

    providers: list[Literal["envoy", "stackdriver"]] = Field(
        default_factory=lambda: list[Literal["envoy", "stackdriver"]](["envoy"]),
        max_length=2,
        description="The proxy's standard output (envoy), traffic logs (stackdriver). []: off.",
    )
    filter: Filter | None = Field(
        default=None,
        description="CEL expression that picks the calls. Default: every call.",
        examples=["response.code >= 400"],
    )


class NamespaceTelemetry(Closed):
    """What proxies of one namespace report instead."""

    namespace: Name = Field(description="One of `namespaces`.")
    access_logs: AccessLogs = Field(
        default_factory=lambda: AccessLogs(), description="Access logs of the namespace."
    )


class Telemetry(Closed):
    """What proxies report."""

    access_logs: AccessLogs = Field(
        default_factory=lambda: AccessLogs(), description="Access logs of the whole mesh."
    )
    tracing: bool = Field(default=False, description="Whether traces go to Cloud Trace.")
    trace_sampling_percent: Percent | None = Field(
        default=None,
        description="Share of calls that are traced; only with a control plane in the cluster. "
        "Default: the mesh's own.",
    )
    metrics: bool = Field(
        default=False,
        description="Whether Managed Service for Prometheus reads the proxies' metrics.",
    )
    namespaces: list[NamespaceTelemetry] = Field(
        default_factory=list[NamespaceTelemetry],
        max_length=MAX_ENTRIES,
        description="Namespaces that report otherwise.",
    )
