"""A cluster of another cloud, or any conformant cluster, as a member of the fleet.

Follows https://cloud.google.com/kubernetes-engine/multi-cloud/docs/attached/eks/how-to/attach-cluster
and its pages for AKS and for other conformant clusters.
"""

import base64
from typing import TypeGuard

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes

from ._attached_args import AttachedClusterArgs
from ._attached_rules import LOGGED, attached_problems, check_platform
from ._binary_authorization import evaluation_mode
from ._connect_gateway import gateway_kubeconfig
from ._eks import EksCluster, eks_cluster
from ._functions import asked
from ._names import MEMBERSHIP, named, physical_name
from ._outputs import after, outputs_of
from ._validation import checked

_GET_INSTALL_MANIFEST = "gcp:container/getAttachedInstallManifest:getAttachedInstallManifest"


class AttachedCluster(pulumi.ComponentResource):
    """Registers an EKS, AKS or other conformant cluster with the fleet.

    The cluster itself is not made. Google's install agent must run in it first: it comes with
    `kubeconfig`, or from `gcloud container attached clusters generate-install-manifest`. Attached
    EKS and AKS clusters are deprecated by Google as homes of Cloud Service Mesh; open-source Istio
    runs in them.
    Raises ArgumentError for wrong arguments and for a platform version that is newer than the
    cluster (an older one is warned of), and pulumi.RunError where AWS cannot be read.
    """

    attached_cluster_id: pulumi.Output[str]
    """`projects/P/locations/L/attachedClusters/C`."""
    membership: pulumi.Output[str]
    """Full name of the cluster's membership, `projects/NUMBER/locations/global/memberships/M`."""
    membership_id: pulumi.Output[str]
    """Short name of the membership, which is the cluster's."""
    issuer_url: pulumi.Output[str]
    """OIDC issuer of the cluster."""
    kubernetes_version: pulumi.Output[str]
    """Kubernetes version that Google sees."""
    endpoint: pulumi.Output[str]
    """URL of an EKS cluster's API server; empty for others."""
    kubeconfig: pulumi.Output[str]
    """Secret: a kubeconfig that goes through the Connect gateway."""

    def __init__(
        self, name: str, args: AttachedClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "AttachedCluster",
            name,
            args,
            AttachedClusterArgs,
            attached_problems,
            named(MEMBERSHIP, name),
        )
        physical = physical_name("AttachedCluster", MEMBERSHIP, args.get("prefix"), name)
        found = eks_cluster(args["eks"]["name"], args["eks"]["region"]) if "eks" in args else None
        runs = args.get("kubernetes_version", found.version if _known(found) else None)
        check_platform(name, args["platform_version"], runs)
        super().__init__("meshwright:index:AttachedCluster", name, {}, opts)
        api = gcp.projects.Service(
            f"{name}-api",
            project=args["project"],
            service="gkemulticloud.googleapis.com",
            disable_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        eks = pulumi.Output.from_input(found) if found else None
        cluster = gcp.container.AttachedCluster(
            f"{name}-cluster",
            name=physical,
            project=self._with_agent(name, physical, args, after(args["project"], [api])),
            location=args["location"],
            description=args.get("description"),
            distribution=args["distribution"],
            platform_version=args["platform_version"],
            fleet={"project": pulumi.Output.concat("projects/", args["fleet_project_number"])},
            oidc_config=_oidc(args, eks),
            authorization=_authorization(args),
            logging_config={
                "component_config": {
                    "enable_components": args.get("logging_components", list(LOGGED))
                }
            },
            monitoring_config={
                "managed_prometheus_config": {"enabled": args.get("managed_prometheus", True)}
            },
            binary_authorization={
                "evaluation_mode": evaluation_mode(args.get("binary_authorization", False))
            },
            deletion_policy=(
                "DELETE_IGNORE_ERRORS" if args.get("ignore_errors_on_destroy", False) else None
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.attached_cluster_id = cluster.id
        self.membership = self._membership(cluster, args)
        self.membership_id = cluster.name
        self.issuer_url = cluster.oidc_config.apply(lambda config: config.issuer_url)
        self.kubernetes_version = cluster.kubernetes_version
        self.endpoint = (
            eks.apply(lambda found: found.endpoint) if eks else pulumi.Output.from_input("")
        )
        self.kubeconfig = gateway_kubeconfig(self.membership)
        self.register_outputs(outputs_of(self))

    def _membership(
        self, cluster: "gcp.container.AttachedCluster", args: AttachedClusterArgs
    ) -> pulumi.Output[str]:
        """As the API tells it; where it does not yet, by the form that it always has."""
        told = cluster.fleet.apply(lambda fleet: fleet.membership or "")
        return pulumi.Output.all(told, args["fleet_project_number"], cluster.name).apply(
            lambda v: v[0] or f"projects/{v[1]}/locations/global/memberships/{v[2]}"
        )

    def _with_agent(
        self, name: str, cluster: str, args: AttachedClusterArgs, project: pulumi.Output[str]
    ) -> pulumi.Output[str]:
        """The project, once the install agent is in the cluster, where that is ours to do."""
        if "kubeconfig" not in args:
            return project
        agent_of = {
            "project": project,
            "location": args["location"],
            "clusterId": cluster,
            "platformVersion": args["platform_version"],
        }
        manifest = asked("the install agent's manifest", _GET_INSTALL_MANIFEST, agent_of, self)
        access = kubernetes.Provider(
            f"{name}-access",
            kubeconfig=pulumi.Output.secret(args["kubeconfig"]),
            enable_server_side_apply=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        agent = kubernetes.yaml.v2.ConfigGroup(
            f"{name}-install-agent",
            yaml=manifest.apply(lambda found: found["manifest"]),
            resource_prefix=name,
            opts=pulumi.ResourceOptions(parent=self, provider=access),
        )
        return pulumi.Output.all(project, agent.resources).apply(lambda both: both[0])


def _known(found: EksCluster | pulumi.Output[EksCluster] | None) -> TypeGuard[EksCluster]:
    return isinstance(found, EksCluster)


def _oidc(
    args: AttachedClusterArgs, eks: pulumi.Output[EksCluster] | None
) -> "gcp.container.AttachedClusterOidcConfigArgsDict":
    if eks is not None:
        return {"issuer_url": eks.apply(lambda found: found.issuer_url)}
    config: gcp.container.AttachedClusterOidcConfigArgsDict = {
        "issuer_url": args.get("issuer_url", "")
    }
    if "jwks" in args:
        keys = pulumi.Output.from_input(args["jwks"])
        config["jwks"] = keys.apply(lambda text: base64.b64encode(text.encode()).decode())
    return config


def _authorization(
    args: AttachedClusterArgs,
) -> "gcp.container.AttachedClusterAuthorizationArgsDict | None":
    users, groups = args.get("admin_users"), args.get("admin_groups")
    if not users and not groups:
        return None
    return {"admin_users": users or None, "admin_groups": groups or None}
