"""What joins the mesh beside GKE: VMs, Cloud Run, clusters of other clouds and on premises."""

from typing import Annotated, Literal

from pydantic import Field

from stacks._fields import (
    MAX_ENTRIES,
    Closed,
    CloudRunName,
    ClusterName,
    CookieName,
    HeaderName,
    Host,
    HttpsUrl,
    Image,
    Name,
    Port,
    Reference,
    Region,
)
from stacks.spec_rollouts import Rollout
from stacks.spec_routes import Route


class Eks(Closed):
    """An EKS cluster whose issuer and version are read from AWS with the caller's credentials."""

    cluster: Annotated[str, Field(pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$")] = Field(
        description="Name of the EKS cluster."
    )
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = Field(
        description="Region of AWS.", examples=["eu-central-1"]
    )


class Aks(Closed):
    """An AKS cluster, by what `az aks show` says of it."""

    issuer_url: HttpsUrl = Field(description="OIDC issuer (`oidcIssuerProfile.issuerUrl`).")
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d+(\.\d+)?$")] = Field(
        description="Version of the control plane.", examples=["1.33"]
    )


class AttachedCluster(Closed):
    """A cluster of another cloud as a member of the fleet; exactly one of `eks` and `aks`."""

    name: ClusterName = Field(description="Name, unique among all clusters.")
    region: Region = Field(description="Google Cloud region that its membership is managed from.")
    platform_version: Annotated[str, Field(pattern=r"^1\.\d+\.\d+-gke\.\d+$")] = Field(
        description="Platform version of the attached cluster.", examples=["1.33.0-gke.1"]
    )
    eks: Eks | None = Field(default=None, description="Amazon EKS.")
    aks: Aks | None = Field(default=None, description="Azure AKS.")
    admin_users: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]] = Field(
        default_factory=list[str],
        max_length=100,
        description="E-mails of its administrators through the Connect gateway.",
    )


class BareMetal(Closed):
    """A user cluster of GDC software-only for bare metal, made through its admin cluster."""

    version: Annotated[str, Field(pattern=r"^1\.\d+\.\d+-gke\.\d+$")] = Field(
        description="Version.", examples=["1.33.0-gke.790"]
    )
    admin_cluster: Name = Field(
        description="Name of its admin cluster, one of `on_prem_clusters` that exists already."
    )
    control_plane_nodes: list[str] = Field(
        min_length=1, max_length=5, description="Addresses of the control plane's machines; odd."
    )
    worker_nodes: list[str] = Field(
        min_length=1, max_length=MAX_ENTRIES, description="Addresses of the workers."
    )
    control_plane_vip: str = Field(description="Virtual address of the control plane.")
    ingress_vip: str = Field(description="Virtual address of ingress.")
    load_balancer_addresses: list[str] = Field(
        min_length=1, max_length=100, description="Ranges of LoadBalancer Services, first-last."
    )
    pod_cidr: str = Field(default="192.168.0.0/16", description="Range of the pods.")
    service_cidr: str = Field(default="10.96.0.0/20", description="Range of Services.")


class Vmware(Closed):
    """A user cluster of GDC software-only for VMware, made through its admin cluster in vCenter."""

    version: Annotated[str, Field(pattern=r"^1\.\d+\.\d+-gke\.\d+$")] = Field(
        description="Version.", examples=["1.33.0-gke.790"]
    )
    admin_cluster: Name = Field(
        description="Name of its admin cluster, one of `on_prem_clusters` that exists already."
    )
    gateway: str = Field(description="Address of the default gateway of the machines' network.")
    netmask: str = Field(description="Mask of that network.", examples=["255.255.255.0"])
    control_plane_addresses: list[str] = Field(
        min_length=1, max_length=3, description="Addresses of the control plane's machines; 1 or 3."
    )
    dns_servers: list[str] = Field(
        min_length=1, max_length=10, description="Addresses of the machines' DNS servers."
    )
    ntp_servers: list[Annotated[str, Field(min_length=1, max_length=253)]] = Field(
        min_length=1, max_length=10, description="The machines' time servers."
    )
    control_plane_vip: str = Field(
        description="Virtual address of the control plane, in the machines' network."
    )
    ingress_vip: str = Field(description="Virtual address of ingress.")
    load_balancer_addresses: list[str] = Field(
        min_length=1, max_length=100, description="Ranges of LoadBalancer Services, first-last."
    )
    min_workers: int = Field(default=3, ge=1, le=1000, description="Fewest workers.")
    max_workers: int = Field(
        default=3, ge=1, le=1000, description="Most workers; above `min_workers` they scale."
    )
    worker_addresses: list[str] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Addresses of the workers, one more than `max_workers` for upgrades. Default: "
        "DHCP gives them.",
    )
    pod_cidr: str = Field(default="192.168.0.0/16", description="Range of the pods.")
    service_cidr: str = Field(default="10.96.0.0/20", description="Range of Services.")


