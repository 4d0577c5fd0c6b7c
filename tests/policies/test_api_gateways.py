"""MESH-11 for the Gateway API: what listeners and their routes show to callers outside."""

import pytest
from pulumi.runtime.proto import analyzer_pb2 as proto

from meshwright_policies.mesh_gateways import gateway_hosts_and_tls as rule
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN
from tests.policies.analyzer import Pack, struct
from tests.policies.gateway_api import (
    API,
    FRONT,
    SERVICE,
    SHOP,
    api_gateway,
    api_route,
    listener,
    taking,
)
from tests.policies.mesh_resources import open_, planned, what, wrong

ALL = taking("All")
HTTP, HTTPS = listener("HTTP", "http", **ALL), listener(**ALL)
NAMED = {"hostnames": [SHOP]}


def redirect(scheme: object = "https") -> list[dict]:
    to = {"type": "RequestRedirect", "requestRedirect": {"scheme": scheme, "statusCode": 301}}
    return [{"filters": [to]}]


def at(section: str) -> dict:
    return FRONT | {"sectionName": section}


@pytest.mark.parametrize(
    "resources",
    [
        [api_gateway(HTTPS), api_route(FRONT, **NAMED)],
        [
            api_gateway(HTTP, HTTPS),
            api_route(at("https"), **NAMED),
            api_route(at("http"), rules=redirect()),
        ],
        [api_gateway(listener(hostname=SHOP, **ALL)), api_route(FRONT)],
        [
            api_gateway(listener("TLS", tls={"mode": "Passthrough"}, **ALL)),
            api_route(FRONT, kind="v1:TLSRoute", **NAMED),
        ],
        # No route of this stack answers there.
        [api_gateway(HTTP)],
        [api_gateway(HTTP), api_route(SERVICE)],
        [api_gateway(HTTP), api_route(FRONT | {"name": "back"})],
        [api_gateway(listener("HTTP", "http")), api_route(FRONT)],
        [api_gateway(HTTP), api_route(FRONT, rules=[])],
        # A waypoint's callers are in the mesh.
        [api_gateway(listener("HBONE", "mesh", **ALL), kind="istio-waypoint"), api_route(FRONT)],
    ],
)
def test_listeners_with_named_hosts_and_tls_hold(resources: list[Resource]) -> None:
    assert wrong(rule, *resources) == open_(rule, *resources) == []


PROTOCOL, HOSTNAME = "spec.listeners[0].protocol", "spec.listeners[0].hostname"


@pytest.mark.parametrize(
    ("resources", "where", "said"),
    [
        (
            [api_gateway(HTTP), api_route(FRONT, **NAMED)],
            PROTOCOL,
            "route answers there in plain text",
        ),
        ([api_gateway(HTTP), api_route(at("http"), **NAMED)], PROTOCOL, "plain text"),
        (
            [api_gateway(HTTP), api_route(FRONT, rules=redirect("http"), **NAMED)],
            PROTOCOL,
            "plain text",
        ),
        (
            [api_gateway(HTTP), api_route(FRONT, rules=redirect(None), **NAMED)],
            PROTOCOL,
            "plain text",
        ),
        (
            [api_gateway(HTTP), api_route(FRONT, rules=[*redirect(), {}], **NAMED)],
            PROTOCOL,
            "plain text",
        ),
        (
            [api_gateway(HTTP), api_route(FRONT, kind="v1:GRPCRoute", **NAMED)],
            PROTOCOL,
            "plain text",
        ),
        ([api_gateway(listener("TCP", "tcp"))], PROTOCOL, "is 'TCP', which is not encrypted"),
        (
            [api_gateway(HTTPS), api_route(FRONT)],
            HOSTNAME,
            "route names no hosts, so that every host is served",
        ),
        ([api_gateway(HTTPS), api_route(FRONT, hostnames=[])], HOSTNAME, "every host"),
        (
            [api_gateway(listener("TLS", **ALL)), api_route(FRONT, kind="v1:TLSRoute")],
            HOSTNAME,
            "every host",
        ),
    ],
)
def test_an_open_listener_is_found(resources: list[Resource], where: str, said: str) -> None:
    assert wrong(rule, *resources) == [("front", where)]
    assert open_(rule, *resources) == []
    assert said in what(rule, *resources)


@pytest.mark.parametrize(
    ("resources", "where"),
    [
        ([planned(f"{API}/v1:Gateway", "front")], "spec.listeners"),
        ([api_gateway(listener(protocol=UNKNOWN))], PROTOCOL),
        ([api_gateway(HTTP), api_route(FRONT, rules=UNKNOWN, **NAMED)], PROTOCOL),
        ([api_gateway(HTTP), api_route(FRONT, rules=redirect(UNKNOWN), **NAMED)], PROTOCOL),
        ([api_gateway(HTTP), api_route(at(UNKNOWN), **NAMED)], PROTOCOL),
        ([api_gateway(HTTPS), api_route(FRONT, hostnames=UNKNOWN)], HOSTNAME),
        ([api_gateway(HTTPS), api_route(parentRefs=UNKNOWN)], HOSTNAME),
        ([api_gateway(listener(hostname=UNKNOWN, **ALL)), api_route(FRONT)], HOSTNAME),
    ],
)
def test_a_listener_that_is_not_known_is_judged_later(
    resources: list[Resource], where: str
) -> None:
    assert wrong(rule, *resources) == []
    assert ("front", where) in open_(rule, *resources)


def test_the_engine_hears_the_rule_for_one_gateway_and_for_a_stack() -> None:
    istio = "kubernetes:networking.istio.io/v1:Gateway"
    open_host = {"spec": {"servers": [{"hosts": ["*"], "tls": {"mode": "SIMPLE"}}]}}
    stack = [
        proto.AnalyzerResource(
            type=item.type, name=item.name, urn=item.urn, properties=struct(item.properties)
        )
        for item in (api_gateway(HTTP), api_route(FRONT, **NAMED))
    ]

    at_once = Pack().analyze(istio, "front", open_host)
    at_the_end = [one for one in Pack().finish(*stack) if one.policyName == "MESH-11"]

    assert [one.policyName for one in at_once] == ["MESH-11"]
    assert [one.urn for one in at_the_end] == [api_gateway().urn]
