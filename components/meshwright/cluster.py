"""A hardened GKE cluster, Standard or Autopilot, born in a fleet and ready for the managed mesh.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster and
https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane.
"""

import pulumi
import pulumi_gcp as gcp

from ._cluster_args import GkeClusterArgs
from ._cluster_rules import cluster_problems
from ._hardened_cluster import hardened_cluster
from ._kubeconfig import context_name, render_kubeconfig
from ._names import CLUSTER, SERVICE_ACCOUNT, named, physical_name
from ._node_pools import NodePoolArgs, node_account, node_pool
from ._outputs import after, outputs_of
from ._places import region_of
from ._secrets_key import secrets_key
from ._validation import checked


class GkeCluster(pulumi.ComponentResource):
    """A GKE cluster, hardened by default: Autopilot, or Standard with its own node pools.

    Nodes are private, run Container-Optimized OS with secure boot under their own service account,
    and reach Google APIs by Workload Identity; the control plane is open to IAM-checked calls by
    DNS name and, at its public address, to the named ranges alone. Dataplane V2, intranode
    visibility, logs, metrics, security posture and Binary Authorization are on, Secrets are
    encrypted with a KMS key, callers without a name get health checks alone, and a release channel
    keeps it patched. With `fleet_project` it is born into that fleet; with a `network` of another
    project it uses that project's Shared VPC. Raises ArgumentError for what GKE would refuse.
    """

    cluster_name: pulumi.Output[str]
    """Physical name."""
    project: pulumi.Output[str]
    """Id of the project that owns the cluster."""
    location: pulumi.Output[str]
    """Region or zone."""
    endpoint: pulumi.Output[str]
    """IP endpoint of the control plane."""
    private_endpoint: pulumi.Output[str]
    """Address of the control plane inside the VPC, which other clusters of the network use."""
    dns_endpoint: pulumi.Output[str]
    """DNS endpoint of the control plane; empty where it has none."""
    ca_certificate: pulumi.Output[str]
    """The control plane's CA, base64 of PEM."""
    membership: pulumi.Output[str]
    """Short id of the fleet membership; empty without a fleet."""
    membership_location: pulumi.Output[str]
    """Region of the fleet membership; empty without a fleet."""
    node_service_account: pulumi.Output[str]
    """E-mail of the nodes' service account."""
    workload_pool: pulumi.Output[str]
    """Workload Identity pool, `PROJECT.svc.id.goog`."""
    kubeconfig: pulumi.Output[str]
    """Secret: a kubeconfig for the IP endpoint that signs in through gke-gcloud-auth-plugin."""

    def __init__(
        self, name: str, args: GkeClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "GkeCluster", name, args, GkeClusterArgs, cluster_problems, named(CLUSTER, name)
        )
        physical = physical_name("GkeCluster", CLUSTER, args.get("prefix"), name)
        account_id = ""
        if "node_service_account" not in args:
            account_id = physical_name(
                "GkeCluster", SERVICE_ACCOUNT, args.get("prefix"), name, "nodes"
            )
        super().__init__("meshwright:index:GkeCluster", name, {}, opts)
        project = self._ready_project(name, args)
        if "node_service_account" in args:
            account = pulumi.Output.from_input(args["node_service_account"])
        else:
            account = node_account(self, name, account_id, args.get("node_roles", []), project)
        key = self._secrets_key(name, args, project)
        cluster = hardened_cluster(self, name, physical, args, project, account, key)
        pools: list[gcp.container.NodePool] = []
        if not args.get("autopilot", False):
            for pool in args.get("node_pools", [NodePoolArgs(name="default")]):
                disk_key = args.get("boot_disk_kms_key")
                pools.append(node_pool(self, name, pool, cluster, account, disk_key))
        # A cluster that is born into a fleet is a member in its own region, under its own name.
        region = region_of(args["location"])
        fleet = cluster.fleet.apply(lambda fleet: _membership(fleet, physical, region))
        self.cluster_name = cluster.name
        self.project = cluster.project
        self.location = cluster.location
        self.endpoint = after(cluster.endpoint, pools)
        self.private_endpoint = after(
            cluster.private_cluster_config.apply(_private_endpoint), pools
        )
        self.dns_endpoint = after(cluster.control_plane_endpoints_config.apply(_dns_name), pools)
        self.ca_certificate = after(cluster.master_auth.apply(_ca_certificate), pools)
        self.membership = fleet.apply(lambda found: found[0])
        self.membership_location = fleet.apply(lambda found: found[1])
        self.node_service_account = account
        self.workload_pool = pulumi.Output.concat(cluster.project, ".svc.id.goog")
        self.kubeconfig = pulumi.Output.secret(
            pulumi.Output.all(
                self.project, self.location, self.cluster_name, self.endpoint, self.ca_certificate
            ).apply(lambda v: render_kubeconfig(context_name(*v[:3]), f"https://{v[3]}", v[4]))
        )
        self.register_outputs(outputs_of(self))

    def _ready_project(self, name: str, args: GkeClusterArgs) -> pulumi.Input[str]:
        """The project, once it may be asked for clusters, keys and accounts."""
        if not args.get("enable_api", "fleet_project" not in args):
            # Fleet enables the APIs of each project before its own output is there.
            both = pulumi.Output.all(args["project"], args.get("fleet_project"))
            return both.apply(lambda found: str(found[0]))
        apis = [
            gcp.projects.Service(
                f"{name}-{api}-api",
                project=args["project"],
                service=f"{api}.googleapis.com",
                # Others in the project may use it.
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for api in ("binaryauthorization", "cloudkms", "container")
        ]
        return after(args["project"], apis)

    def _secrets_key(
        self, name: str, args: GkeClusterArgs, project: pulumi.Input[str]
    ) -> pulumi.Input[str] | None:
        """The key of Secrets in etcd; None leaves them to Google's own encryption."""
        if "secrets_kms_key" in args or not args.get("secrets_encryption", True):
            return args.get("secrets_kms_key")
        return secrets_key(self, name, project, region_of(args["location"]))


def _membership(
    fleet: "gcp.container.outputs.ClusterFleet | None", cluster: str, region: str
) -> tuple[str, str]:
    """Id and location of the membership that a cluster was born with, empty where it has none."""
    if fleet is None or not fleet.project:
        return "", ""
    return fleet.membership_id or cluster, fleet.membership_location or region


def _private_endpoint(
    config: "gcp.container.outputs.ClusterPrivateClusterConfig | None",
) -> str:
    return (config.private_endpoint or "") if config else ""


def _dns_name(
    config: "gcp.container.outputs.ClusterControlPlaneEndpointsConfig | None",
) -> str:
    dns = config.dns_endpoint_config if config else None
    return (dns.endpoint or "") if dns else ""


def _ca_certificate(auth: "gcp.container.outputs.ClusterMasterAuth | None") -> str:
    return (auth.cluster_ca_certificate or "") if auth else ""
