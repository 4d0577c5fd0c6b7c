"""Rules for GKE clusters and the service mesh on them; importing them starts no server."""

from meshwright_policies.compat import (
    no_attached_eks_or_aks,
    no_istiod_on_gke,
    taken_by_traffic_director,
)
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
from meshwright_policies.iam import named_principals
from meshwright_policies.kubernetes_access import least_privilege
from meshwright_policies.kubernetes_baseline import baseline
from meshwright_policies.kubernetes_identity import own_identity
from meshwright_policies.kubernetes_images import allowed_registries
from meshwright_policies.kubernetes_namespaces import namespace_network_policies, pod_security
from meshwright_policies.kubernetes_restricted import restricted
from meshwright_policies.mesh_authorization import named_callers, patterns_that_fail_closed
from meshwright_policies.mesh_destinations import destination_tls, named_protocols
from meshwright_policies.mesh_egress import egress_boundary
from meshwright_policies.mesh_extensions import stable_apis
from meshwright_policies.mesh_fleet import managed_mesh_everywhere
from meshwright_policies.mesh_gateways import gateway_hosts_and_tls
from meshwright_policies.mesh_injection import (
    gateway_label,
    injected_workloads,
    no_way_around_the_proxy,
    one_injection_owner,
)
from meshwright_policies.mesh_normalization import normalised_values
from meshwright_policies.mesh_references import hosts_and_gateways_exist
from meshwright_policies.mesh_routes import route_weights
from meshwright_policies.mesh_security import (
    default_deny,
    no_weaker_mtls,
    own_output_headers,
    strict_mtls,
)
from meshwright_policies.mesh_subsets import subsets_exist
from meshwright_policies.rule import Rule
from meshwright_policies.secrets import plaintext_secrets

RULES: tuple[Rule, ...] = (
    strict_mtls,
    no_weaker_mtls,
    default_deny,
    patterns_that_fail_closed,
    normalised_values,
    named_callers,
    injected_workloads,
    gateway_label,
    own_output_headers,
    destination_tls,
    gateway_hosts_and_tls,
    named_protocols,
    egress_boundary,
    stable_apis,
    no_way_around_the_proxy,
    route_weights,
    managed_mesh_everywhere,
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
    pod_security,
    baseline,
    restricted,
    namespace_network_policies,
    least_privilege,
    own_identity,
    allowed_registries,
    plaintext_secrets,
    named_principals,
    subsets_exist,
    hosts_and_gateways_exist,
    one_injection_owner,
    taken_by_traffic_director,
    no_istiod_on_gke,
    no_attached_eks_or_aks,
    allowed_regions,
)

__all__ = ["RULES"]
