"""Gives Services of type LoadBalancer their address.

https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer
"""

from __future__ import annotations

import threading

from meshwright_sandbox.runtime.api import Api, Object
from meshwright_sandbox.runtime.records import ClusterRecord

_FIRST, _LAST = 1, 254


class AddressPool:
    """Loopback addresses of one cluster for what Google would give external addresses.

    Whoever has an address keeps it; who asks again gets the same one.
    """

    def __init__(self, record: ClusterRecord) -> None:
        self._prefix = f"127.{192 + record.slot % 60}.{record.ports.api_server % 251}"
        self._owners: dict[str, str] = {}
        self._lock = threading.Lock()

    def take(self, owner: str, wish: str = "") -> str:
        """The address of ``owner`` (an object's uid); ``wish`` is the one it already shows."""
        with self._lock:
            if owner in self._owners:
                return self._owners[owner]
            taken = set(self._owners.values())
            free = (f"{self._prefix}.{n}" for n in range(_FIRST, _LAST + 1))
            address = wish or next(a for a in free if a not in taken)
            self._owners[owner] = address
            return address

    def keep_only(self, owners: set[str], kind: str) -> None:
        """Give back the addresses of owners of ``kind`` that are gone."""
        with self._lock:
            gone = [o for o in self._owners if o.startswith(f"{kind}/") and o not in owners]
            for owner in gone:
                del self._owners[owner]


class LoadBalancers:
    """Watches Services."""

    path = "/api/v1/services"

    def __init__(self, addresses: AddressPool) -> None:
        self._addresses = addresses

    def present(self, items: list[Object]) -> None:
        self._addresses.keep_only({_owner(o) for o in items}, "service")

    def reconcile(self, api: Api, item: Object) -> None:
        shown = item.get("status", {}).get("loadBalancer", {}).get("ingress") or []
        metadata = item["metadata"]
        place = f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}/status"
        if not _balanced(item):
            if shown:
                api.merge(place, {"status": {"loadBalancer": {"ingress": None}}})
            return
        wish = item["spec"].get("loadBalancerIP", "") or (shown[0].get("ip", "") if shown else "")
        address = self._addresses.take(_owner(item), wish)
        if [entry.get("ip") for entry in shown] != [address]:
            ingress = [{"ip": address, "ipMode": "VIP"}]
            api.merge(place, {"status": {"loadBalancer": {"ingress": ingress}}})


def _owner(item: Object) -> str:
    return f"service/{item['metadata']['uid']}"


def _balanced(item: Object) -> bool:
    return item["spec"].get("type") == "LoadBalancer"
