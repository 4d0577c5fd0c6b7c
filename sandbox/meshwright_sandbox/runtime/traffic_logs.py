"""Traffic logs: what the mesh's provider `stackdriver` reports of each call.

Google's own Envoy writes them to Cloud Logging by itself. The sandbox's Envoy writes the same as a
line of JSON, under the log's name, and the sandbox's logging agent makes the entry of it. Like
Google's, they say who called, by the certificate, which Istio's text format of access logs does
not (https://cloud.google.com/service-mesh/docs/observability/access-logs#interpret_traffic_logs).
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
PROVIDER = "stackdriver"
# The log's name, and the key by which the agent knows such a line.
LOG = "server-accesslog-stackdriver"
CLIENT_LOG = "client-accesslog-stackdriver"


def mesh_config(mesh_id: str) -> Json:
    """The settings of a mesh whose proxies write traffic logs, unless a Telemetry says otherwise;
    Google's managed mesh has them on by default.
    """
    line = {LOG: {"time": "%START_TIME%", "httpRequest": _REQUEST, "labels": _labels(mesh_id)}}
    provider = {
        "name": PROVIDER,
        "envoyFileAccessLog": {"path": "/dev/stdout", "logFormat": {"labels": line}},
    }
    return {
        "extensionProviders": [provider],
        "defaultProviders": {"accessLogging": [PROVIDER]},
    }


_REQUEST = {
    "requestMethod": "%REQ(:METHOD)%",
    "requestUrl": "%REQ(:SCHEME)%://%REQ(:AUTHORITY)%%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "requestSize": "%BYTES_RECEIVED%",
    "responseSize": "%BYTES_SENT%",
    "status": "%RESPONSE_CODE%",
    "userAgent": "%REQ(USER-AGENT)%",
    "remoteIp": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "serverIp": "%UPSTREAM_HOST%",
    "protocol": "%PROTOCOL%",
    # In milliseconds: the agent makes seconds of it.
    "latency": "%DURATION%",
}


def _labels(mesh_id: str) -> Json:
    return {
        "source_principal": "%DOWNSTREAM_PEER_URI_SAN%",
        "destination_principal": "%DOWNSTREAM_LOCAL_URI_SAN%",
        "requested_server_name": "%REQUESTED_SERVER_NAME%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "response_flag": "%RESPONSE_FLAGS%",
        "response_details": "%RESPONSE_CODE_DETAILS%",
        "route_name": "%ROUTE_NAME%",
        "upstream_cluster": "%UPSTREAM_CLUSTER%",
        "mesh_uid": mesh_id,
    }
