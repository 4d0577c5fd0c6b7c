"""Backend services as Envoy's clusters, and their endpoints.

https://cloud.google.com/compute/docs/reference/rest/v1/backendServices
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from meshwright_sandbox.trafficdirector.meshes import Backend, Endpoint

Json = dict[str, Any]
# Set on what a proxy sends, so that the machine's own rules do not lead it back to the proxy.
MARK = 0x4D57
PASSTHROUGH = "passthrough"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_ADS: Json = {"ads": {}, "resourceApiVersion": "V3"}
_SOL_SOCKET, _SO_MARK = 1, 36
_UNMARKED: Json = {
    "socketOptions": [{"level": str(_SOL_SOCKET), "name": str(_SO_MARK), "intValue": str(MARK)}]
}
_POLICIES = {
    "ROUND_ROBIN": "ROUND_ROBIN",
    "LEAST_REQUEST": "LEAST_REQUEST",
    "RANDOM": "RANDOM",
    "RING_HASH": "RING_HASH",
    "MAGLEV": "MAGLEV",
}
# The API's words for outlier detection where Envoy has others; the rest are the same.
_OUTLIER_FIELDS = {
    "consecutiveErrors": "consecutive_5xx",
    "enforcingConsecutiveErrors": "enforcing_consecutive_5xx",
}
# What holds of a policy that says nothing of them; Envoy's own defaults are others.
_OUTLIER_DEFAULTS: Json = {
    "consecutiveErrors": 5,
    "enforcingConsecutiveErrors": 0,
    "consecutiveGatewayFailure": 3,
    "enforcingConsecutiveGatewayFailure": 100,
    "maxEjectionPercent": 50,
}
_NO_LIMIT = 2**32 - 1
_BREAKERS: Json = {
    "maxConnections": _NO_LIMIT,
    "maxPendingRequests": _NO_LIMIT,
    "maxRequests": _NO_LIMIT,
    "maxRetries": 1,
}


def cluster(backend: Backend) -> Json:
    """The backend service as a cluster; its endpoints come by themselves."""
    document = backend.document
    made: Json = {
        "name": backend.name,
        "type": "EDS",
        "edsClusterConfig": {"edsConfig": _ADS},
        "connectTimeout": "10s",
        "lbPolicy": _POLICIES.get(document.get("localityLbPolicy", ""), "ROUND_ROBIN"),
        "upstreamBindConfig": _UNMARKED,
    }
    if document.get("protocol") in ("HTTP2", "GRPC", "H2C"):
        made["typedExtensionProtocolOptions"] = _explicit("http2ProtocolOptions")
    if document.get("outlierDetection"):
        made["outlierDetection"] = _outlier_detection(document["outlierDetection"])
    if breakers := document.get("circuitBreakers"):
        limits = {name: breakers.get(name, default) for name, default in _BREAKERS.items()}
        made["circuitBreakers"] = {"thresholds": [limits]}
    return made


def load_assignment(backend: Backend, region: str = "") -> Json:
    """The endpoints of a backend service, by their zones, for a proxy of ``region``.

    Those of its own region come first, and others are called while there are none: the default
    `WATERFALL_BY_REGION` (https://cloud.google.com/service-mesh/docs/service-routing/advanced-load-balancing-overview).
    How near other regions are is not known here: they are all as near.
    """
    places: dict[tuple[str, str], list[Endpoint]] = defaultdict(list)
    for endpoint in backend.endpoints:
        places[endpoint.region, endpoint.zone].append(endpoint)
    has_near = any(place == region for place, _ in places)
    return {
        "clusterName": backend.name,
        "endpoints": [
            {
                "locality": {"region": place, "zone": zone},
                "priority": int(has_near and place != region),
                "loadBalancingWeight": len(endpoints),
                "lbEndpoints": [{"endpoint": _address(e.address, e.port)} for e in endpoints],
            }
            for (place, zone), endpoints in sorted(places.items())
        ],
    }


def passthrough() -> Json:
    """Whatever address the caller dialled."""
    return {
        "name": PASSTHROUGH,
        "type": "ORIGINAL_DST",
        "lbPolicy": "CLUSTER_PROVIDED",
        "connectTimeout": "10s",
        "upstreamBindConfig": _UNMARKED,
    }


def inbound_name(port: int, *, grpc: bool = False) -> str:
    return f"inbound|{port}|{'grpc' if grpc else 'http'}"


def inbound(port: int, *, grpc: bool) -> Json:
    """The workload beside the proxy."""
    name = inbound_name(port, grpc=grpc)
    endpoint = {"endpoint": _address("127.0.0.1", port)}
    made: Json = {
        "name": name,
        "type": "STATIC",
        "connectTimeout": "10s",
        "loadAssignment": {"clusterName": name, "endpoints": [{"lbEndpoints": [endpoint]}]},
    }
    if grpc:
        made["typedExtensionProtocolOptions"] = _explicit("http2ProtocolOptions")
    return made


def _address(address: str, port: int) -> Json:
    return {"address": {"socketAddress": {"address": address, "portValue": port}}}


def _explicit(protocol: str) -> Json:
    options = {
        "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
        "explicitHttpConfig": {protocol: {}},
    }
    return {_HTTP_OPTIONS: options}


def _outlier_detection(given: Json) -> Json:
    whole = _OUTLIER_DEFAULTS | given
    made = {_OUTLIER_FIELDS.get(name, name): value for name, value in whole.items()}
    for name in ("interval", "baseEjectionTime"):
        if name in made:
            made[name] = duration(made[name])
    return made


def duration(given: Json | str) -> str:
    """A Duration as JSON has it; compute's API writes an object of seconds and nanos."""
    if isinstance(given, str):
        return given
    return f"{int(given.get('seconds', 0)) + int(given.get('nanos', 0)) / 1e9:.9f}s"
