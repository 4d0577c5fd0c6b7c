"""Where calls from outside of the mesh come in: the pods behind each Istio Gateway of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshwright_sandbox.runtime.api import Api, ApiError, Object
from meshwright_sandbox.runtime.pod_status import has_ended, is_ready

_GATEWAYS = "/apis/networking.istio.io/v1/gateways"
_TLS = ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL")


def doors(cluster: str, api: Api) -> list[dict[str, Any]]:
    """One entry a server of a Gateway that answers calls itself, those by TLS first.

    A server that only redirects is left out, and so are Google's load balancers, which the sandbox
    has on paper.
    """
    try:
        found = api.get(_GATEWAYS)["items"]
    except ApiError as error:
        if error.status == 404:  # a cluster without a mesh
            return []
        raise
    servers = [door for gateway in found for door in _doors(cluster, api, gateway)]
    return sorted(servers, key=lambda door: (not door["tls"], door["gateway"], door["port"]))


def _doors(cluster: str, api: Api, gateway: Object) -> Iterator[dict[str, Any]]:
    metadata, spec = gateway["metadata"], gateway["spec"]
    selector = spec.get("selector") or {}
    pods = _selected(api, metadata["namespace"], selector)
    for server in spec.get("servers", []):
        tls = server.get("tls") or {}
        hosts = [host.rpartition("/")[2] for host in server.get("hosts", [])]
        if tls.get("httpsRedirect") or server["port"]["protocol"] not in ("HTTP", "HTTPS", "HTTP2"):
            continue
        yield {
            "cluster": cluster,
            "gateway": f"{metadata['namespace']}/{metadata['name']}",
            "hosts": hosts,
            "tls": tls.get("mode", "SIMPLE") in _TLS if tls else False,
            "port": server["port"]["number"],
            "inner_port": _inner_port(api, metadata["namespace"], pods, server["port"]["number"]),
            "addresses": sorted(pod["status"]["podIP"] for pod in pods if is_ready(pod)),
        }


def _selected(api: Api, namespace: str, selector: Mapping[str, str]) -> list[Object]:
    query = "%2C".join(f"{key}%3D{value}" for key, value in selector.items())
    path = f"/api/v1/namespaces/{namespace}/pods?labelSelector={query.replace('/', '%2F')}"
    return [pod for pod in api.get(path)["items"] if not has_ended(pod)]


def _inner_port(api: Api, namespace: str, pods: list[Object], port: int) -> int:
    """Where the pods listen for a server's port: what their Service says."""
    for service in api.get(f"/api/v1/namespaces/{namespace}/services")["items"]:
        selector = (service["spec"].get("selector") or {}).items()
        if not selector or not all(selector <= _labels(pod).items() for pod in pods):
            continue
        for entry in service["spec"]["ports"]:
            target = entry.get("targetPort", port)
            if entry["port"] == port and isinstance(target, int):
                return target
    return port


def _labels(pod: Object) -> dict[str, str]:
    return pod["metadata"].get("labels", {})
