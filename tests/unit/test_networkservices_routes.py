"""TrafficRoute as a route of Google's service routing API."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import googleapiclient
import pulumi

from tests.unit.recording import Recorder
from tests.unit.routes import MESH, arguments, made

_DOCUMENT = (
    Path(googleapiclient.__file__).parent / "discovery_cache/documents/networkservices.v1.json"
)
_V1, _V2 = (f"projects/p/global/backendServices/{version}" for version in ("v1", "v2"))


@cache
def _schemas() -> dict[str, Any]:
    return json.loads(_DOCUMENT.read_text(encoding="utf-8"))["schemas"]


def _known(value: Any, schema: dict[str, Any], path: str = "") -> None:
    """Fail on a field that the API's schema does not have."""
    schema = _schemas()[schema["$ref"]] if "$ref" in schema else schema
    if isinstance(value, list):
        for item in value:
            _known(item, schema["items"], path)
    elif isinstance(value, dict) and "properties" in schema:
        for key, item in value.items():
            assert key in schema["properties"], f"{path}.{key}"
            _known(item, schema["properties"][key], f"{path}.{key}")
    elif isinstance(value, str) and "enum" in schema:
        assert value in schema["enum"], path


def _rules(recorder: Recorder, kind: str = "HttpRoute") -> list[dict[str, Any]]:
    """The rules of the route, as the API knows them."""
    rules = recorder.one(kind).inputs["rules"]
    _known(rules, {"items": {"$ref": f"{kind}RouteRule"}})
    return rules


def test_a_canary_is_shares_of_backend_services():
    """In the project and the meshes that are named, under the service's own name."""
    recorder = made(arguments("networkservices", route="canary"))

    route = recorder.one("HttpRoute").inputs
    assert (route["name"], route["project"], route["meshes"]) == ("canary", "p", [MESH])
    assert route["hostnames"] == ["checkout"]
    assert _rules(recorder) == [
        {
            "action": {
                "destinations": [
                    {"serviceName": _V1, "weight": 90},
                    {"serviceName": _V2, "weight": 10},
                ]
            }
        }
    ]


def test_a_version_without_a_share_is_left_out():
    """The official provider drops a weight of 0, and the API would then share out evenly."""
    for nothing in (0, pulumi.Output.from_input(0)):
        args = arguments("networkservices", weights={"v1": 100, "v2": nothing})

        (rule,) = _rules(made(args))

        assert rule["action"]["destinations"] == [{"serviceName": _V1, "weight": 100}]


def test_everything_that_an_http_route_has_is_rendered():
    """Hosts, matches, mirror, time-out and retries."""
    args = arguments(
        "networkservices",
        hosts=["checkout.shop.internal"],
        matches=[
            {"version": "v2", "headers": {"x-group": "b"}},
            {"version": "v2", "cookie": {"name": "group", "value": "b"}},
        ],
        mirror={"version": "v2"},
        timeout="1m30s",
        retry={"attempts": 2, "per_try_timeout": "500ms"},
    )

    recorder = made(args)

    assert recorder.one("HttpRoute").inputs["hostnames"] == ["checkout.shop.internal"]
    by_header, by_cookie, rest = _rules(recorder)
    assert by_header["matches"] == [
        {"prefixMatch": "/", "headers": [{"header": "x-group", "exactMatch": "b"}]}
    ]
    assert by_cookie["matches"][0]["headers"][0]["header"] == "cookie"
    assert "group=b" in by_cookie["matches"][0]["headers"][0]["regexMatch"]
    assert "matches" not in rest
    for rule in (by_header, by_cookie, rest):
        action = rule["action"]
        assert action["requestMirrorPolicy"] == {"destination": {"serviceName": _V2}}
        assert action["timeout"] == "90s"
        assert action["retryPolicy"] == {
            "numRetries": 2,
            "retryConditions": ["connect-failure", "refused-stream"],
            "perTryTimeout": "0.5s",
        }


def test_faults_are_rendered():
    """For HTTP and gRPC alike."""
    fault = {
        "delay": {"fixed_delay": "1.5s", "percent": 10},
        "abort": {"http_status": 503, "percent": 5},
    }

    for protocol, kind in (("http", "HttpRoute"), ("grpc", "GrpcRoute")):
        recorder = made(arguments("networkservices", protocol=protocol, fault=fault))

        (rule,) = _rules(recorder, kind)

        assert rule["action"]["faultInjectionPolicy"] == {
            "delay": {"fixedDelay": "1.5s", "percentage": 10},
            "abort": {"httpStatus": 503, "percentage": 5},
        }


def test_grpc_is_a_grpc_route():
    """Its clients' target holds the port; retries are by gRPC's codes."""
    args = arguments(
        "networkservices",
        protocol="grpc",
        port=50051,
        matches=[{"version": "v2", "headers": {"x-group": "b"}}],
        timeout="10s",
        retry={"attempts": 2},
    )

    recorder = made(args)

    assert recorder.one("GrpcRoute").inputs["hostnames"] == ["checkout:50051"]
    matched, rest = _rules(recorder, "GrpcRoute")
    assert matched["matches"] == [{"headers": [{"key": "x-group", "value": "b", "type": "EXACT"}]}]
    assert "unavailable" in rest["action"]["retryPolicy"]["retryConditions"]
    assert rest["action"]["timeout"] == "10s"


def test_tcp_is_a_tcp_route():
    """By address and port, since a connection carries no name."""
    base = {"protocol": "tcp", "port": 5432}

    (anywhere,) = _rules(made(arguments("networkservices", **base)), "TcpRoute")
    narrow = arguments("networkservices", **base, addresses=["10.0.0.1/32", "10.0.0.2/32"])
    (somewhere,) = _rules(made(narrow), "TcpRoute")

    assert anywhere["matches"] == [{"address": "0.0.0.0/0", "port": "5432"}]
    assert [match["address"] for match in somewhere["matches"]] == ["10.0.0.1/32", "10.0.0.2/32"]
    assert [share["weight"] for share in anywhere["action"]["destinations"]] == [90, 10]
