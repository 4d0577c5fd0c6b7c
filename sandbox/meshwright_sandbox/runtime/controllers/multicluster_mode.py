"""Plays the managed mesh's endpoint discovery between the clusters of one mesh.

https://cloud.google.com/service-mesh/docs/operate-and-maintain/multi-cluster#endpoint-discovery-declarative-api
A cluster whose ConfigMap asm-options says ``multicluster_mode: connected`` sends calls to every
other cluster of its mesh. Its istiod learns of them here as Istio's learn of them: by secrets.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from urllib3.exceptions import HTTPError

from meshwright_sandbox.runtime.api import Api, ApiError, Object

_NAMESPACE = "istio-system"
_SECRETS = f"/api/v1/namespaces/{_NAMESPACE}/secrets"
_MADE_BY = {"sandbox.meshwright.dev/made-by": "multicluster-mode"}
_SELECTOR = "sandbox.meshwright.dev%2Fmade-by=multicluster-mode"


@dataclass(frozen=True)
class MeshCluster:
    """A cluster with the managed mesh: its name there, and the ways to it.

    ``address`` is its API server's, in the sandbox's network and on this machine alike: who runs
    istioctl reads the same secrets as istiod. ``connect`` is the emulator's way.
    """

    id: str
    mesh: str
    name: str
    address: str
    ca_certificate: str
    token: str
    connect: Callable[[], Api]

    def kubeconfig(self) -> str:
        """How another cluster's istiod reaches it."""
        authority = b64encode(self.ca_certificate.encode()).decode()
        cluster = {"server": f"https://{self.address}", "certificate-authority-data": authority}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": self.name, "cluster": cluster}],
                "users": [{"name": self.name, "user": {"token": self.token}}],
                "contexts": [
                    {"name": self.name, "context": {"cluster": self.name, "user": self.name}}
                ],
                "current-context": self.name,
            }
        )


class EndpointDiscovery:
    """Which clusters are connected, and the secrets that follow from it.

    ``clusters`` answers every cluster that has the managed mesh.
    """

    def __init__(self, clusters: Callable[[], list[MeshCluster]]) -> None:
        self._clusters = clusters
        self._connected: set[str] = set()
        self._lock = threading.RLock()

    def connect(self, cluster: str, *, connected: bool) -> None:
        """What the cluster's ConfigMap says."""
        with self._lock:
            if connected != (cluster in self._connected):
                self._connected ^= {cluster}
                try:
                    self.sync(cluster)
                except BaseException:
                    self._connected ^= {cluster}  # it is looked at again
                    raise

    def sync(self, changed: str = "") -> None:
        """Bring every cluster up to date: one may have come or gone, or have ``changed``."""
        with self._lock:
            clusters = self._clusters()
            for looking in clusters:
                seen = [c for c in clusters if c.mesh == looking.mesh and c.id != looking.id]
                try:
                    self._write(looking, seen if looking.id in self._connected else [])
                except (ApiError, HTTPError) as error:
                    # One that is just being ended is brought up to date when it comes back.
                    if looking.id == changed and getattr(error, "status", 0) != 404:
                        raise

    @staticmethod
    def _write(looking: MeshCluster, others: list[MeshCluster]) -> None:
        wanted = {f"istio-remote-secret-{other.id}": other for other in others}
        api = looking.connect()
        try:
            present = api.get(f"{_SECRETS}?labelSelector={_SELECTOR}")["items"]
            for name in {item["metadata"]["name"] for item in present} - wanted.keys():
                api.delete(f"{_SECRETS}/{name}")
            for name, other in wanted.items():
                api.apply(f"{_SECRETS}/{name}", _secret(name, other))
        finally:
            api.close()


class MulticlusterMode:
    """Watches one cluster's ConfigMap asm-options."""

    path = "/api/v1/configmaps?fieldSelector=metadata.name%3Dasm-options"

    def __init__(self, cluster: str, discovery: EndpointDiscovery) -> None:
        self._cluster = cluster
        self._discovery = discovery

    def present(self, items: list[Object]) -> None:
        if not any(_is_options(item) for item in items):
            self._discovery.connect(self._cluster, connected=False)

    def reconcile(self, api: Api, item: Object) -> None:
        if _is_options(item):
            mode = (item.get("data") or {}).get("multicluster_mode")
            self._discovery.connect(self._cluster, connected=mode == "connected")


def _is_options(item: Object) -> bool:
    return item["metadata"]["namespace"] == _NAMESPACE


def _secret(name: str, other: MeshCluster) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": _NAMESPACE,
            "labels": {**_MADE_BY, "istio/multiCluster": "true"},
        },
        "data": {other.name: b64encode(other.kubeconfig().encode()).decode()},
    }
