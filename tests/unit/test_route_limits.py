"""What a rendering cannot express is refused by name; the rest is rendered. Nothing is dropped."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshwright import ArgumentError, TrafficRoute, TrafficRouteArgs
from meshwright.traffic import unsupported
from tests.unit.routes import ABORT, BASES, COOKIE, PARTS, PROTOCOLS, arguments, made, part_of_route

_NARROW = {"version": "v2", "headers": {"x-a": "1"}}
_NARROW_TOO = {"version": "v2", "headers": {"x-b": "1"}, "cookie": COOKIE}
_MATCHES = st.lists(
    st.fixed_dictionaries(
        {
            "version": st.sampled_from(["v1", "v2"]),
            "headers": st.dictionaries(
                st.sampled_from(["x-a", "X-b", "x-c"]), st.sampled_from("12"), min_size=1
            ),
        }
    ),
    max_size=4,
)


def _inputs(args: TrafficRouteArgs) -> list[Any]:
    return [(item.type, item.name, item.inputs) for item in made(args).registrations]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(("rendering", "protocol"), list(itertools.product(BASES, PROTOCOLS)))
def test_no_argument_is_dropped_in_silence(rendering, protocol, part):
    """It is refused, or what is made differs from what is made without it."""
    before, after = (part_of_route(rendering, protocol, given) for given in PARTS[part])
    if unsupported(after):
        with pytest.raises(ArgumentError, match=r"cannot express it|has no place for it"):
            TrafficRoute("checkout", after)
        return

    assert _inputs(after) != _inputs(before)


def test_every_optional_argument_is_tried():
    """A new argument needs its line above."""
    tried = {key for _, after in PARTS.values() for key in after} | {
        "weights",
        "rendering",
        "protocol",
    }

    assert TrafficRouteArgs.__optional_keys__ - tried == set()


@pytest.mark.parametrize(
    ("rendering", "change", "path"),
    [
        ("gateway-api", {"retry": {"attempts": 1}}, "retry"),
        ("gateway-api", {"fault": ABORT}, "fault"),
        ("gateway-api", {"sticky": {"cookie": "shop"}}, "sticky.to"),
        ("gateway-api", {"sticky": {"header": "x-user"}}, "sticky.header"),
        ("gateway-api", {"protocol": "tcp"}, "protocol"),
        ("gateway-api", {"protocol": "grpc", "timeout": "1s"}, "timeout"),
        ("networkservices", {"sticky": {"header": "x-user"}}, "sticky"),
        ("networkservices", {"mirror": {"version": "v2", "percent": 5}}, "mirror.percent"),
        ("networkservices", {"protocol": "grpc", "mirror": {"version": "v2"}}, "mirror"),
        ("networkservices", {"retry": {"attempts": 0}}, "retry.attempts"),
        ("networkservices", {"retry": {"attempts": 1, "retry_on": "503"}}, "retry.retry_on"),
        ("networkservices", {"fault": ABORT, "timeout": "1s"}, "timeout"),
        ("networkservices", {"gateways": ["gw/public"]}, "gateways"),
        ("networkservices", {"port": 80}, "port"),
        ("istio", {"meshes": ["m"]}, "meshes"),
        ("istio", {"hosts": ["a.example.com", "*.example.com"]}, "hosts"),
        ("gateway-api", {"hosts": [f"h{index}.test" for index in range(17)]}, "hosts"),
        ("gateway-api", {"weights": {f"v{index}": 0 for index in range(17)}}, "weights"),
        (
            "gateway-api",
            {"matches": [{"version": "v2", "headers": {f"x-{index}": "1" for index in range(17)}}]},
            "matches[0].headers",
        ),
        (
            "gateway-api",
            {"matches": [{"version": "v2", "headers": {"x": str(index)}} for index in range(16)]},
            "matches",
        ),
        (
            "gateway-api",
            {
                "sticky": {"to": "version", "cookie": "shop"},
                "weights": {f"v{index}": 6 for index in range(16)},
            },
            "sticky.to",
        ),
        ("gateway-api", {"matches": [_NARROW, {**_NARROW_TOO, "version": "v1"}]}, "matches[1]"),
        ("istio", {"versions": [{"name": "v1", "service": "a"}]}, "versions[0].service"),
    ],
)
def test_a_limit_names_the_argument_and_the_rendering(rendering, change, path):
    """So that whoever reads it knows which of the two to change."""
    text = dict(unsupported(arguments(rendering, **change)))[path]

    assert f"rendering '{rendering}' cannot express it" in text


@given(_MATCHES)
def test_matches_in_an_order_that_the_gateway_api_keeps_mean_the_same_there(matches):
    """It tries rules with more headers first; what that would change is refused, and only that."""
    ordered = sorted(matches, key=lambda match: -len(match["headers"]))
    refused = unsupported(arguments("gateway-api", matches=matches))
    calls = [
        dict(zip(("x-a", "x-b", "x-c"), values, strict=True))
        for values in itertools.product(("1", "2", None), repeat=3)
    ]
    differs = any(_end(matches, call) != _end(ordered, call) for call in calls)

    assert refused or not differs
    assert unsupported(arguments("gateway-api", matches=ordered)) == []
    assert unsupported(arguments("istio", matches=matches)) == []


def _end(matches: list[Any], call: dict[str, str | None]) -> str:
    """Where the first match that fits sends a call."""
    for match in matches:
        if all(call[name.lower()] == value for name, value in match["headers"].items()):
            return match["version"]
    return "the rest"


@pytest.mark.parametrize(
    "later",
    [
        {"version": "v2", "headers": {"x-a": "1", "x-b": "1"}},
        {"version": "v1", "headers": {"X-A": "2", "x-b": "1"}},
    ],
)
def test_matches_whose_order_does_not_count_are_taken(later):
    """They end at the same version, or no call fits both."""
    assert unsupported(arguments("gateway-api", matches=[_NARROW, later])) == []


@pytest.mark.parametrize("rendering", BASES)
def test_a_canary_is_within_every_limit(rendering):
    """The pure function says so too, since specs are checked by it."""
    assert unsupported(arguments(rendering)) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"protocol": "grpc", "sticky": {"cookie": "shop"}}, "sticky.cookie"),
        (
            {"protocol": "grpc", "matches": [{"version": "v1", "cookie": COOKIE}]},
            "matches[0].cookie",
        ),
        ({"protocol": "tcp", "timeout": "1s"}, "timeout"),
        ({"protocol": "tcp", "hosts": ["a.example.com"]}, "hosts"),
    ],
)
def test_a_limit_of_the_protocol_names_it(change, path):
    """Whatever the rendering."""
    text = dict(unsupported(arguments("istio", **change)))[path]

    assert f"protocol '{change['protocol']}' has no place for it" in text
