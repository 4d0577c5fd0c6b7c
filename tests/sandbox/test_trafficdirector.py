"""What proxies of machines are told: in which order, and that Envoy itself takes all of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from envoy_data_plane.envoy.config.cluster.v3 import Cluster
from envoy_data_plane.envoy.config.listener.v3 import Listener
from envoy_data_plane.envoy.config.route.v3 import RouteConfiguration
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryRequest, DiscoveryResponse

from meshwright_sandbox.trafficdirector import configuration
from meshwright_sandbox.trafficdirector.configuration import (
    CLUSTERS,
    ENDPOINTS,
    LISTENERS,
    ROUTES,
    Proxy,
    Resources,
)
from meshwright_sandbox.trafficdirector.meshes import Backend, Endpoint, Mesh
from meshwright_sandbox.trafficdirector.session import Session
from meshwright_toolchain import bin_dir

V1, V2 = (f"projects/p/global/backendServices/{version}" for version in ("v1", "v2"))
TABLE = "outbound"


def resources(**kinds: dict[str, bytes]) -> Resources:
    """Of each type what is given under the type's short name, else nothing."""
    names = {"clusters": CLUSTERS, "endpoints": ENDPOINTS, "listeners": LISTENERS, "routes": ROUTES}
    return {kind: kinds.get(name, {}) for name, kind in names.items()}


def asked(
    session: Session, kind: str, *names: str, answer: DiscoveryResponse | None = None
) -> None:
    """The proxy asks for a type, and takes what it was sent of it before."""
    nonce = answer.nonce if answer else ""
    session.receive(
        DiscoveryRequest(type_url=kind, resource_names=list(names), response_nonce=nonce)
    )


def sent(session: Session, known: Resources) -> DiscoveryResponse:
    response = session.next(known)
    assert response is not None
    return response


def settled(known: Resources) -> Session:
    """A proxy that has taken all there is."""
    session = Session()
    for kind, names in ((CLUSTERS, ()), (ENDPOINTS, (V1,)), (LISTENERS, ()), (ROUTES, (TABLE,))):
        asked(session, kind, *names)
        asked(session, kind, *names, answer=sent(session, known))
    assert session.next(known) is None
    return session


def test_a_route_is_sent_once_its_clusters_endpoints_are_there() -> None:
    before = resources(clusters={V1: b"1"}, endpoints={V1: b"1"}, routes={TABLE: b"to v1"})
    session = settled(before)
    after = resources(
        clusters={V1: b"1", V2: b"2"}, endpoints={V1: b"1", V2: b"2"}, routes={TABLE: b"to v2"}
    )

    clusters = sent(session, after)
    assert clusters.type_url == CLUSTERS
    assert session.next(after) is None  # until the proxy has taken them
    asked(session, CLUSTERS, answer=clusters)
    assert session.next(after) is None  # until it has asked for the new one's endpoints
    asked(session, ENDPOINTS, V1, V2)
    endpoints = sent(session, after)
    assert (endpoints.type_url, len(endpoints.resources)) == (ENDPOINTS, 2)
    assert session.next(after) is None
    asked(session, ENDPOINTS, V1, V2, answer=endpoints)

    routes = sent(session, after)
    assert (routes.type_url, routes.resources[0].value) == (ROUTES, b"to v2")


def test_what_a_proxy_refuses_is_told_and_not_sent_again() -> None:
    session = settled(resources(routes={TABLE: b"good"}))
    bad = resources(routes={TABLE: b"bad"})
    refused = sent(session, bad)
    session.receive(
        DiscoveryRequest.from_dict(
            {
                "typeUrl": ROUTES,
                "resourceNames": [TABLE],
                "responseNonce": refused.nonce,
                "errorDetail": {"code": 13, "message": "no such cluster"},
            }
        )
    )

    assert session.problems == {ROUTES: "no such cluster"}
    assert session.next(bad) is None
    mended = sent(session, resources(routes={TABLE: b"mended"}))
    asked(session, ROUTES, TABLE, answer=mended)
    assert session.problems == {}


