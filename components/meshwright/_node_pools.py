"""The nodes of a Standard GKE cluster: their pools and their service account."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._names import NODE_POOL, physical_name
from ._outputs import after

# Logs, metrics and node registration, and nothing else.
_NODE_ROLE = "roles/container.defaultNodeServiceAccount"
# Google's advice: the scope admits everything, the service account's roles limit it.
_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


class NodeTaintArgs(TypedDict):
    """A taint that every node of a pool carries."""

    key: pulumi.Input[str]
    """Key of the taint."""
    value: pulumi.Input[str]
    """Value of the taint."""
    effect: pulumi.Input[str]
    """`NO_SCHEDULE`, `PREFER_NO_SCHEDULE` or `NO_EXECUTE`."""


class NodePoolArgs(TypedDict):
    """A node pool of a Standard cluster."""

    name: str
    """Name of the pool, at most 40 characters; unique in the cluster."""
    machine_type: NotRequired[pulumi.Input[str]]
    """Machine type. Default: `e2-standard-4`, the smallest that the mesh is supported on."""
    min_nodes: NotRequired[pulumi.Input[int]]
    """Fewest nodes in the whole pool, over all zones. Default: 1."""
    max_nodes: NotRequired[pulumi.Input[int]]
    """Most nodes in the whole pool, over all zones. Default: 3."""
    disk_size_gb: NotRequired[pulumi.Input[int]]
    """Boot disk in GB. Default: 100."""
    disk_type: NotRequired[pulumi.Input[str]]
    """Boot disk type. Default: `pd-balanced`."""
    boot_disk_kms_key: NotRequired[pulumi.Input[str]]
    """KMS key that encrypts boot disks, in the cluster's region. Default: the cluster's
    `boot_disk_kms_key`."""
    zones: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Zones of the pool. Default: the cluster's."""
    spot: NotRequired[pulumi.Input[bool]]
    """Whether nodes are Spot VMs. Default: false."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Kubernetes labels of the nodes. Default: none."""
    taints: NotRequired[list[NodeTaintArgs]]
    """Taints of the nodes. Default: none."""


def node_account(
    parent: pulumi.Resource,
    name: str,
    account_id: str,
    further_roles: list[str],
    project: pulumi.Input[str],
) -> pulumi.Output[str]:
    """E-mail of a service account for the nodes, once it has its roles."""
    child = pulumi.ResourceOptions(parent=parent)
    account = gcp.serviceaccount.Account(
        f"{name}-nodes",
        account_id=account_id,
        display_name=f"Nodes of GKE cluster {name}",
        project=project,
        opts=child,
    )
    members = [
        gcp.projects.IAMMember(
            f"{name}-nodes-{word}",
            project=project,
            role=role,
            member=pulumi.Output.concat("serviceAccount:", account.email),
            opts=child,
        )
        for word, role in _role_words([_NODE_ROLE, *further_roles]).items()
    ]
    return after(account.email, members)


def _role_words(roles: list[str]) -> dict[str, str]:
    """Each role by what stands for it in names: its own name, which other places may have too."""
    words: dict[str, str] = {}
    for role in dict.fromkeys(roles):
        short = role.rsplit("/", 1)[-1]
        words[role.replace("/", "-") if short in words else short] = role
    return words


def node_pool(
    parent: pulumi.Resource,
    name: str,
    pool: NodePoolArgs,
    cluster: "gcp.container.Cluster",
    account: pulumi.Input[str],
    boot_disk_kms_key: pulumi.Input[str] | None,
) -> "gcp.container.NodePool":
    """A hardened node pool."""
    return gcp.container.NodePool(
        f"{name}-pool-{pool['name']}",
        name=physical_name("GkeCluster", NODE_POOL, None, pool["name"]),
        project=cluster.project,
        location=cluster.location,
        cluster=cluster.name,
        node_locations=pool.get("zones"),
        initial_node_count=1,
        autoscaling={
            "total_min_node_count": pool.get("min_nodes", 1),
            "total_max_node_count": pool.get("max_nodes", 3),
            "location_policy": "BALANCED",
        },
        management={"auto_repair": True, "auto_upgrade": True},
        upgrade_settings={"strategy": "SURGE", "max_surge": 1, "max_unavailable": 0},
        network_config={"enable_private_nodes": True},
        node_config={
            "machine_type": pool.get("machine_type", "e2-standard-4"),
            "disk_size_gb": pool.get("disk_size_gb", 100),
            "disk_type": pool.get("disk_type", "pd-balanced"),
            "boot_disk_kms_key": pool.get("boot_disk_kms_key", boot_disk_kms_key),
            "image_type": "COS_CONTAINERD",
            "spot": pool.get("spot", False),
            "labels": pool.get("labels"),
            "taints": [
                {"key": taint["key"], "value": taint["value"], "effect": taint["effect"]}
                for taint in pool.get("taints", [])
            ],
            "service_account": account,
            "oauth_scopes": _SCOPES,
            "metadata": {"disable-legacy-endpoints": "true"},
            "workload_metadata_config": {"mode": "GKE_METADATA"},
            "shielded_instance_config": {
                "enable_secure_boot": True,
                "enable_integrity_monitoring": True,
            },
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )


def default_pool_config(
    account: pulumi.Input[str], boot_disk_kms_key: pulumi.Input[str] | None
) -> "gcp.container.ClusterNodeConfigArgsDict":
    """The default pool's nodes: they live for a minute, and a project may forbid other ones."""
    return {
        "service_account": account,
        "oauth_scopes": _SCOPES,
        "boot_disk_kms_key": boot_disk_kms_key,
        "metadata": {"disable-legacy-endpoints": "true"},
        "workload_metadata_config": {"mode": "GKE_METADATA"},
        "shielded_instance_config": {
            "enable_secure_boot": True,
            "enable_integrity_monitoring": True,
        },
    }
