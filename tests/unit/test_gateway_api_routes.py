"""TrafficRoute on the Gateway API: what its CRDs of the standard channel take."""

from functools import cache
from typing import Any

import jsonschema
import pulumi
import pytest
from ruamel.yaml import YAML

from meshwright._durations import as_gateway_duration
from meshwright_toolchain.cache import module_dir
from tests.unit.recording import Recorder
from tests.unit.routes import arguments, made

_CRDS = "config/crd/standard/gateway.networking.k8s.io_{}s.yaml"


@cache
def _schema(kind: str) -> dict[str, Any]:
    """The schema of a kind's spec, where any other field is an error."""
    file = module_dir("gateway-api") / _CRDS.format(kind.lower())
    crd = YAML(typ="safe").load(file)
    (version,) = [item for item in crd["spec"]["versions"] if item["name"] == "v1"]
    return _closed(version["schema"]["openAPIV3Schema"]["properties"]["spec"])


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        result["additionalProperties"] = False
    return result


def _route(recorder: Recorder, kind: str = "HTTPRoute") -> dict[str, Any]:
    """The spec of the route, as the CRD takes it."""
    registered = recorder.one(kind)
    assert registered.type == f"kubernetes:gateway.networking.k8s.io/v1:{kind}"
    spec = registered.inputs["spec"]
    jsonschema.validate(spec, _schema(kind))
    return spec


def _backend(version: str) -> dict[str, object]:
    return {"group": "", "kind": "Service", "name": f"checkout-{version}", "port": 80}


def test_a_canary_is_shares_of_services():
    """The Service itself is the parent, for callers in the mesh."""
    spec = _route(made(arguments("gateway-api")))

    (parent,) = spec["parentRefs"]
    assert parent == {"group": "", "kind": "Service", "name": "checkout", "port": 80}
    (rule,) = spec["rules"]
    assert rule["backendRefs"] == [
        {**_backend("v1"), "weight": 90},
        {**_backend("v2"), "weight": 10},
    ]


def test_a_service_is_made_for_each_version_that_names_none():
    """It selects the service's pods of the version, and stands though there are none."""
    versions = [{"name": "v1", "service": "old"}, {"name": "v2", "labels": {"track": "canary"}}]
    args = arguments(
        "gateway-api",
        versions=versions,
        selector={"app": "checkout"},
        target_port=8080,
        revision="asm-managed",
    )

    recorder = made(args)

    service = recorder.one("Service").inputs
    assert service["metadata"]["name"] == "checkout-v2"
    assert service["metadata"]["annotations"] == {
        "meshwright/mesh-revision": "asm-managed",
        "pulumi.com/skipAwait": "true",
    }
    assert service["spec"] == {
        "selector": {"app": "checkout", "track": "canary"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
    }
    names = [backend["name"] for backend in _route(recorder)["rules"][0]["backendRefs"]]
    assert names == ["old", "checkout-v2"]


def test_gateways_serve_the_public_hosts():
    """Beside the callers in the mesh."""
    gateways = ["gw/public", pulumi.Output.from_input("own")]
    args = arguments("gateway-api", hosts=["shop.example.com"], gateways=gateways)

    spec = _route(made(args))

    assert spec["hostnames"] == ["shop.example.com"]
    shared = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
    assert spec["parentRefs"][1:] == [
        {**shared, "namespace": "gw", "name": "public"},
        {**shared, "name": "own"},
    ]


def test_matches_mirrors_and_time_outs_are_rendered():
    """All that the standard channel has."""
    matches = [
        {"version": "v2", "headers": {"x-group": "b"}},
        {"version": "v2", "cookie": {"name": "group", "value": "b"}},
    ]
    mirror = {"version": "v2", "percent": 5}

    spec = _route(made(arguments("gateway-api", matches=matches, mirror=mirror, timeout="1m0.5s")))

    by_header, by_cookie, rest = spec["rules"]
    assert by_header["matches"][0]["headers"] == [
        {"type": "Exact", "name": "x-group", "value": "b"}
    ]
    assert by_cookie["matches"][0]["headers"][0]["type"] == "RegularExpression"
    assert "matches" not in rest
    for rule in spec["rules"]:
        mirrored = {"backendRef": _backend("v2"), "percent": 5}
        assert rule["filters"] == [{"type": "RequestMirror", "requestMirror": mirrored}]
        assert rule["timeouts"] == {"request": "1m500ms"}


def test_a_time_out_that_turns_out_to_be_none_ends_the_update():
    """It would be read as 0, which is none at all."""

    @pulumi.runtime.test
    def program():
        return as_gateway_duration(pulumi.Output.from_input("soon"))

    with pytest.raises(pulumi.RunError, match="'soon', which is not a duration such as `2s`"):
        program()


def test_callers_stay_with_their_version():
    """Each backend's answers tell the version in a cookie."""
    sticky = {"to": "version", "cookie": "shop"}

    *kept, drawn = _route(made(arguments("gateway-api", sticky=sticky)))["rules"]

    assert [rule["backendRefs"][0]["name"] for rule in kept] == ["checkout-v1", "checkout-v2"]
    for version, backend in zip(("v1", "v2"), drawn["backendRefs"], strict=True):
        (added,) = backend["filters"][0]["responseHeaderModifier"]["add"]
        assert added["name"] == "set-cookie"
        assert added["value"].startswith(f"shop={version}; ")
        assert "Max-Age=86400" in added["value"]


def test_grpc_is_a_grpc_route():
    """With matches and mirror, without what gRPC has no word for."""
    matches = [{"version": "v2", "headers": {"x-group": "b"}}]

    spec = _route(
        made(arguments("gateway-api", protocol="grpc", matches=matches, mirror={"version": "v2"})),
        "GRPCRoute",
    )

    assert [rule["filters"][0]["requestMirror"]["percent"] for rule in spec["rules"]] == [100, 100]


@pytest.mark.parametrize("weight", [-1, 1_000_001])
def test_the_schema_that_is_checked_against_can_refuse(weight):
    """The weight's bounds stand in the CRD."""
    spec = _route(made(arguments("gateway-api")))
    spec["rules"][0]["backendRefs"][0]["weight"] = weight

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spec, _schema("HTTPRoute"))
