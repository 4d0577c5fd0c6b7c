"""What a proxy listens to: calls that leave its machine, and those that come in."""

from __future__ import annotations

from typing import Any

from meshwright_sandbox.trafficdirector import clusters, routes
from meshwright_sandbox.trafficdirector.meshes import Mesh

Json = dict[str, Any]
INBOUND_PORT = 15006
# What Envoy's HTTP inspector finds in the first bytes of a connection.
_HTTP = ["http/1.0", "http/1.1", "h2c"]
_FILTERS = "type.googleapis.com/envoy.extensions.filters"
_CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
_LISTENER_FILTERS = [
    {
        "name": f"envoy.filters.listener.{name}",
        "typedConfig": {"@type": f"{_FILTERS}.listener.{name}.v3.{kind}"},
    }
    for name, kind in (("original_dst", "OriginalDst"), ("http_inspector", "HttpInspector"))
]
_LOGGED = {
    "start_time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "authority": "%REQ(:AUTHORITY)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER%",
    "user_agent": "%REQ(USER-AGENT)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
}


def outbound(mesh: Mesh, port: int, access_log: str) -> Json:
    """Calls by the table of routes, connections by TcpRoutes, everything else as it was dialled."""
    log = _access_log(access_log)
    table: Json = {
        "rds": {
            "configSource": {"ads": {}, "resourceApiVersion": "V3"},
            "routeConfigName": routes.OUTBOUND,
        }
    }
    chains = [
        _tcp_chain(f"{route['name']}/{number}", rule, log)
        for route in mesh.routes["tcp"]
        for number, rule in enumerate(route["rules"])
    ]
    http = {
        "name": "http",
        "filterChainMatch": {"applicationProtocols": _HTTP},
        "filters": [_connections("outbound", table, log)],
    }
    return _listener("outbound", port) | {
        "filterChains": [*chains, http],
        "defaultFilterChain": {
            "name": "other",
            "filters": [_tcp("passthrough", {"cluster": clusters.PASSTHROUGH}, log)],
        },
    }


def inbound(ports: tuple[int, ...], access_log: str) -> Json:
    """What was sent to the workload's own ports."""
    log = _access_log(access_log)
    chains: list[Json] = []
    for port in ports:
        at_port: Json = {"destinationPort": port}
        http = _connections("inbound", {"routeConfig": _to_workload(port)}, log)
        tcp = _tcp("inbound", {"cluster": clusters.inbound_name(port)}, log)
        is_http = at_port | {"applicationProtocols": _HTTP}
        chains += [
            {"name": f"http-{port}", "filterChainMatch": is_http, "filters": [http]},
            {"name": f"tcp-{port}", "filterChainMatch": at_port, "filters": [tcp]},
        ]
    return _listener("inbound", INBOUND_PORT) | {"filterChains": chains}


def _listener(name: str, port: int) -> Json:
    return {
        "name": name,
        "address": {"socketAddress": {"address": "0.0.0.0", "portValue": port}},
        "listenerFilters": _LISTENER_FILTERS,
        # A server that speaks first sends nothing to be inspected.
        "listenerFiltersTimeout": "1s",
        "continueOnListenerFiltersTimeout": True,
    }


def _connections(name: str, table: Json, log: list[Json]) -> Json:
    filters = (
        ("cors", "cors.v3.Cors"),
        ("fault", "fault.v3.HTTPFault"),
        ("stateful_session", "stateful_session.v3.StatefulSession"),
        ("router", "router.v3.Router"),
    )
    config = {
        "@type": f"{_FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "statPrefix": name,
        **table,
        "httpFilters": [
            {
                "name": f"envoy.filters.http.{filter_}",
                "typedConfig": {"@type": f"{_FILTERS}.http.{kind}"},
            }
            for filter_, kind in filters
        ],
        "upgradeConfigs": [{"upgradeType": "websocket"}],
        "useRemoteAddress": name == "inbound",
        "accessLog": log,
    }
    return {"name": _CONNECTION_MANAGER, "typedConfig": config}


def _to_workload(port: int) -> Json:
    """Calls of gRPC need HTTP/2 all the way."""
    http, grpc = (clusters.inbound_name(port, grpc=grpc) for grpc in (False, True))
    everything: Json = {"prefix": "/"}
    table = [
        {"match": everything | {"grpc": {}}, "route": {"cluster": grpc, "timeout": "0s"}},
        {"match": everything, "route": {"cluster": http, "timeout": "0s"}},
    ]
    host = {"name": "workload", "domains": ["*"], "routes": table}
    return {"name": f"inbound-{port}", "virtualHosts": [host]}


def _tcp_chain(name: str, rule: Json, log: list[Json]) -> Json:
    matches = rule.get("matches", [])
    action = rule["action"]
    destination: Json = {"cluster": clusters.PASSTHROUGH}
    if not action.get("originalDestination"):
        shares = [
            {"name": d["serviceName"], "weight": d.get("weight", 1)}
            for d in routes.with_share(action["destinations"])
        ]
        destination = {"weightedClusters": {"clusters": shares}}
    if "idleTimeout" in action:
        destination["idleTimeout"] = action["idleTimeout"]
    return {
        "name": name,
        "filterChainMatch": _addresses(matches),
        "filters": [_tcp("outbound", destination, log)],
    }


def _addresses(matches: list[Json]) -> Json:
    made: Json = {}
    ranges = [match["address"].partition("/") for match in matches]
    if ranges:
        made["prefixRanges"] = [
            {"addressPrefix": address, "prefixLen": int(length or 32)}
            for address, _, length in ranges
        ]
        made["destinationPort"] = int(matches[0]["port"])
    return made


def _tcp(name: str, destination: Json, log: list[Json]) -> Json:
    kind = f"{_FILTERS}.network.tcp_proxy.v3.TcpProxy"
    config = {"@type": kind, "statPrefix": name, **destination, "accessLog": log}
    return {"name": "envoy.filters.network.tcp_proxy", "typedConfig": config}


def _access_log(path: str) -> list[Json]:
    if not path:
        return []
    kind = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
    written = {"@type": kind, "path": path, "logFormat": {"jsonFormat": _LOGGED}}
    return [{"name": "envoy.access_loggers.file", "typedConfig": written}]
