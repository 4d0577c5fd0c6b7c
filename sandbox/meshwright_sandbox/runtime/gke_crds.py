"""Kinds that GKE brings into clusters beside the Gateway API: Google's policies, and the fleet's.

Stand-ins, written here: Google publishes no file of these definitions. Fields and values follow
https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources and
https://cloud.google.com/kubernetes-engine/docs/how-to/multi-cluster-services; fields that are not
listed are refused, as GKE's own definitions refuse them.
"""

from __future__ import annotations

import json
from typing import Any

from meshwright_sandbox.runtime import managed_prometheus
from meshwright_sandbox.runtime.interface import ClusterRequest

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_OPEN: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _object(*required: str, **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    return schema | ({"required": list(required)} if required else {})


def _number(low: int, high: int) -> Schema:
    return {"type": "integer", "format": "int64", "minimum": low, "maximum": high}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def _target(*kinds: str) -> Schema:
    return _object(
        "group", "kind", "name",
        group=_one_of("", "net.gke.io", "gateway.networking.k8s.io"),
        kind=_one_of(*kinds), name={**_TEXT, "minLength": 1}, namespace=_TEXT,
    )  # fmt: skip


def _check(**more: Schema) -> Schema:
    return _object(
        port=_number(1, 65535),
        portName=_TEXT,
        portSpecification=_one_of("USE_FIXED_PORT", "USE_NAMED_PORT", "USE_SERVING_PORT"),
        proxyHeader=_one_of("NONE", "PROXY_V1"),
        **more,
    )


_HTTP_CHECK = _check(host=_TEXT, requestPath={**_TEXT, "pattern": "^/"}, response=_TEXT)
_HEALTH = _object(
    checkIntervalSec=_number(1, 300),
    timeoutSec=_number(1, 300),
    healthyThreshold=_number(1, 10),
    unhealthyThreshold=_number(1, 10),
    logConfig=_object(enabled=_FLAG),
    config=_object(
        "type",
        type=_one_of("TCP", "HTTP", "HTTPS", "HTTP2", "GRPC"),
        httpHealthCheck=_HTTP_CHECK,
        httpsHealthCheck=_HTTP_CHECK,
        http2HealthCheck=_HTTP_CHECK,
        tcpHealthCheck=_check(request=_TEXT, response=_TEXT),
        grpcHealthCheck=_check(grpcServiceName=_TEXT),
    ),
)
_BACKEND = _object(
    connectionDraining=_object(drainingTimeoutSec=_number(0, 3600)),
    iap=_object(
        enabled=_FLAG,
        clientID=_TEXT,
        oauth2ClientSecret=_object("name", name={**_TEXT, "minLength": 1}),
    ),
    logging=_object(enabled=_FLAG, sampleRate=_number(0, 1000000)),
    maxRatePerEndpoint=_number(1, 1000000),
    securityPolicy=_TEXT,
    sessionAffinity=_object(
        type=_one_of("CLIENT_IP", "CLIENT_IP_PORT_PROTO", "GENERATED_COOKIE", "HEADER_FIELD"),
        cookieTtlSec=_number(0, 1209600),
    ),
    timeoutSec=_number(1, 2147483647),
)
_GATEWAY = _object(allowGlobalAccess=_FLAG, sslPolicy=_TEXT, region=_TEXT)
_PORTS: Schema = {
    "type": "array",
    "items": _object("port", name=_TEXT, protocol=_TEXT, appProtocol=_TEXT, port=_number(1, 65535)),
}
_IMPORT = _object(
    "type",
    type=_one_of("ClusterSetIP", "Headless"),
    ports=_PORTS,
    ips={"type": "array", "items": _TEXT},
    sessionAffinity=_TEXT,
)


def _definition(group: str, kind: str, plural: str, spec: Schema | None) -> dict[str, Any]:
    properties = {"status": _OPEN} | ({"spec": spec} if spec else {})
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": _object(**properties)},
    }
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _policy(kind: str, plural: str, default: Schema, *targets: str) -> dict[str, Any]:
    spec = _object("targetRef", default=default, targetRef=_target(*targets))
    return _definition("networking.gke.io", kind, plural, spec)


POLICIES = (
    _policy("GCPBackendPolicy", "gcpbackendpolicies", _BACKEND, "Service", "ServiceImport"),
    _policy("HealthCheckPolicy", "healthcheckpolicies", _HEALTH, "Service", "ServiceImport"),
    _policy("GCPGatewayPolicy", "gcpgatewaypolicies", _GATEWAY, "Gateway"),
)
FLEET_SERVICES = (
    _definition("net.gke.io", "ServiceExport", "serviceexports", None),
    _definition("net.gke.io", "ServiceImport", "serviceimports", _IMPORT),
)


def kinds_of(request: ClusterRequest) -> tuple[dict[str, Any], ...]:
    """What a cluster has from its first day."""
    return managed_prometheus.KINDS + (POLICIES if request.gateway_api else ())


def manifests(definitions: tuple[dict[str, Any], ...]) -> str:
    """The definitions as YAML."""
    return "\n---\n".join(map(json.dumps, definitions))
