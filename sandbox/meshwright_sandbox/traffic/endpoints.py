"""Which pods a proxy has not been told of yet: a pod that is Ready is news to its callers."""

from __future__ import annotations

import json
from collections import defaultdict

from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.launcher import Network
from meshwright_sandbox.runtime.probing import read

_SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
_SERVICE_LABEL = "kubernetes.io/service-name"
# Istio leads calls of such a Service to the address that was asked for, whatever it knows.
_HEADLESS_LABEL = "service.kubernetes.io/headless"
_CLUSTERS = "http://127.0.0.1:15000/clusters?format=json"


def of_services(api: Api) -> dict[str, set[str]]:
    """The addresses of the pods that are Ready, by the Service's host name."""
    found: dict[str, set[str]] = defaultdict(set)
    for item in api.get(_SLICES)["items"]:
        metadata = item["metadata"]
        labels = metadata.get("labels", {})
        service = labels.get(_SERVICE_LABEL)
        if service and _HEADLESS_LABEL not in labels and item["addressType"] == "IPv4":
            host = f"{service}.{metadata['namespace']}.svc.cluster.local"
            found[host] |= _ready(item)
    return found


def unknown_to(network: Network, services: dict[str, set[str]]) -> list[str]:
    """Addresses that are missing where the proxy in ``network`` calls a Service.

    Empty as well where the proxy does not answer: there is a probe for that.
    """
    found = read(network, [_CLUSTERS])
    if found is None:
        return []
    known: dict[str, set[str]] = defaultdict(set)
    for cluster in json.loads(found[0]).get("cluster_statuses", []):
        # Istio names them so: https://istio.io/latest/docs/ops/diagnostic-tools/proxy-cmd/
        direction, _, subset, host = (cluster["name"].split("|") + [""] * 3)[:4]
        if direction == "outbound" and not subset:
            known[host] |= _hosts(cluster)
    missing = [services.get(host, set()) - there for host, there in known.items()]
    return sorted(set().union(*missing))


def _ready(item: Object) -> set[str]:
    # Conditions that are not said hold.
    return {
        address
        for endpoint in item["endpoints"] or []
        if endpoint.get("conditions", {}).get("ready") is not False
        for address in endpoint["addresses"]
    }


def _hosts(cluster: Object) -> set[str]:
    hosts = cluster.get("host_statuses", [])
    addresses = [host["address"].get("socket_address", {}) for host in hosts]
    return {str(address.get("address")) for address in addresses}