def test_an_answer_to_something_older_settles_nothing() -> None:
    session = Session()
    asked(session, CLUSTERS)
    first = sent(session, resources(clusters={V1: b"1"}))
    asked(session, CLUSTERS, answer=first)
    sent(session, resources(clusters={V1: b"2"}))
    asked(session, CLUSTERS, answer=first)
    assert session.next(resources(clusters={V1: b"3"})) is None


# One of everything that the API's HttpRoute and GrpcRoute have.
ACTIONS: list[dict[str, Any]] = [
    {
        "destinations": [
            {
                "serviceName": V1,
                "weight": 90,
                "requestHeaderModifier": {"set": {"x-a": "1"}, "remove": ["x-b"]},
            },
            {"serviceName": V2, "weight": 10, "responseHeaderModifier": {"add": {"x-c": "2"}}},
        ],
        "requestMirrorPolicy": {"destination": {"serviceName": V2}, "mirrorPercent": 12.5},
        "urlRewrite": {"pathPrefixRewrite": "/new", "hostRewrite": "other"},
        "timeout": "5s",
        "idleTimeout": "60s",
        "retryPolicy": {"retryConditions": ["5xx"], "numRetries": 2, "perTryTimeout": "1s"},
        "corsPolicy": {
            "allowOrigins": ["https://shop.example.com"],
            "allowOriginRegexes": [".*"],
            "allowMethods": ["GET"],
            "maxAge": "60",
            "allowCredentials": True,
        },
        "statefulSessionAffinity": {"cookieTtl": "0s"},
    },
    {"redirect": {"hostRedirect": "other", "httpsRedirect": True, "responseCode": "FOUND"}},
    {"redirect": {"pathRedirect": "/there", "portRedirect": 8443, "stripQuery": True}},
    {"directResponse": {"status": 451, "stringBody": "no"}},
    {
        "destinations": [{"serviceName": V1}],
        "faultInjectionPolicy": {
            "delay": {"fixedDelay": "1s", "percentage": 10},
            "abort": {"httpStatus": 503, "percentage": 5},
        },
        "timeout": "1s",
    },
    {"destinations": [{"serviceName": V1, "weight": 0}, {"serviceName": V2, "weight": 0}]},
]
HTTP_MATCHES: list[dict[str, Any]] = [
    {
        "prefixMatch": "/a",
        "ignoreCase": True,
        "headers": [
            {"header": "a", "exactMatch": "1"},
            {"header": "b", "prefixMatch": "1", "invertMatch": True},
            {"header": "c", "suffixMatch": "1"},
            {"header": "d", "regexMatch": "1+"},
            {"header": "e", "presentMatch": True},
            {"header": "f", "rangeMatch": {"start": 1, "end": 9}},
        ],
    },
    {"fullPathMatch": "/b", "queryParameters": [{"queryParameter": "q", "exactMatch": "1"}]},
    {
        "regexMatch": "/c.*",
        "queryParameters": [
            {"queryParameter": "q", "regexMatch": "1+"},
            {"queryParameter": "r", "presentMatch": True},
        ],
    },
]
GRPC_MATCHES: list[dict[str, Any]] = [
    {"method": {"grpcService": "shop.Ledger", "grpcMethod": "Book"}},
    {"method": {"grpcService": "shop.Ledger", "caseSensitive": False}},
    {"method": {"grpcMethod": "Book"}},
    {"method": {"type": "REGULAR_EXPRESSION", "grpcService": "shop.*"}},
    {
        "headers": [
            {"key": "a", "value": "1"},
            {"key": "b", "value": ".", "type": "REGULAR_EXPRESSION"},
        ]
    },
]
BACKEND = {
    "protocol": "GRPC",
    "timeoutSec": 7,
    "localityLbPolicy": "LEAST_REQUEST",
    "outlierDetection": {"consecutiveErrors": 3, "interval": {"seconds": "1", "nanos": 5}},
    "circuitBreakers": {"maxConnections": 10},
}


