"""Rules for GKE clusters and the service mesh on them; importing them starts no server."""

from meshwright_policies.gke import (
    authorized_control_plane,
    private_nodes,
    workload_identity,
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
)

__all__ = ["RULES"]
