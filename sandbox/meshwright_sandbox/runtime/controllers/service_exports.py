"""Plays multi-cluster Services: what one cluster exports, every cluster of the fleet imports.

https://cloud.google.com/kubernetes-engine/docs/concepts/multi-cluster-services
The ServiceImport is what Gateways across clusters send to. It has no address of its own here: calls
between clusters of a mesh go by the mesh's own discovery.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from meshwright_sandbox.runtime.api import Api, ApiError, Object

_GROUP = "/apis/net.gke.io/v1"
_OWNED = {"sandbox.meshwright.dev/made-by": "multi-cluster-services"}
_SELECTOR = "sandbox.meshwright.dev%2Fmade-by=multi-cluster-services"
Key = tuple[str, str]
Clusters = Callable[[str], dict[str, Callable[[], Api]]]


class FleetServices:
    """What the clusters of each fleet export, and the ServiceImports that follow from it.

    ``clusters`` answers, for one cluster's id, every cluster of its fleet by its id; it is empty
    while the fleet has no multi-cluster Services.
    """

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters
        self._exports: dict[str, dict[Key, list[Object]]] = {}
        self._lock = threading.RLock()

    def export(self, cluster: str, key: Key, ports: list[Object]) -> None:
        """``cluster`` exports the Service ``key`` (namespace, name)."""
        with self._lock:
            self._exports.setdefault(cluster, {})[key] = ports
            self._spread(cluster)

    def keep_only(self, cluster: str, keys: set[Key]) -> None:
        """``cluster`` exports nothing but ``keys`` any more."""
        with self._lock:
            held = self._exports.setdefault(cluster, {})
            if held.keys() - keys:
                self._exports[cluster] = {key: held[key] for key in held.keys() & keys}
                self._spread(cluster)

    def arrive(self, cluster: str) -> None:
        """Bring one cluster's ServiceImports up to date, for instance in a new namespace."""
        with self._lock:
            fleet = self._clusters(cluster)
            if cluster in fleet:
                self._sync(fleet[cluster], set(fleet))

    def _spread(self, cluster: str) -> None:
        fleet = self._clusters(cluster)
        for connect in fleet.values():
            self._sync(connect, set(fleet))

    def _sync(self, connect: Callable[[], Api], fleet: set[str]) -> None:
        api = connect()
        try:
            wanted = self._wanted(fleet)
            for key in _present(api) - wanted.keys():
                with _absent_is_fine():
                    api.delete(_place(*key))
            for key, body in wanted.items():
                status = body.pop("status")
                # The namespace may be absent here: the Service then is not imported.
                with _absent_is_fine():
                    api.apply(_place(*key), body)
                    api.merge(f"{_place(*key)}/status", {"status": status})
        finally:
            api.close()

    def _wanted(self, fleet: set[str]) -> dict[Key, Object]:
        wanted: dict[Key, Object] = {}
        for cluster in sorted(fleet):
            for (namespace, name), ports in self._exports.get(cluster, {}).items():
                body = wanted.setdefault((namespace, name), _import(namespace, name, ports))
                body["status"]["clusters"].append({"cluster": cluster})
        return wanted


class ServiceExports:
    """Watches one cluster's ServiceExports."""

    path = f"{_GROUP}/serviceexports"

    def __init__(self, cluster: str, services: FleetServices) -> None:
        self._cluster = cluster
        self._services = services

    def present(self, items: list[Object]) -> None:
        self._services.keep_only(self._cluster, {_key(item) for item in items})

    def reconcile(self, api: Api, item: Object) -> None:
        namespace, name = _key(item)
        try:
            service = api.get(f"/api/v1/namespaces/{namespace}/services/{name}")
        except ApiError as error:
            if error.status != 404:
                raise
            self._report(api, item, "False", "ServiceNotFound", f"no Service is named {name}")
            return
        self._services.export(self._cluster, (namespace, name), _ports(service))
        self._report(api, item, "True", "Exported", "")

    def _report(self, api: Api, item: Object, status: str, reason: str, message: str) -> None:
        shown = item.get("status", {}).get("conditions", [])
        if any((c["status"], c["reason"]) == (status, reason) for c in shown):
            return
        condition = {
            "type": "Exported",
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        namespace, name = _key(item)
        place = f"{_GROUP}/namespaces/{namespace}/serviceexports/{name}/status"
        api.merge(place, {"status": {"conditions": [condition]}})


class ImportingNamespaces:
    """Watches one cluster's namespaces: what the fleet exports is imported where one comes."""

    path = "/api/v1/namespaces"

    def __init__(self, cluster: str, services: FleetServices) -> None:
        self._cluster = cluster
        self._services = services
        self._seen: set[str] = set()

    def present(self, items: list[Object]) -> None:
        self._seen &= {item["metadata"]["uid"] for item in items}

    def reconcile(self, api: Api, item: Object) -> None:
        uid = item["metadata"]["uid"]
        if uid not in self._seen:
            self._services.arrive(self._cluster)
            self._seen.add(uid)


def _import(namespace: str, name: str, ports: list[Object]) -> dict[str, Any]:
    return {
        "apiVersion": "net.gke.io/v1",
        "kind": "ServiceImport",
        "metadata": {"name": name, "namespace": namespace, "labels": _OWNED},
        "spec": {"type": "ClusterSetIP", "ports": ports},
        "status": {"clusters": []},
    }


def _ports(service: Object) -> list[Object]:
    kept = ("name", "protocol", "port", "appProtocol")
    return [{k: port[k] for k in kept if k in port} for port in service["spec"].get("ports", [])]


def _present(api: Api) -> set[Key]:
    try:
        listing = api.get(f"{_GROUP}/serviceimports?labelSelector={_SELECTOR}")
    except ApiError as error:
        if error.status != 404:
            raise
        return set()
    return {_key(item) for item in listing["items"]}


def _place(namespace: str, name: str) -> str:
    return f"{_GROUP}/namespaces/{namespace}/serviceimports/{name}"


def _key(item: Object) -> Key:
    return item["metadata"]["namespace"], item["metadata"]["name"]


@contextmanager
def _absent_is_fine() -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        if error.status not in (404, 409):
            raise