def whole_mesh() -> Mesh:
    """A Mesh in which every field is used."""
    rules = [{"matches": HTTP_MATCHES, "action": action} for action in ACTIONS]
    calls = {"matches": GRPC_MATCHES, "action": {"destinations": [{"serviceName": V1}]}}
    to_v1 = {"destinations": [{"serviceName": V1, "weight": 1}], "idleTimeout": "30s"}
    connections = [
        {"matches": [{"address": "10.9.0.0/16", "port": "5432"}], "action": to_v1},
        {
            "matches": [{"address": "10.8.0.1", "port": "25"}],
            "action": {"originalDestination": True},
        },
    ]
    endpoint = Endpoint("10.0.0.2", 8080, "europe-west1", "europe-west1-b")
    return Mesh(
        routes={
            "http": [{"name": "h", "hostnames": ["shop", "*.example.com"], "rules": rules}],
            "grpc": [{"name": "g", "hostnames": ["ledger:50051"], "rules": [calls]}],
            "tcp": [{"name": "t", "rules": connections}],
        },
        backends={V1: Backend(V1, BACKEND, (endpoint,)), V2: Backend(V2, {}, ())},
    )


def test_envoy_takes_whatever_a_mesh_can_say(tmp_path: Path) -> None:
    mesh = whole_mesh()
    shared = configuration.shared(mesh)
    own = configuration.own(mesh, Proxy(15001, (8080,), str(tmp_path / "access.log")))
    table = RouteConfiguration.parse(shared[ROUTES][TABLE]).to_dict()
    listeners = [Listener.parse(written).to_dict() for written in own[LISTENERS].values()]
    written = json.dumps(listeners)
    # Checked alone, Envoy has nobody to ask for the table.
    asking = {"configSource": {"ads": {}, "resourceApiVersion": "V3"}, "routeConfigName": TABLE}
    assert json.dumps(asking) in written
    listeners = json.loads(
        written.replace(f'"rds": {json.dumps(asking)}', f'"routeConfig": {json.dumps(table)}')
    )
    known = {**shared[CLUSTERS], **own[CLUSTERS]}
    clusters = [_static(Cluster.parse(cluster).to_dict()) for cluster in known.values()]
    first = tmp_path / "envoy.json"
    static = {"static_resources": {"listeners": listeners, "clusters": clusters}}
    first.write_text(json.dumps(static).replace("5Xx", "5xx"))  # the library misspells these

    command = [str(bin_dir() / "envoy"), "--mode", "validate", "--config-path", str(first)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr


def _static(cluster: dict[str, Any]) -> dict[str, Any]:
    """The cluster without endpoints of its own, for there is nobody to ask for them."""
    if cluster.get("type") != "EDS":
        return cluster
    cluster.pop("edsClusterConfig")
    return cluster | {"type": "STATIC", "loadAssignment": {"clusterName": cluster["name"]}}


def test_defaults_are_those_of_googles_api() -> None:
    """Where Envoy's own would be others."""
    mesh = whole_mesh()
    table = RouteConfiguration.parse(configuration.shared(mesh)[ROUTES][TABLE]).to_dict()
    (shop,) = [host for host in table["virtualHosts"] if host["name"] == "h"]
    by_action = shop["routes"][:: len(HTTP_MATCHES)]

    assert [r["route"].get("timeout") for r in by_action if "route" in r] == ["5s", None, "30s"]
    even = by_action[5]["route"]["weightedClusters"]["clusters"]
    assert [cluster["weight"] for cluster in even] == [1, 1]
    assert shop["domains"] == ["shop", "shop:*", "*.example.com"]
    v1 = Cluster.parse(configuration.shared(mesh)[CLUSTERS][V1])
    assert v1.outlier_detection.consecutive_5xx == 3
    assert v1.outlier_detection.enforcing_consecutive_5xx == 0
    assert v1.outlier_detection.max_ejection_percent == 50
    assert v1.circuit_breakers.thresholds[0].max_retries == 1
