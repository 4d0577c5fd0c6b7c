"""A machine's Envoy: what it is started with, as the agent on a machine writes it.

https://cloud.google.com/service-mesh/legacy/load-balancing-apis/per-proxy-config
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from meshwright_sandbox.trafficdirector.workloads import Workload

Json = dict[str, Any]
ADMIN_PORT = 15000
ACCESS_LOG = "access.log"
_CONTROL_PLANE = "trafficdirector"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def node_id(workload: Workload) -> str:
    """The last part of what the proxy calls itself, the same each time."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, workload.name))


def bootstrap(workload: Workload, folder: Path, socket: Path) -> Json:
    """Envoy's first configuration, to be read in ``folder``; all else comes from ``socket``."""
    mesh = workload.mesh.rpartition("/")[2]
    node = f"projects/{workload.project_number}/networks/mesh:{mesh}/nodes/{node_id(workload)}"
    return {
        "node": {
            "id": node,
            "cluster": "cluster",
            "locality": {"region": workload.region, "zone": workload.zone},
            "metadata": _metadata(workload, folder),
        },
        "dynamic_resources": {
            "lds_config": {"ads": {}, "resource_api_version": "V3"},
            "cds_config": {"ads": {}, "resource_api_version": "V3"},
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": _CONTROL_PLANE}}],
            },
        },
        "static_resources": {"clusters": [_control_plane(os.path.relpath(socket, folder))]},
        "admin": {
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": ADMIN_PORT}}
        },
    }


def _metadata(workload: Workload, folder: Path) -> dict[str, str]:
    ports = ",".join(str(port) for port in workload.serving_ports)
    return workload.labels | {
        "TRAFFICDIRECTOR_GCP_PROJECT_NUMBER": workload.project_number,
        "TRAFFICDIRECTOR_INTERCEPTION_PORT": str(workload.proxy_port),
        "TRAFFICDIRECTOR_INBOUND_BACKEND_PORTS": ports,
        "TRAFFICDIRECTOR_ACCESS_LOG_PATH": str(folder / ACCESS_LOG),
    }


def _control_plane(socket: str) -> Json:
    endpoint = {"endpoint": {"address": {"pipe": {"path": socket}}}}
    http2 = {
        "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    return {
        "name": _CONTROL_PLANE,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {_HTTP_OPTIONS: http2},
        "load_assignment": {
            "cluster_name": _CONTROL_PLANE,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }
