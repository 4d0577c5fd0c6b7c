"""Who may do what: Google's IAM, and RBAC in the cluster."""

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes
from access import IN_SHOP

ROLE = "rbac.authorization.k8s.io"


def declare() -> None:
    """IAM first, then RBAC."""
    gcp.storage.BucketIAMMember(  # SEC-02: the whole internet
        "public-bucket", bucket="invoices", role="roles/storage.objectViewer", member="allUsers"
    )
    gcp.projects.IAMMember(  # SEC-02: a primitive role
        "owner", project="acme", role="roles/owner", member="user:somebody@example.com"
    )
    account = gcp.serviceaccount.Account("ci", account_id="ci")
    gcp.serviceaccount.Key("ci-key", service_account_id=account.name)  # SEC-02: a key to lose
    _binding(
        "everyone-reads", "view", {"kind": "Group", "name": "system:unauthenticated"}
    )  # GKE-17
    _binding("masters", "edit", {"kind": "Group", "name": "system:masters"})  # K8S-05
    _binding("admin", "cluster-admin", {"kind": "User", "name": "somebody@example.com"})  # K8S-05
    kubernetes.rbac.v1.ClusterRole(
        "anything",
        metadata={"name": "anything"},
        rules=[
            {"api_groups": ["*"], "resources": ["*"], "verbs": ["*"]},  # K8S-05
            {"api_groups": [ROLE], "resources": ["clusterroles"], "verbs": ["bind", "escalate"]},
        ],
        opts=IN_SHOP,
    )


def _binding(name: str, role: str, subject: dict[str, pulumi.Input[str]]) -> None:
    kubernetes.rbac.v1.ClusterRoleBinding(
        name,
        metadata={"name": name},
        role_ref={"api_group": ROLE, "kind": "ClusterRole", "name": role},
        subjects=[{"api_group": ROLE} | subject],
        opts=IN_SHOP,
    )
