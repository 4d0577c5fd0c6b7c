"""Has Google Cloud make the load balancers of a cluster's Services and Gateways.

Each object gets a finalizer, as on GKE: it goes only after its forwarding rules, endpoint groups
and firewall rules are gone. What a deleted cluster leaves behind stays, and keeps its network.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.interface import LoadBalancer, LoadBalancing
from meshwright_sandbox.runtime.records import ClusterRecord

_INTERNAL = "networking.gke.io/load-balancer-type"


class _Resources(ABC):
    """What the two kinds of object have in common."""

    kind: str
    finalizer: str
    collection: str

    def __init__(self, record: ClusterRecord, load_balancing: LoadBalancing) -> None:
        request = record.request
        self._place = (request.project, request.location, request.name)
        self._load_balancing = load_balancing

    @abstractmethod
    def wanted(self, item: Object) -> LoadBalancer | None:
        """The load balancer of an object, if it is to have one and shows its address."""

    @abstractmethod
    def balanced(self, item: Object) -> bool:
        """Whether the object is to have a load balancer."""

    def present(self, items: list[Object]) -> None:
        owners = {item["metadata"]["uid"] for item in items}
        self._load_balancing.keep_only(*self._place, self.kind, owners)

    def reconcile(self, api: Api, item: Object) -> None:
        if not self.balanced(item):
            self.leave(api, item)
            return
        held = item["metadata"].get("finalizers", [])
        if self.finalizer not in held:
            self._set_finalizers(api, item, [*held, self.finalizer])
        balancer = self.wanted(item)
        if balancer is not None:
            self._load_balancing.publish(balancer)

    def leave(self, api: Api, item: Object) -> None:
        """Take the load balancer away, then let the object go."""
        held = item["metadata"].get("finalizers", [])
        if self.finalizer in held:
            self._load_balancing.withdraw(*self._place, item["metadata"]["uid"])
            self._set_finalizers(api, item, [name for name in held if name != self.finalizer])

    def _set_finalizers(self, api: Api, item: Object, finalizers: list[str]) -> None:
        metadata = item["metadata"]
        place = self.collection.format(metadata["namespace"])
        version = metadata["resourceVersion"]
        body = {"metadata": {"finalizers": finalizers, "resourceVersion": version}}
        api.merge(f"{place}/{metadata['name']}", body)

    def _balancer(
        self, item: Object, address: str, ports: Iterator[int], scheme: str, is_global: bool
    ) -> LoadBalancer:
        project, location, cluster = self._place
        metadata = item["metadata"]
        return LoadBalancer(
            project=project,
            location=location,
            cluster=cluster,
            kind=self.kind,
            owner=metadata["uid"],
            name=f"{metadata['namespace']}/{metadata['name']}",
            address=address,
            ports=tuple(sorted(set(ports))),
            scheme=scheme,
            is_global=is_global,
        )


class ServiceResources(_Resources):
    """Watches Services of type LoadBalancer."""

    path = "/api/v1/services"
    collection = "/api/v1/namespaces/{}/services"
    kind = "service"
    finalizer = "service.kubernetes.io/load-balancer-cleanup"

    def balanced(self, item: Object) -> bool:
        return item["spec"].get("type") == "LoadBalancer"

    def wanted(self, item: Object) -> LoadBalancer | None:
        shown = item.get("status", {}).get("loadBalancer", {}).get("ingress") or []
        if not shown:
            return None
        annotations = item["metadata"].get("annotations", {})
        scheme = "INTERNAL" if annotations.get(_INTERNAL) == "Internal" else "EXTERNAL"
        ports = (port["port"] for port in item["spec"]["ports"])
        return self._balancer(item, shown[0].get("ip", ""), ports, scheme, False)


class GatewayResources(_Resources):
    """Watches Gateways of GKE's own classes."""

    path = "/apis/gateway.networking.k8s.io/v1/gateways"
    collection = "/apis/gateway.networking.k8s.io/v1/namespaces/{}/gateways"
    kind = "gateway"
    finalizer = "gateway.finalizer.networking.gke.io"

    def balanced(self, item: Object) -> bool:
        return item["spec"]["gatewayClassName"].startswith("gke-l7-")

    def wanted(self, item: Object) -> LoadBalancer | None:
        shown = item.get("status", {}).get("addresses") or []
        if not shown:
            return None
        name: str = item["spec"]["gatewayClassName"]
        internal = "rilb" in name or "internal" in name
        is_global = any(word in name for word in ("-global-", "-gxlb", "cross-regional"))
        scheme = "INTERNAL_MANAGED" if internal else "EXTERNAL_MANAGED"
        ports = (listener["port"] for listener in item["spec"]["listeners"])
        return self._balancer(item, shown[0]["value"], ports, scheme, is_global)
