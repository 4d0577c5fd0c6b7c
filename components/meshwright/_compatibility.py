"""What the implementations of Google's managed control plane do not take, and until when they last.

Follows https://cloud.google.com/service-mesh/docs/supported-features-managed and
https://cloud.google.com/service-mesh/docs/release-notes.
"""

from collections.abc import Iterable, Mapping

ISTIOD_END_OF_SUPPORT = "2028-03-01"
# What the TRAFFIC_DIRECTOR implementation does not take, and what stands for it.
NOT_TAKEN = {
    "cross_namespace_subsets": "DestinationRule subsets outside the Service's namespace and "
    "cluster; put them beside the Service",
    "envoy_filter": "EnvoyFilter, but for a few of its patches",
    "kubernetes_ingress": "Kubernetes Ingress; a Gateway stands for it",
    "locality_load_balancing": "localityLbSetting; calls stay near by themselves",
    "remote_secrets": "remote secrets; `multi_cluster` stands for them",
    "service_entry_mesh_internal": "ServiceEntry of location MESH_INTERNAL",
    "service_entry_workload_selector": "ServiceEntry with a workload selector; a Service and its "
    "pods stand for it",
    "trace_sampling": "a trace sampling rate; Google's own applies",
    "wasm_plugin": "WasmPlugin",
}


def findings(implementations: Mapping[str, str], uses: Iterable[str]) -> list[str]:
    """What does not fit, a sentence each, in a stable order.

    Args:
        implementations: `TRAFFIC_DIRECTOR` or `ISTIOD`, by membership.
        uses: what the mesh's users count on, keys of `NOT_TAKEN`.
    """
    found: list[str] = []
    for membership, implementation in sorted(implementations.items()):
        if implementation == "TRAFFIC_DIRECTOR":
            found += [
                f"{membership}: TRAFFIC_DIRECTOR does not take {NOT_TAKEN[used]}"
                for used in sorted(set(uses))
            ]
        elif implementation == "ISTIOD":
            found.append(
                f"{membership}: ISTIOD as managed control plane is deprecated; its support ends on "
                f"{ISTIOD_END_OF_SUPPORT}, and Google moves fleets to TRAFFIC_DIRECTOR"
            )
    return found
