"""Rules for GKE clusters and the service mesh on them; importing them starts no server."""

from meshwright_policies.gcp_regions import allowed_regions
from meshwright_policies.gke_access import named_subjects, no_legacy_abac, no_static_credentials
from meshwright_policies.gke_network import (
    authorized_control_plane,
    network_policies,
    private_nodes,
    visible_flows,
    vpc_native,
)
from meshwright_policies.gke_nodes import (
    container_optimized_image,
    no_legacy_endpoints,
    own_node_account,
    shielded_nodes,
    workload_identity,
)
from meshwright_policies.gke_operations import (
    labelled,
    logged_and_monitored,
    nothing_unsupported,
    security_posture,
    up_to_date,
)
from meshwright_policies.gke_protection import (
    binary_authorization,
    encrypted_secrets,
    kept_and_encrypted,
)
from meshwright_policies.mesh_gateways import gateway_hosts_and_tls
from meshwright_policies.mesh_routes import route_weights
from meshwright_policies.mesh_security import default_deny, strict_mtls
from meshwright_policies.rule import Rule

RULES: tuple[Rule, ...] = (
    strict_mtls,
    default_deny,
    gateway_hosts_and_tls,
    route_weights,
    private_nodes,
    authorized_control_plane,
    workload_identity,
    own_node_account,
    shielded_nodes,
    no_legacy_abac,
    no_static_credentials,
    no_legacy_endpoints,
    network_policies,
    vpc_native,
    encrypted_secrets,
    binary_authorization,
    up_to_date,
    container_optimized_image,
    logged_and_monitored,
    visible_flows,
    named_subjects,
    nothing_unsupported,
    security_posture,
    labelled,
    kept_and_encrypted,
    allowed_regions,
)

__all__ = ["RULES"]
