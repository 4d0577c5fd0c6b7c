"""The cluster resource of GkeCluster: every setting of Google's hardening guide in one place.

https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster
"""

import pulumi
import pulumi_gcp as gcp

from ._cluster_args import GkeClusterArgs
from ._node_pools import default_pool_config
from ._projects import project_number

_MANAGED_BY = {"managed-by": "meshwright"}


def hardened_cluster(
    parent: pulumi.Resource,
    name: str,
    physical: str,
    args: GkeClusterArgs,
    project: pulumi.Input[str],
    account: pulumi.Input[str],
    secrets_key: pulumi.Input[str] | None,
) -> "gcp.container.Cluster":
    """The cluster; what Autopilot settles by itself is left out there, since GKE refuses it."""
    autopilot = args.get("autopilot", False)
    networks = args.get("authorized_networks", [])
    return gcp.container.Cluster(
        f"{name}-cluster",
        name=physical,
        project=project,
        location=args["location"],
        network=args["network"],
        subnetwork=args["subnetwork"],
        networking_mode="VPC_NATIVE",
        ip_allocation_policy={
            "cluster_secondary_range_name": args.get("pod_range_name", "pods"),
            "services_secondary_range_name": args.get("service_range_name", "services"),
        },
        fleet={"project": args["fleet_project"]} if "fleet_project" in args else None,
        resource_labels=_labels(parent, args),
        deletion_protection=args.get("deletion_protection", True),
        min_master_version=args.get("version"),
        release_channel={"channel": args.get("release_channel", "REGULAR")},
        private_cluster_config={
            "enable_private_nodes": True,
            "enable_private_endpoint": not networks,
            "master_ipv4_cidr_block": args.get("control_plane_cidr"),
        },
        master_authorized_networks_config={
            "gcp_public_cidrs_access_enabled": False,
            "cidr_blocks": [
                {"cidr_block": item["cidr"], "display_name": item.get("display_name")}
                for item in networks
            ],
        },
        control_plane_endpoints_config={
            "dns_endpoint_config": {"allow_external_traffic": args.get("dns_endpoint", True)},
            "ip_endpoints_config": {"enabled": True},
        },
        master_auth={"client_certificate_config": {"issue_client_certificate": False}},
        # Only health checks answer to callers without a name, and nobody can be given rights by
        # binding a role to everybody.
        anonymous_authentication_config={"mode": "LIMITED"},
        rbac_binding_config={
            "enable_insecure_binding_system_authenticated": False,
            "enable_insecure_binding_system_unauthenticated": False,
        },
        authenticator_groups_config=(
            {"security_group": args["security_group"]} if "security_group" in args else None
        ),
        database_encryption=(
            {"state": "ENCRYPTED", "key_name": secrets_key} if secrets_key is not None else None
        ),
        binary_authorization={"evaluation_mode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
        security_posture_config={"mode": "BASIC"},
        logging_config={"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS"]},
        monitoring_config={
            "enable_components": ["SYSTEM_COMPONENTS"],
            "managed_prometheus": {"enabled": True},
        },
        gateway_api_config={"channel": args.get("gateway_api_channel", "CHANNEL_STANDARD")},
        enable_autopilot=True if autopilot else None,
        cluster_autoscaling=(
            {
                "auto_provisioning_defaults": {
                    "service_account": account,
                    "boot_disk_kms_key": args.get("boot_disk_kms_key"),
                }
            }
            if autopilot
            else None
        ),
        workload_identity_config=(
            None if autopilot else {"workload_pool": pulumi.Output.concat(project, ".svc.id.goog")}
        ),
        datapath_provider=None if autopilot else "ADVANCED_DATAPATH",
        enable_intranode_visibility=None if autopilot else True,
        enable_shielded_nodes=None if autopilot else True,
        remove_default_node_pool=None if autopilot else True,
        initial_node_count=None if autopilot else 1,
        node_config=(
            None if autopilot else default_pool_config(account, args.get("boot_disk_kms_key"))
        ),
        opts=pulumi.ResourceOptions(
            parent=parent,
            # The default pool is deleted at birth; what is read afterwards is another pool's.
            ignore_changes=None if autopilot else ["nodeConfig"],
        ),
    )


def _labels(
    parent: pulumi.Resource, args: GkeClusterArgs
) -> pulumi.Input[dict[str, pulumi.Input[str]]]:
    """The caller's labels and, in a fleet, the one that mesh dashboards find the cluster by."""
    # What another stack does not export is an output that is null.
    given = pulumi.Output.from_input(args.get("labels", {}))
    labels = given.apply(lambda own: _MANAGED_BY | (own or {}))
    if "fleet_project" not in args:
        return labels
    if "fleet_project_number" in args:
        number = pulumi.Output.from_input(args["fleet_project_number"])
    else:
        number = project_number(parent, args["fleet_project"])
    mesh_id = pulumi.Output.concat("proj-", number)
    return pulumi.Output.all(labels, mesh_id).apply(lambda v: {**v[0], "mesh_id": v[1]})