class OnPremCluster(Closed):
    """A cluster on premises in the fleet; `bare_metal`, `vmware`, or one that exists already."""

    name: ClusterName = Field(description="Name, unique among all clusters.")
    region: Region = Field(description="Google Cloud region that it is managed from.")
    bare_metal: BareMetal | None = Field(default=None, description="Made on bare metal.")
    vmware: Vmware | None = Field(default=None, description="Made on VMware vSphere.")
    membership: (
        Annotated[str, Field(pattern=r"^projects/[^/]+/locations/[^/]+/memberships/[^/]+$")] | None
    ) = Field(
        default=None,
        description="Membership of one that its own tool registered already (as `bmctl` and "
        "`gkectl` do). "
        "Default: it is registered here.",
    )
    admin_users: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]] = Field(
        default_factory=list[str], max_length=100, description="E-mails of its administrators."
    )


class VmSticky(Closed):
    """What keeps a caller at one of the VMs; exactly one of cookie, header and source_ip."""

    cookie: CookieName | None = Field(
        default=None, description="Name of the cookie, which the proxies set."
    )
    cookie_ttl_seconds: int | None = Field(
        default=None,
        ge=0,
        le=31_536_000,
        description="Life of the cookie, seconds; 0: a session. Default: a day.",
    )
    header: HeaderName | None = Field(default=None, description="Name of the header.")
    source_ip: bool = Field(default=False, description="Whether it is the caller's address.")


class VmGroup(Closed):
    """A managed instance group whose VMs are in the mesh.

    By Google's service proxy, or by Istio's WorkloadGroup.
    """

    name: Name = Field(description="Name, unique in the spec; the service is called by it.")
    mode: Literal["service-proxy", "workload-group"] = Field(
        default="service-proxy", description="How its VMs join."
    )
    region: Region = Field(description="Region; VMs stand in its zones.")
    network: Name = Field(description="Name of a network in `networks`.")
    subnet: Name = Field(description="Name of a subnet of that network, in the same region.")
    cluster: Name | None = Field(
        default=None, description="Cluster whose Istio its VMs join; only with workload-group."
    )
    namespace: Name | None = Field(
        default=None, description="Namespace of its service; only with workload-group."
    )
    service: Name | None = Field(
        default=None,
        description="Service of that namespace that its VMs answer for beside the pods, by the "
        "same port and with the same service account; only with workload-group. Default: one of "
        "its own, by the group's name.",
    )
    version: Name | None = Field(
        default=None,
        description="Which of the versions of `service` its VMs are. Default: the only one.",
    )
    discovery_address: str | None = Field(
        default=None,
        description="IPv4 address at which its VMs reach istiod, such as that of an east-west "
        "gateway; only with workload-group.",
    )
    port: Port = Field(description="Port that the service listens on.")
    health_path: Annotated[str, Field(pattern=r"^/\S*$", max_length=1024)] = Field(
        default="/", description="Path of the health check."
    )
    machine_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*-[a-z0-9-]+$")] = Field(
        default="e2-medium", description="Machine type.", examples=["e2-medium"]
    )
    failover_groups: list[Name] = Field(
        default_factory=list[str],
        max_length=MAX_ENTRIES,
        description="Groups of other regions whose VMs serve the same on the same port: calls go "
        "there while the caller's region has no healthy VM, and callers of their regions go there "
        "first; only with service-proxy.",
    )
    sticky: VmSticky | None = Field(
        default=None,
        description="What keeps a caller at one VM; only with service-proxy. Default: each call is "
        "shared out anew.",
    )
    min_replicas: int = Field(default=2, ge=1, le=1000, description="Fewest VMs.")
    max_replicas: int = Field(default=4, ge=1, le=1000, description="Most VMs.")


class CloudRunService(Closed):
    """A Cloud Run service that calls into the mesh."""

    name: CloudRunName = Field(
        description="Name, unique in the spec; at most 49 characters with the prefix."
    )
    region: Region = Field(description="Region.")
    network: Name = Field(description="Name of a network in `networks`.")
    subnet: Name = Field(description="Name of a subnet of that network, in the same region.")
    image: Image = Field(description="Container image, with a tag or digest.")
    port: Port = Field(default=8080, description="Port of the container.")
    min_instances: int = Field(default=0, ge=0, le=1000, description="Fewest instances.")
    max_instances: int = Field(default=10, ge=1, le=1000, description="Most instances.")
    deletion_protection: bool = Field(
        default=True, description="Whether a destroy of the service is refused."
    )
    calls: list[Reference] = Field(
        default_factory=list[str],
        max_length=100,
        description="Services it calls; each needs an entry in security.plaintext.",
    )


class MeshRoute(Closed):
    """Calls of VMs and Cloud Run to a name, shared among groups of VMs and Cloud Run services."""

    name: Name = Field(description="Name, unique in the spec.")
    hosts: list[Host] = Field(
        min_length=1, max_length=100, description="Names by which it is called."
    )
    protocol: Literal["http", "grpc"] = Field(default="http", description="What is spoken.")
    route: Route = Field(
        description="How calls are shared; its versions are names of `vm_groups` with "
        "service-proxy and of `cloud_run_services`, its rendering is networkservices."
    )
    versions: list[Name] = Field(
        default_factory=list[str],
        max_length=50,
        description="With a rollout: the versions it goes between, in place of weights.",
    )
    rollout: Rollout | None = Field(
        default=None,
        description="How a new version takes over, step by step. Default: the weights hold.",
    )
